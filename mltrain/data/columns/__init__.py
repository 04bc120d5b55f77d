"""Kinds of columns, one file each: how a kind is recognized, what it learns, and which inputs it makes of a cell.

cells as texts ──recognize──> Guess: a kind, how sure, and why           over all rows of a file
cells ──ColumnReader.read──> one or two numbers a cell                     each block of rows
numbers of the rows trained on ──learn──> LearnedColumn                  what a model keeps
numbers ──LearnedColumn.expand──> inputs of the network                  rows to learn from, and new ones
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from mltrain.data.tables.cells import Missing, as_texts, canonical
from mltrain.spec import Family, Spec

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Cells = Sequence[str] | Doubles

COMMON_GAPS = 0.05
"""The share of gaps from which on they have an input of their own."""


class Held(NamedTuple):
    """What a column of a file holds, as texts. ``counts`` says how often each text occurs, ``first`` in which row.

    Of very many different texts, the first are kept; ``all_kept`` says whether that is all of them.
    ``unnamed`` is a column without a name in a table whose other columns have one.
    """

    name: str
    rows: int
    missing: int
    counts: dict[str, int]
    first: dict[str, int]
    all_kept: bool = True
    unnamed: bool = False

    @property
    def present(self) -> int:
        """How many cells hold something."""
        return self.rows - self.missing

    def different(self, count: int | None = None) -> str:
        """``12 different``: how many of the texts are, or ``count`` of them; more where not all were kept."""
        return f"{len(self.counts) if count is None else count:,}{'' if self.all_kept else ' or more'} different"

    @property
    def differs_everywhere(self) -> bool:
        """Whether no two rows hold the same."""
        return not self.all_kept or len(self.counts) == self.present


class Guess(NamedTuple):
    """A kind that a column may be of, from 0 to 1 how sure that is, and the reason in a clause.

    ``found`` is what the cells say about how they are to be read, for the kind's reader. ``odd`` are the texts that
    mean that there is no value, with how often and where they first occur. ``question`` says what else the column could
    be, and how to say so; where it is ``open``, it cannot be decided from the cells.
    """

    kind: "ColumnKind"
    confidence: float
    reason: str
    found: Any = None
    odd: tuple["Odd", ...] = ()
    question: str = ""
    open: bool = False


class Odd(NamedTuple):
    """A text that does not belong into its column: in how many rows it stands, and in which first."""

    text: str
    rows: int
    first: int


class Misfit(NamedTuple):
    """Why a column is not of a kind: the ``text`` of a cell that is not, and the reason in a clause."""

    text: str
    why: str


class ColumnReader:
    """Turns the cells of a column, block by block, into one or more numbers each; NaN where a value is missing.

    ``names`` numbers the texts of columns whose numbers stand for texts. ``origin`` is what was subtracted from each
    number. ``strange`` counts the texts that nothing is known about.
    """

    slots: ClassVar[int] = 1

    def __init__(self, missing: Missing):
        self.missing = missing
        self.names: dict[str, int] = {}
        self.origin = 0.0
        self.strange: Counter[str] = Counter()

    def read(self, cells: Cells) -> Doubles:
        """The numbers ``(rows,)``, or ``(rows, slots)``. Raises `BadCell`."""
        raise NotImplementedError


class NameReader(ColumnReader):
    """Numbers texts in the order in which they come. Two spellings of one value have one number."""

    def __init__(self, missing: Missing, spelling: Callable[[str], str] = canonical):
        super().__init__(missing)
        self._spelling = spelling
        self._numbers: dict[str, float] = {}
        self._spelled: dict[str, str] = {}

    def read(self, cells: Cells) -> Doubles:
        known = self._numbers
        texts = as_texts(cells)
        for text in dict.fromkeys(texts):
            if text not in known:
                known[text] = np.nan if text in self.missing else self._number(text.strip())
        return np.array([known[text] for text in texts], np.float64)

    def _number(self, text: str) -> float:
        value = self._spelling(text)
        number = self.names.setdefault(value, len(self.names))
        if self._spelled.setdefault(value, text) != text:
            self._spelled[value] = value  # several spellings: the common one stands for all
        return float(number)

    def spelled(self) -> list[str]:
        """The names in the order of their numbers, as the file spells them."""
        return [self._spelled[value] for value in self.names]


class Learning(NamedTuple):
    """The rows to learn from, and how. ``codes`` ``(rows, slots)`` are a column's numbers, as its ``reader`` gave them.

    ``gap_share`` is the share of rows without a value. ``gaps`` and ``unknown`` are what the dataset says of missing
    and unknown values; None is for the default.
    """

    name: str
    reason: str
    reader: ColumnReader
    codes: Floats
    gap_share: float
    gaps: str | None
    unknown: Literal["error", "ignore"] | None


class LearnedColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column as a model keeps it. ``reason`` says why the column is of this kind."""

    name: str
    reason: str = ""

    @property
    def features(self) -> list[str]:
        """Names of the inputs that the column becomes."""
        raise NotImplementedError

    @property
    def scaled(self) -> list[bool]:
        """Which of the inputs are numbers, that standardizing is for."""
        return [False] * len(self.features)

    @property
    def needs_values(self) -> bool:
        """Whether a missing value is an error."""
        raise NotImplementedError

    def reader(self, missing: Missing) -> ColumnReader:
        """What reads the cells of new rows."""
        raise NotImplementedError

    def expand(self, codes: Floats | Doubles, reader: ColumnReader, x: Floats, *, strict: bool) -> None:
        """Write the inputs ``(rows, features)`` for what ``reader`` made of cells, ``(rows, slots)``.

        Raises `BadCell` for unknown names, if those are an error and the rows are new (``strict``).
        """
        raise NotImplementedError

    def encoding(self, missing: Missing) -> "Encoding":
        """The same as `reader` and `expand` with ``strict``, as plain data for export."""
        raise NotImplementedError

    def common(self, x: Floats) -> list[tuple[str, int]]:
        """What the rows with these inputs hold, and how many of them each, the most frequent first."""
        return Counter(self.decode(x)).most_common()

    def decode(self, x: Floats) -> list[str]:
        """The cells that inputs ``(rows, features)`` stand for, as people write them; empty for unknown ones."""
        raise NotImplementedError


class ColumnKind(Spec):
    """A kind of column: what its cells mean, and what becomes of them.

    ``learned`` is the type of what a model keeps; None for columns that are left out.
    """

    family: ClassVar[Family] = Family("column kind", "mltrain.data.columns")
    learned: ClassVar[type[LearnedColumn] | None] = None

    def examine(self, held: Held) -> Guess | Misfit:
        """Whether a column is of this kind, by all of its cells."""
        raise NotImplementedError

    def reader(self, missing: Missing, guess: Guess | None) -> ColumnReader:
        """What reads the cells to learn from. ``guess`` is what was found in all of them, where they were examined."""
        raise NotImplementedError

    def learn(self, rows: Learning) -> LearnedColumn:
        """What a model keeps of the column. Raises `ValueError` for what cannot be learned."""
        raise NotImplementedError


def kind_of(column: LearnedColumn) -> str:
    """The kind that a learned column is of, by its name in configs."""
    return str(column.__struct_config__.tag)


def odd_texts(held: Held, texts: Sequence[str]) -> tuple[Odd, ...]:
    """How often and where some of a column's texts occur."""
    return tuple(Odd(text, held.counts[text], held.first[text]) for text in texts)


def few(texts: Sequence[str], most: int = 3) -> str:
    """Some texts, for a sentence."""
    return ", ".join(repr(text) for text in texts[:most]) + (", ..." if len(texts) > most else "")
