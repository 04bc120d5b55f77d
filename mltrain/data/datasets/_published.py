"""What datasets of published images have in common: they are found or downloaded, and have a test set of their own."""

from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import DatasetSpec, ImageForm, Progress, RawArrays, RawData, RowSpec, Split
from mltrain.data.preprocessing import pixels
from mltrain.data.published import OFFLINE_VARIABLE, Publication, offline
from mltrain.errors import DataError, OptionError


class Published(DatasetSpec):
    """Images of bytes that a member reads from the files of its ``publication``.

    ``class_names`` are those of the labels 0, 1, 2 and so on; ``test_rows`` is how many images the test set has.
    """

    publication: ClassVar[Publication]
    input_shape: ClassVar[tuple[int, ...]]
    class_names: ClassVar[tuple[str, ...]]
    test_rows: ClassVar[int] = 10_000

    path: Annotated[
        str | None,
        Meta(description="the folder to look in first, seen from the config's folder or from the working folder"),
    ] = None
    scale: Annotated[
        bool, Meta(description="give the network pixels from 0 to 1, with which it learns better than from 0 to 255")
    ] = True

    def read_rows(self, place: Path) -> tuple[Split, Split]:
        """The rows to learn from and those of the test set, from a folder that has the files. Raises `DataError`."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_split:
            has = f"{self.type_name()} has a test set of its own, of {self.test_rows:,} images"
            raise OptionError(("test_split",), f"{has}; leave test_split out")

    def known_row_spec(self, folder: Path) -> RowSpec:
        return RowSpec(self.input_shape, classes=self.class_names)

    def read(self, seed: int, folder: Path) -> RawData:
        self.fetch(folder)
        place = self.publication.find(self.path, folder)
        assert place is not None
        try:
            rows, test = self.read_rows(place)
        except DataError as error:
            advice = "put the right file in its place, or delete it, and"
            title = self.publication.title
            raise DataError(f"{error}; {advice} {title} is looked for elsewhere or downloaded") from error
        return RawArrays(self.known_row_spec(folder), rows, test, pixels(scale=self.scale))

    def image_form(self, row_spec: RowSpec) -> ImageForm:
        return "digit" if len(self.input_shape) == 2 else "stretch"

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        place = self.publication.find(self.path, folder)
        return self if place is None else replace(self, path=str(place))

    def without_paths(self) -> DatasetSpec:
        return replace(self, path=None)

    def download_notice(self, folder: Path) -> str | None:
        files = self.publication
        if files.find(self.path, folder) is not None:
            return None
        if offline():
            raise self._nowhere(folder, DataError(f"{OFFLINE_VARIABLE} forbids downloading it"))
        return f"{files.title} would be downloaded to {files.downloads()} ({files.megabytes:g} MB)"

    def fetch(self, folder: Path, progress: Progress | None = None) -> bool:
        files = self.publication
        if files.find(self.path, folder) is not None:
            return False
        try:
            files.fetch(files.downloads(), progress)
        except DataError as error:
            raise self._nowhere(folder, error) from error
        return True

    def _nowhere(self, folder: Path, why: DataError) -> DataError:
        files, lines = self.publication, list[str]()
        for place in files.places(self.path, folder):
            lacking = [file.name for file in files.lacking(place)]
            some = len(lacking) < len(files.files)
            lines.append(f"  {place}" + (f" (lacks {', '.join(lacking)})" if some else ""))
        found = "\n".join([f"{files.title} is nowhere to be found, and {why}", "Looked in:", *lines])
        names = ", ".join(file.name for file in files.files)
        return DataError(f"{found}\nTo do without a download, put these files into one of them: {names}")
