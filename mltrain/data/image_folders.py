"""The images in a folder that has one folder for each class, what is left out of it, and what does not go together."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.image_files import Picture, is_picture
from mltrain.errors import DataError

MOST_NAMED = 5
"""Files that a message names; it counts the others."""

_OF_SYSTEMS = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
"""Folders that systems and archives make, and that hold copies or previews of images."""


@dataclass
class ImageFolder:
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
        parts = [f"{len(paths):,} {why} ({self.listed(paths)})" for why, paths in reasons.items() if paths]
        return [f"left out of {self.folder}: {'; '.join(parts)}"] if parts else []

    def listed(self, paths: Sequence[Path]) -> str:
        """The first few of the paths, in words."""
        names = [str(path.relative_to(self.folder)) for path in sorted(paths)]
        return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")


class LoadedImages(NamedTuple):
    """The images of a folder as bytes ``x``, their classes ``y``, and those of its files that have no colours."""

    x: npt.NDArray[np.uint8]
    y: npt.NDArray[np.int32]
    found: ImageFolder
    grey: list[Path]

    def notes(self, *, colour: bool) -> list[str]:
        """What was left out, or became grey, in a sentence each."""
        said = self.found.notes()
        if self._is_mixed and not colour:
            in_colour = len(self.x) - len(self.grey)
            said.append(f"{self.found.folder}: {in_colour:,} of {len(self.x):,} images are in colour; all become grey")
        return said

    def mixture(self) -> str | None:
        """What is wrong with keeping the colours, where some of the images have none."""
        if not self._is_mixed:
            return None
        names = self.found.listed(self.grey)
        return (
            f"{self.found.folder}: {len(self.grey):,} of {len(self.x):,} images are grey ({names}), and the network "
            "could tell them from the others by that alone; save them in colour, or leave 'colour' out, and all become "
            "grey"
        )

    @property
    def _is_mixed(self) -> bool:
        return 0 < len(self.grey) < len(self.x)


def load_images(
    found: ImageFolder, names: Sequence[str], shape: Sequence[int], read: Callable[[Path], Picture]
) -> LoadedImages:
    """Read all images, ``(rows, *shape)``; ``names`` are the classes. Raises `DataError`, with all damaged ones."""
    numbers = {name: number for number, name in enumerate(names)}
    unknown = [name for name in found.classes if name not in numbers]
    if unknown:
        raise DataError(f"{found.folder}: holds the class '{unknown[0]}', which there is none of to learn from")
    files = [(file, numbers[name]) for name, files in found.classes.items() for file in files]
    x, damaged, grey = np.empty((len(files), *shape), np.uint8), list[str](), list[Path]()
    for index, (file, _) in enumerate(files):
        try:
            x[index], is_grey = read(file)
        except DataError as error:
            damaged.append(str(error))
            continue
        if is_grey:
            grey.append(file)
    if damaged:
        more = [f"and {len(damaged) - MOST_NAMED:,} more images"] if len(damaged) > MOST_NAMED else []
        raise DataError("\n".join(damaged[:MOST_NAMED] + more))
    return LoadedImages(x, np.array([number for _, number in files], np.int32), found, grey)


def scan_images(folder: Path, *, fewest: int) -> ImageFolder:
    """The images of each class, of at least ``fewest`` classes. Raises `DataError`, for a class without images, too."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder")
    found = ImageFolder(folder)
    for entry in sorted(folder.iterdir()):
        if _is_hidden(entry.name):
            found.hidden.append(entry)
        elif entry.is_dir():
            found.classes[entry.name] = _images(entry, found)
        else:
            (found.loose if is_picture(entry) else found.others).append(entry)
    if len(found.classes) < fewest:
        names = f" ({', '.join(found.classes)}), but one class is nothing to tell apart" if found.classes else ""
        loose = f"; {len(found.loose):,} images are in none" if found.loose else ""
        count = f"found {len(found.classes)}{names}{loose}"
        raise DataError(f"{folder}: expected a folder of images for each class, {count}")
    for name, images in found.classes.items():
        if not images:
            raise DataError(f"{folder / name}: {_no_images(folder / name, found)}")
    _refuse_parts(found)
    return found


def _images(folder: Path, found: ImageFolder) -> list[Path]:
    """The images in a folder and in those below it."""
    images = list[Path]()
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


def _no_images(folder: Path, found: ImageFolder) -> str:
    others = [path.name for path in found.others if folder in path.parents]
    holds = f"but {', '.join(sorted(others)[:MOST_NAMED])}" if others else "nor anything else"
    return f"the folder of a class holds no image that Pillow reads, {holds}; convert its images, or move it away"


def _refuse_parts(found: ImageFolder) -> None:
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
