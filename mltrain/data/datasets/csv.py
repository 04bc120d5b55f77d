import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from mltrain.data.datasets._table import TableDataset
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.data.tables.layout import NO_DELIMITERS, Like
from mltrain.data.tables.source import Source
from mltrain.data.tables.text_file import is_text_encoding
from mltrain.errors import OptionError

_NUMBERED = re.compile(r"column_[1-9]\d*")
"""The names of columns without a header."""


class Csv(TableDataset):
    """Rows of a text file: comma-, tab- or semicolon-separated (.csv, .tsv), plain or gzip.

    The separator, and whether the first line names the columns, are found unless they are said; columns without a name
    are column_1, column_2, ... So is the kind of each column, by all of its cells; see ``columns``.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"path": "../data/iris.csv", "target": "species", "test_split": 0.2},
        {"path": "../data/penguins.csv", "target": "body_mass_g", "missing": "drop", "ignore": ["year"]},
    )

    delimiter: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1, title="one character")] | None,
        Meta(
            description="what separates cells; by default it is found: a comma, tab, semicolon, | or blanks; a space "
            "stands for any number of spaces and tabs"
        ),
    ] = None
    header: Annotated[
        bool | None, Meta(description="whether the first line names the columns; by default it is found")
    ] = None
    encoding: Annotated[
        Annotated[str, Meta(min_length=1, title="the name of an encoding, such as utf-8, windows-1252 or utf-16")]
        | None,
        Meta(description="how the text is encoded; by default it is found: UTF-8, UTF-16, UTF-32, else windows-1252"),
    ] = None
    decimal: Annotated[
        Literal[".", ","],
        Meta(description="the sign before decimals; with a comma, points may stand between thousands"),
    ] = "."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoding is not None and not is_text_encoding(self.encoding):
            raise OptionError(
                ("encoding",),
                f"there is no encoding '{self.encoding}'; some are utf-8, latin-1, windows-1252, utf-16, cp1251, gbk",
            )
        if self.delimiter is not None and self.delimiter in NO_DELIMITERS:
            raise OptionError(("delimiter",), "quotes and line ends cannot separate cells")
        if self.decimal == "," == self.delimiter:
            raise OptionError(("decimal",), "the delimiter is a comma, too; keep one of the two")

    def layout(self, columns: Sequence[str]) -> Like:
        is_nameless = self.header is False or all(map(_NUMBERED.fullmatch, columns))
        return Like(self.delimiter, tuple(columns) if is_nameless else (), self.encoding, self.decimal)

    def open(self, path: Path | str, *, as_text: bool) -> Source:
        return DelimitedFile(
            path,
            delimiter=self.delimiter,
            header=self.header,
            encoding=self.encoding,
            decimal=self.decimal,
            expected=self.targets,
            as_text=as_text,
        )
