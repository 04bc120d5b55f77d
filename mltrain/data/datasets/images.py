from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import DatasetSpec, ImageForm, RawArrays, RawData, RowSpec, Split
from mltrain.data.find_files import find_file
from mltrain.data.image_files import Fit, Picture, read_picture
from mltrain.data.image_folders import ImageFolder, LoadedImages, load_images, scan_images
from mltrain.data.preprocessing import pixels
from mltrain.errors import DataError, DataProblem, OptionError

FEWEST_CLASSES = 2


class Images(DatasetSpec):
    """A folder of images: one folder for each class, named after it; images may be in folders of their own below it.

    All formats that Pillow decodes are read: PNG, JPEG, BMP, GIF, TIFF, WebP and others; of several images in a file,
    the first. Photographs are turned upright as their EXIF data says. Hidden files and folders are left out.
    Images become bytes ``(rows, height, width)``, or ``(rows, height, width, 3)`` in colour. Images of any size are
    scaled to one; where the ratio of their sides differs, they are stretched, unless an option says otherwise. Needs
    Pillow: ``pip install 'mltrain[images]'``.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"path": "photos", "height": 32, "width": 32},)

    path_options: ClassVar[tuple[str, ...]] = ("path", "test_path")

    path: Annotated[str, Meta(description="the folder, seen from the config's folder or from the working folder")]
    height: Annotated[int, Meta(ge=1, description="rows of pixels to which every image is scaled")]
    width: Annotated[int, Meta(ge=1, description="pixels of a row to which every image is scaled")]
    colour: Annotated[bool, Meta(description="keep red, green and blue, instead of one shade of grey")] = False
    crop_to_aspect_ratio: Annotated[
        bool, Meta(description="cut the ends off an image that is too wide or too high, in place of stretching it")
    ] = False
    pad_to_aspect_ratio: Annotated[
        bool, Meta(description="add black bands to an image that is too narrow or too low, in place of stretching it")
    ] = False
    test_path: Annotated[str | None, Meta(description="a folder like it, of images for evaluate")] = None
    scale: Annotated[bool, Meta(description="give the network pixels from 0 to 1, not from 0 to 255")] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_split and self.test_path:
            raise OptionError(("test_path",), "test_split draws these images already; keep one of the two")
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise OptionError(("pad_to_aspect_ratio",), "crop_to_aspect_ratio cuts off; keep one of the two")

    def find_missing(self, folder: Path) -> list[DataProblem]:
        missing = super().find_missing(folder)
        for option, path, fewest in (("path", self.path, FEWEST_CLASSES), ("test_path", self.test_path, 1)):
            if path is not None and not any(problem.path == (option,) for problem in missing):
                try:
                    scan_images(find_file(path, folder), fewest=fewest)
                except DataError as error:
                    missing.append(DataProblem((option,), str(error)))
        return missing

    def known_row_spec(self, folder: Path) -> RowSpec:
        return self._row_spec(scan_images(find_file(self.path, folder), fewest=FEWEST_CLASSES))

    def read(self, seed: int, folder: Path) -> RawData:
        found = scan_images(find_file(self.path, folder), fewest=FEWEST_CLASSES)
        row_spec = self._row_spec(found)
        parts = [self._read(found, row_spec)]
        if self.test_path:
            parts.append(self._read(scan_images(find_file(self.test_path, folder), fewest=1), row_spec))
        rows, *test = (Split(part.x, part.y) for part in parts)
        notes = [note for part in parts for note in part.notes(colour=self.colour)]
        problems = [DataProblem(("colour",), text) for part in parts if (text := part.mixture()) and self.colour]
        return RawArrays(row_spec, rows, test[0] if test else None, pixels(scale=self.scale), notes, problems)

    def image_form(self, row_spec: RowSpec) -> ImageForm:
        return self._fit

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        test = str(find_file(self.test_path, folder).resolve()) if self.test_path else None
        return replace(self, path=str(find_file(self.path, folder).resolve()), test_path=test)

    def without_paths(self) -> DatasetSpec:
        return replace(self, path=Path(self.path).name, test_path=self.test_path and Path(self.test_path).name)

    def _row_spec(self, found: ImageFolder) -> RowSpec:
        shape = (self.height, self.width, 3) if self.colour else (self.height, self.width)
        return RowSpec(shape, classes=tuple(found.classes))

    @property
    def _fit(self) -> Fit:
        return "crop" if self.crop_to_aspect_ratio else "pad" if self.pad_to_aspect_ratio else "stretch"

    def _picture(self, path: Path | str) -> Picture:
        return read_picture(path, self.height, self.width, colour=self.colour, fit=self._fit)

    def _read(self, found: ImageFolder, row_spec: RowSpec) -> LoadedImages:
        return load_images(found, row_spec.classes or (), row_spec.input_shape, self._picture)
