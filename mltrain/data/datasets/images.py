from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.find_files import find_file
from mltrain.data.image_files import read_picture
from mltrain.data.image_folders import MOST_NAMED, ImageFolder, scan_images
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

    path_options: ClassVar[tuple[str, ...]] = ("path", "test_path")

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
        return self._row_spec(scan_images(find_file(self.path, folder), fewest=2))

    def read(self, seed: int, folder: Path) -> RawData:
        found = scan_images(find_file(self.path, folder), fewest=2)
        row_spec = self._row_spec(found)
        rows, test, notes = self._read(found, row_spec), None, found.notes()
        if self.test_path:
            of_test = scan_images(find_file(self.test_path, folder), fewest=1)
            test, notes = self._read(of_test, row_spec), notes + of_test.notes()
        return RawArrays(row_spec, rows, test, pixels(scale=self.scale), notes)

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        test = str(find_file(self.test_path, folder).resolve()) if self.test_path else None
        return replace(self, path=str(find_file(self.path, folder).resolve()), test_path=test)

    def without_paths(self) -> DatasetSpec:
        return replace(self, path=Path(self.path).name, test_path=self.test_path and Path(self.test_path).name)

    def _row_spec(self, found: ImageFolder) -> RowSpec:
        shape = (self.height, self.width, 3) if self.colour else (self.height, self.width)
        return RowSpec(shape, classes=tuple(found.classes))

    def _read(self, found: ImageFolder, row_spec: RowSpec) -> Split:
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
            more = [f"and {len(damaged) - MOST_NAMED:,} more images"] if len(damaged) > MOST_NAMED else []
            raise DataError("\n".join(damaged[:MOST_NAMED] + more))
        return Split(x, np.array([number for _, number in files], np.int32))
