from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.data.datasets._table import TableDataset
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.data.tables.source import Source


class Csv(TableDataset):
    """Rows of a text file: comma-, tab- or semicolon-separated (.csv, .tsv), plain or gzip.

    The separator, and whether the first line names the columns, are found unless they are said; columns without a name
    are column_1, column_2, ... A column is one of numbers if most of its cells are; see ``categories``.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"path": "../data/iris.csv", "target": "species", "test_split": 0.2},
        {"path": "../data/penguins.csv", "target": "body_mass_g", "missing": "drop", "ignore": ["year"]},
    )

    delimiter: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1, title="one character")] | None,
        Meta(description="what separates cells; by default it is found: a comma, tab, semicolon or |"),
    ] = None
    header: Annotated[
        bool | None, Meta(description="whether the first line names the columns; by default it is found")
    ] = None

    def open(self, path: Path | str, *, as_text: bool) -> Source:
        return DelimitedFile(path, delimiter=self.delimiter, header=self.header, expected=self.targets, as_text=as_text)
