"""The images in a folder that has one folder for each class, and what is left out of it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mltrain.data.image_files import is_picture
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
        parts = [f"{len(paths):,} {why} ({self._listed(paths)})" for why, paths in reasons.items() if paths]
        return [f"left out of {self.folder}: {'; '.join(parts)}"] if parts else []

    def _listed(self, paths: Sequence[Path]) -> str:
        names = [str(path.relative_to(self.folder)) for path in sorted(paths)]
        return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")


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
        names = f" ({', '.join(found.classes)})" if found.classes else ""
        raise DataError(f"{folder}: expected a folder of images for each class, found {len(found.classes)}{names}")
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
