from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.find_files import find_file
from mltrain.data.image_files import ENDINGS, read_picture
from mltrain.data.preprocessing import pixels
from mltrain.errors import DataError, OptionError


class Images(DatasetSpec):
    """A folder of images: one folder for each class, named after it, with PNG or JPEG files.

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

    def known_row_spec(self, folder: Path) -> RowSpec:
        shape = (self.height, self.width, 3) if self.colour else (self.height, self.width)
        return RowSpec(shape, classes=tuple(_classes(find_file(self.path, folder))))

    def read(self, seed: int, folder: Path) -> RawData:
        row_spec = self.known_row_spec(folder)
        rows = self._read(find_file(self.path, folder), row_spec)
        test = self._read(find_file(self.test_path, folder), row_spec) if self.test_path else None
        return RawArrays(row_spec, rows, test, pixels(scale=self.scale))

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        test = str(find_file(self.test_path, folder).resolve()) if self.test_path else None
        return replace(self, path=str(find_file(self.path, folder).resolve()), test_path=test)

    def without_paths(self) -> DatasetSpec:
        return replace(self, path=Path(self.path).name, test_path=self.test_path and Path(self.test_path).name)

    def _read(self, folder: Path, row_spec: RowSpec) -> Split:
        classes = row_spec.classes or ()
        unknown = [name for name in _classes(folder) if name not in classes]
        if unknown:
            raise DataError(f"{folder}: holds the class '{unknown[0]}', which there is none of to learn from")
        found = [(file, number) for number, name in enumerate(classes) for file in _files(folder / name)]
        x = np.empty((len(found), *row_spec.input_shape), np.uint8)
        for index, (file, _) in enumerate(found):
            x[index] = read_picture(file, self.height, self.width, colour=self.colour)
        return Split(x, np.array([number for _, number in found], np.int32))


def _classes(folder: Path) -> list[str]:
    """The folders that hold images, in alphabetical order."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and _files(entry))
    if len(names) < 2:
        raise DataError(f"{folder}: expected a folder of images for each class, found {len(names)}")
    return names


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in ENDINGS)
