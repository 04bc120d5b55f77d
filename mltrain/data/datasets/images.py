import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import Dataset, DatasetSpec, RowSpec, Split
from mltrain.data.find_files import find_file
from mltrain.data.image_files import is_picture, read_picture
from mltrain.data.preprocessing import pixels
from mltrain.errors import DataError, OptionError


class Images(DatasetSpec):
    """A folder of images: one folder for each class, named after it; images may be in folders of their own below it.

    All formats that Pillow decodes are read: PNG, JPEG, BMP, GIF, TIFF, WebP and others; of several images in a file,
    the first. Photographs are turned upright as their EXIF data says. Hidden files and folders are left out.
    Images become bytes ``(rows, height, width)``, or ``(rows, height, width, 3)`` in colour, all of one size. Needs
    Pillow: ``pip install 'mltrain[images]'``.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"path": "photos", "height": 32, "width": 32},)

    path: Annotated[str, Meta(description="the folder, seen from the config's folder or from the working folder")]
    height: Annotated[int, Meta(ge=1, description="rows of pixels to which every image is scaled")]
    width: Annotated[int, Meta(ge=1, description="pixels of a row to which every image is scaled")]
    colour: Annotated[bool, Meta(description="keep red, green and blue, instead of one shade of grey")] = False
    test_path: Annotated[str | None, Meta(description="a folder like it, of images for evaluate")] = None
    scale: Annotated[bool, Meta(description="give the network pixels from 0 to 1, not from 0 to 255")] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_split and self.test_path:
            raise OptionError(("test_path",), "test_split draws these images already; keep one of the two")

    def row_spec(self, folder: Path) -> RowSpec:
        return self._facts(_scan(find_file(self.path, folder), fewest=2))

    def load(self, seed: int, folder: Path) -> Dataset:
        found = _scan(find_file(self.path, folder), fewest=2)
        row_spec = self._facts(found)
        rows, test, notes = self._read(found, row_spec), None, found.notes()
        if self.test_path:
            of_test = _scan(find_file(self.test_path, folder), fewest=1)
            test, notes = self._read(of_test, row_spec), notes + of_test.notes()
        return self.parts(rows, row_spec, seed, test, pixels(scale=self.scale), notes)

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        test = str(find_file(self.test_path, folder).resolve()) if self.test_path else None
        return replace(self, path=str(find_file(self.path, folder).resolve()), test_path=test)

    def without_paths(self) -> DatasetSpec:
        return replace(self, path=Path(self.path).name, test_path=self.test_path and Path(self.test_path).name)

    def _facts(self, found: "_Found") -> RowSpec:
        shape = (self.height, self.width, 3) if self.colour else (self.height, self.width)
        return RowSpec(shape, classes=tuple(found.classes))

    def _read(self, found: "_Found", row_spec: RowSpec) -> Split:
        numbers = {name: number for number, name in enumerate(row_spec.classes or ())}
        unknown = [name for name in found.classes if name not in numbers]
        if unknown:
            raise DataError(f"{found.folder}: holds the class '{unknown[0]}', which there is none of to learn from")
        files = [(file, numbers[name]) for name, files in found.classes.items() for file in files]
        x, damaged = np.empty((len(files), *row_spec.input_shape), np.uint8), list[str]()
        for index, (file, _) in enumerate(files):
            try:
                x[index] = read_picture(file, self.height, self.width, colour=self.colour)
            except DataError as error:
                damaged.append(str(error))
        if damaged:
            more = [f"and {len(damaged) - _MOST_NAMED:,} more images"] if len(damaged) > _MOST_NAMED else []
            raise DataError("\n".join(damaged[:_MOST_NAMED] + more))
        return Split(x, np.array([number for _, number in files], np.int32))


_MOST_NAMED = 5
"""Files that a message names; it counts the others."""

_OF_SYSTEMS = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
"""Folders that systems and archives make, and that hold copies or previews of images."""


@dataclass
class _Found:
    """What there is in a folder of images. ``classes``: the images of each class, both in alphabetical order.

    What is left out is listed by the reason, as paths below the folder.
    """

    folder: Path
    classes: dict[str, list[Path]] = field(default_factory=dict)
    hidden: list[Path] = field(default_factory=list)
    loose: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)

    def notes(self) -> list[str]:
        """One sentence about what was left out, if anything was."""
        reasons = {
            "hidden": self.hidden,
            "outside of the classes' folders": self.loose,
            "links to folders": self.links,
            "not images by their names": self.others,
        }
        parts = [f"{len(paths):,} {why} ({self._listed(paths)})" for why, paths in reasons.items() if paths]
        return [f"left out of {self.folder}: {'; '.join(parts)}"] if parts else []

    def _listed(self, paths: Sequence[Path]) -> str:
        names = [str(path.relative_to(self.folder)) for path in sorted(paths)]
        return ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")


def _scan(folder: Path, *, fewest: int) -> _Found:
    """The images of each class, of at least ``fewest`` classes. Raises `DataError`, for a class without images, too."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder")
    found = _Found(folder)
    for entry in sorted(folder.iterdir()):
        if _is_hidden(entry.name):
            found.hidden.append(entry)
        elif entry.is_dir():
            found.classes[entry.name] = _images(entry, found)
        else:
            (found.loose if is_picture(entry) else found.others).append(entry)
    if len(found.classes) < fewest:
        names = f" ({', '.join(found.classes)})" if found.classes else ""
        raise DataError(f"{folder}: expected a folder of images for each class, found {len(found.classes)}{names}")
    for name, images in found.classes.items():
        if not images:
            raise DataError(f"{folder / name}: {_no_images(folder / name, found)}")
    _refuse_parts(found)
    return found


def _images(folder: Path, found: _Found) -> list[Path]:
    """The images in a folder and in those below it."""
    images = []
    for path, folders, files in os.walk(folder):
        here = Path(path)
        found.hidden += [here / name for name in (*folders, *files) if _is_hidden(name)]
        found.links += [here / name for name in folders if not _is_hidden(name) and (here / name).is_symlink()]
        folders[:] = [name for name in folders if not _is_hidden(name)]
        for name in files:
            if not _is_hidden(name):
                (images if is_picture(name) else found.others).append(here / name)
    return sorted(images)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _OF_SYSTEMS


def _no_images(folder: Path, found: _Found) -> str:
    others = [path.name for path in found.others if folder in path.parents]
    holds = f"but {', '.join(sorted(others)[:_MOST_NAMED])}" if others else "nor anything else"
    return f"the folder of a class holds no image that Pillow reads, {holds}; convert its images, or move it away"


def _refuse_parts(found: _Found) -> None:
    """Folders called train and test that each hold the same classes are no classes."""
    below = []
    for name, images in found.classes.items():
        inner = {image.relative_to(found.folder / name).parts[0] for image in images if image.parent.name != name}
        below.append(inner if all(image.parent != found.folder / name for image in images) else set())
    same = set.intersection(*below) if len(below) > 1 else set()
    if len(same) > 1:
        names, both = ", ".join(found.classes), ", ".join(sorted(same))
        raise DataError(
            f"{found.folder}: its folders ({names}) hold the same folders ({both}), so they are parts, not classes; "
            f"set path to one of them, and test_path to another"
        )
