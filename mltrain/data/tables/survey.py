"""Reading a whole table to learn from: a number or two a cell, in memory for each cell once.

What kind a column is shows only when all of its cells were seen. A file of plain numbers, which is the most common and
may be large, is taken for one as long as nothing in it speaks against that, and so is read once. Any other file is
looked at as text first, and then read.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.columns import Cells, ColumnKind, ColumnReader, Doubles, Guess, Misfit, NameReader, Odd
from mltrain.data.columns.category import MOST_CATEGORIES, Category, in_order
from mltrain.data.columns.date import Date, look_compact
from mltrain.data.columns.identifier import Identifier, names_things, sounds_like_one
from mltrain.data.columns.index import Index
from mltrain.data.columns.number import Number, NumberReader
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.cells import BadCell, Missing, as_texts, means_missing, plain_numbers
from mltrain.data.tables.notation import as_number
from mltrain.data.tables.profile import profile, recognize
from mltrain.data.tables.source import BLOCK_ROWS, Block, Source
from mltrain.data.tables.totals import about_totals, row_of_totals
from mltrain.errors import DataError

Floats = npt.NDArray[np.float32]

Open = Callable[[bool], Source]
"""Opens the file of rows; the argument says whether cells are kept as they are written."""

_FEWEST_IDENTIFIERS = 10

_FIRST_INEXACT = 2.0**53
"""The first whole number beside which floats cannot tell all others apart."""


class Roles(NamedTuple):
    """Which columns are read, and what for. ``kinds`` are those that the config says.

    ``only_names`` takes all texts for categories, whatever they say; ``all_used`` leaves no column out.
    """

    features: Sequence[str]
    targets: Sequence[str]
    kinds: Mapping[str, ColumnKind]
    split: str | None = None
    group: str | None = None
    only_names: bool = False
    all_used: bool = False


@dataclass
class Surveyed:
    """One column that is read: its kind, and what reads it. ``said`` is whether the config says the kind."""

    name: str
    kind: ColumnKind
    reason: str
    reader: ColumnReader
    said: bool = False
    start: int = 0

    @property
    def is_category(self) -> bool:
        """Whether its numbers stand for names, for a target."""
        return isinstance(self.reader, NameReader)

    @property
    def slots(self) -> slice:
        """Where its numbers are among those of a row."""
        return slice(self.start, self.start + self.reader.slots)


class LeftOut(NamedTuple):
    """A column that is not learned from, and why. ``said`` is whether the config says so."""

    name: str
    reason: str
    said: bool


@dataclass
class RawTable:
    """All rows: ``features`` are float32 ``(rows, slots)``, ``targets`` ``(rows, targets)``, NaN for missing values.

    ``split`` holds the part that each row is said to belong to, and ``groups`` its group, if a column says so.
    ``kept`` are the numbers of the rows in the file, from 1 on, if some were left out. ``notes`` are sentences about
    what was found out, and that the config does not say.
    """

    source: str
    columns: list[Surveyed]
    target_columns: list[Surveyed]
    features: Floats
    targets: Floats
    split: list[str] | None
    groups: list[str] | None
    kept: npt.NDArray[np.intp] | None
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def row_numbers(self) -> npt.NDArray[np.intp]:
        """The number of each row in the file, from 1 on."""
        return np.arange(1, len(self.features) + 1) if self.kept is None else self.kept

    def gaps(self, rows: int | None = None) -> npt.NDArray[np.intp]:
        """How many of the first ``rows`` have no value, ``(slots,)``; by default of all."""
        counts = np.zeros(self.features.shape[1], np.intp)
        whole = self.features[:rows]
        for start in range(0, len(whole), BLOCK_ROWS):  # one by one, columns take ten times as long
            absent = np.isnan(whole[start : start + BLOCK_ROWS])
            if absent.any():
                counts += absent.sum(axis=0)
        return counts

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes, if the target is a column of names."""
        first = self.target_columns[0]
        return tuple(first.reader.names) if first.is_category else None


def survey(open_file: Open, roles_of: Callable[[Source], Roles], missing: Missing) -> RawTable:
    """Read all rows. Raises `DataError`, which names file, line, row and column."""
    with open_file(False) as source:
        roles = roles_of(source)
        others = [name for name in (roles.split, roles.group) if name is not None]
        used = [*roles.features, *roles.targets, *others]
        left_out = {name for name, kind in roles.kinds.items() if isinstance(kind, Identifier)}
        texts = {name for name, kind in roles.kinds.items() if not isinstance(kind, Number | Identifier)}
        source.use([name for name in used if name not in left_out or name in others], texts.union(others))
        blocks = source.blocks()
        first = next(blocks, None)
        if first is None:
            raise DataError(f"{source.name}: there are no rows in it")
        guesses = _at_a_glance(source, first, roles, missing)
        if guesses is not None:
            try:
                return _read(source, chain([first], blocks), roles, guesses, missing)
            except _NotAsItSeemed:
                pass
    with open_file(True) as source:
        source.use(used)
        guesses = _examined(source, roles, missing)
    with open_file(True) as source:
        source.use(used)
        return _read(source, source.blocks(), roles, guesses, missing)


class _NotAsItSeemed(Exception):
    """A column that began with plain numbers goes on with something else."""


class _Choice(NamedTuple):
    """What a column is taken for. ``examined`` says whether all of its cells were looked at.

    ``total`` is the cell of the first column that says that its row holds totals.
    """

    kind: ColumnKind
    reason: str
    guess: Guess | None
    said: bool
    examined: bool
    total: Odd | None = None


def _at_a_glance(source: Source, block: Block, roles: Roles, missing: Missing) -> dict[str, _Choice] | None:
    """The kinds of all columns by their first cells, where these are plain numbers or the config says the kind."""
    choices = {}
    for name in dict.fromkeys((*roles.features, *roles.targets)):
        asked = roles.kinds.get(name)
        if isinstance(asked, Date):
            return None
        if asked is not None and not isinstance(asked, Number):
            choices[name] = _Choice(asked, "the config says so", None, True, examined=False)
            continue
        cells = block.columns[source.position(name, "which is to be read")]
        numbers = _plain(cells, missing)
        if numbers is None or np.isnan(numbers).all() or (isinstance(asked, Number) and asked.decimal == ","):
            return None
        is_guessed = asked is None and name in roles.features and not (roles.only_names or roles.all_used)
        if (
            is_guessed
            and not _numbers_rows(name, numbers)
            and (
                names_things(name) or look_compact(numbers[~np.isnan(numbers)]) or np.nanmax(numbers) >= _FIRST_INEXACT
            )
        ):
            return None
        if is_guessed and _numbers_rows(name, numbers):
            kind: ColumnKind = Identifier()
            reason = "whole numbers, different in every row, under a name that numbers rows"
        else:
            kind = asked or Number()
            reason = "all cells are numbers"
        choices[name] = _Choice(kind, reason, None, asked is not None, examined=False)
    return choices


def _plain(cells: Cells, missing: Missing) -> Doubles | None:
    """Cells as numbers, NaN for missing ones, if all are plain numbers; otherwise None."""
    if isinstance(cells, np.ndarray):
        return missing.blanked(cells)
    present = [cell for cell in cells if cell not in missing]
    numbers = plain_numbers(present)
    if numbers is None or len(present) == len(cells):
        return numbers
    return np.array([*numbers, np.nan])


def _numbers_rows(name: str, numbers: Doubles) -> bool:
    if not sounds_like_one(name) or len(numbers) < _FEWEST_IDENTIFIERS:
        return False
    is_whole = bool((numbers == np.floor(numbers)).all() and numbers.min() >= 0)
    return is_whole and len(np.unique(numbers)) == len(numbers)


def _examined(source: Source, roles: Roles, missing: Missing) -> dict[str, _Choice]:
    """The kinds of all columns, by all of their cells. Raises `DataError` where a column is not what it must be."""
    names = [*roles.features, *roles.targets]
    choices = {}
    for held in profile(source, missing, names):
        asked = roles.kinds.get(held.name)
        found = recognize(held) if asked is None else asked.examine(held)
        if isinstance(found, Misfit):
            if not held.counts and held.name in roles.features:
                raise DataError(f"{source.name}: column '{held.name}' is empty in all rows; name it in ignore")
            assert asked is not None
            row = held.first.get(found.text, 0)
            raise DataError(
                f"{source.name}: row {row:,}, column '{held.name}': {found.text!r} {found.why}, "
                f"but the config says that the column is of kind {asked.type_name()}"
            )
        if held.name in roles.targets and not held.counts:
            raise DataError(f"{source.name}: column '{held.name}' cannot be predicted: it is empty in all rows")
        if asked is None and held.name in roles.targets:
            found = _as_target(source, found)
        elif asked is None and _must_be_used(roles, found) and held.counts:
            as_number = Number().examine(held)
            if isinstance(as_number, Guess):
                found = as_number
            elif roles.all_used or len(held.counts) <= MOST_CATEGORIES:
                found = found._replace(kind=Category(), found=None)
        if found.open and found.question:
            raise DataError(f"{source.name}: column '{held.name}': {found.question}")
        reason = found.reason if asked is None else _said(found, recognize(held))
        total = row_of_totals(held) if held.name == source.columns[0] else None
        choices[held.name] = _Choice(found.kind, reason, found, asked is not None, examined=True, total=total)
    return choices


def _said(found: Guess, guess: Guess) -> str:
    """The reason for a kind that the config says: its own, or what the cells look like."""
    agrees = type(guess.kind) in (type(found.kind), Category if isinstance(found.kind, Index) else None)
    return found.reason if agrees else f"the config says so; it looks like {guess.kind.type_name()}: {guess.reason}"


def _reason_for(names: Collection[str]) -> str:
    """The same for names of which no more is known than what they are."""
    if all(as_number(name) is not None for name in names):
        return "the config says so; it looks like number: all cells are numbers"
    return f"{len(names):,} different texts"


def _must_be_used(roles: Roles, guess: Guess) -> bool:
    """Whether a column is to be taken for numbers or names although it looks like something else."""
    if roles.only_names:
        return not isinstance(guess.kind, Number | Date | Category)
    return roles.all_used and isinstance(guess.kind, Identifier)


def _as_target(source: Source, guess: Guess) -> Guess:
    """What a target is taken for: numbers or names."""
    if isinstance(guess.kind, Number):
        return guess
    if isinstance(guess.kind, Date):
        raise DataError(f"{source.name}: a target is numbers or names, but {guess.reason}")
    return guess._replace(kind=Category(), found=None)


def _read(
    source: Source, blocks: Iterable[Block], roles: Roles, choices: Mapping[str, _Choice], missing: Missing
) -> RawTable:
    left_out = [
        LeftOut(name, choices[name].reason, choices[name].said)
        for name in roles.features
        if isinstance(choices[name].kind, Identifier)
    ]
    without = {one.name for one in left_out}
    columns = [_surveyed(name, choices[name], missing) for name in roles.features if name not in without]
    if not columns:
        what = "; ".join(f"'{one.name}' is left out: {one.reason}" for one in left_out)
        raise DataError(f"{source.name}: there is no column to predict from ({what})")
    for before, column in pairwise(columns):
        column.start = before.slots.stop
    targets = [_surveyed(name, choices[name], missing, is_target=True) for name in roles.targets]
    for index, column in enumerate(targets):
        column.start = index
    places = [source.position(column.name, "which is to be read") for column in (*columns, *targets)]
    most, width = source.most_rows(), columns[-1].slots.stop
    features, goals = np.empty((most, width), np.float32), np.empty((most, len(targets)), np.float32)
    said: dict[str, list[str]] = {name: [] for name in (roles.split, roles.group) if name is not None}
    rows = 0
    for block in blocks:
        part = slice(rows, rows + len(block.lines))
        for number, (column, place) in enumerate(zip((*columns, *targets), places, strict=True)):
            array = features if number < len(columns) else goals
            try:
                codes = column.reader.read(block.columns[place])
            except BadCell as bad:
                if not choices[column.name].examined and isinstance(column.kind, Number):
                    raise _NotAsItSeemed from None
                total = choices[column.name].total
                if total is not None and total.first == block.first + bad.index:
                    bad = BadCell(bad.index, about_totals(total))
                raise source.refuse(block, column.name, bad) from None
            array[part, column.slots] = codes if codes.ndim == 2 else codes[:, None]
        for name, texts in said.items():
            texts += as_texts(block.columns[source.position(name, "which says how to split")])
        rows = part.stop
    if not rows:
        raise DataError(f"{source.name}: there are no rows in it")
    split, groups = (said.get(name or "") for name in (roles.split, roles.group))
    table = RawTable(source.name, columns, targets, features[:rows], goals[:rows], split, groups, None, left_out)
    for column in columns:
        if column.said and not choices[column.name].examined and isinstance(column.kind, Category | Index):
            column.reason = _reason_for(column.reader.names)
    for column in targets:
        if column.is_category:
            _sort(column, table.targets[:, column.start])
    _check_targets(table)
    table.notes = [*(source.notes if source.guesses else ()), *_notes(table, choices)]
    return table


def _surveyed(name: str, choice: _Choice, missing: Missing, *, is_target: bool = False) -> Surveyed:
    reader = choice.kind.reader(missing, choice.guess)
    if is_target and isinstance(reader, NumberReader):
        reader = NumberReader(missing, reader.notation, 0.0, reader.also_missing)
    if isinstance(reader, NumberReader):
        reader.plain_only = not choice.examined and not choice.said
    return Surveyed(name, choice.kind, choice.reason, reader, choice.said)


def _sort(column: Surveyed, codes: Floats) -> None:
    """Give the names of a target codes in their order, so that it does not depend on the rows'."""
    assert isinstance(column.reader, NameReader)
    spelled = column.reader.spelled()
    new = {name: number for number, name in enumerate(in_order(spelled))}
    table = np.array([new[name] for name in spelled], np.float32)
    present = ~np.isnan(codes)
    codes[present] = table[codes[present].astype(np.intp)]
    column.reader.names = new


def _notes(table: RawTable, choices: Mapping[str, _Choice]) -> Iterable[str]:
    """Notes about what was inferred from the table, at most a sentence a kind."""
    left_out = [f"'{one.name}' ({one.reason})" for one in table.left_out if not one.said]
    if left_out:
        yield (
            f"left out: {', '.join(left_out)}; name them in ignore, or say what they are in columns, "
            f"as in columns: {{{table.left_out[0].name}: category}}"
        )
    odd = [
        f"{one.text!r} in '{name}' ({rows_in_words(one.rows)}, first in row {one.first:,})"
        for name, choice in choices.items()
        if choice.guess is not None and not choice.said
        for one in choice.guess.odd
        if means_missing(one.text)
    ]
    if odd:
        yield f"taken for missing values: {', '.join(odd)}; missing_values says which texts are"
    for name, choice in choices.items():
        if choice.guess is not None and choice.guess.question and not choice.said:
            yield f"column '{name}': {choice.guess.question}"
        if choice.total is not None:
            yield f"row {choice.total.first:,}, column '{name}': {about_totals(choice.total)}"


def _is_constant(numbers: Floats) -> bool:
    present = numbers[~np.isnan(numbers)]
    return len(present) > 1 and bool((present == present[0]).all())


def _check_targets(table: RawTable) -> None:
    names = [column.name for column in table.target_columns if column.is_category]
    if names and len(table.target_columns) > 1:
        raise DataError(
            f"{table.source}: '{names[0]}' holds names; a target of names stands alone, several targets are numbers"
        )
    constant = [
        column.name
        for column in table.target_columns
        if not column.is_category and _is_constant(table.targets[:, column.start])
    ]
    if constant:
        raise DataError(f"{table.source}: all rows have the same '{constant[0]}', so there is nothing to learn")
    if names and len(table.target_columns[0].reader.names) < 2:
        raise DataError(f"{table.source}: all rows have the same '{names[0]}', so there is nothing to tell apart")
    if names:
        classes, rows = len(table.target_columns[0].reader.names), int((~np.isnan(table.targets)).sum())
        if rows > 20 and 2 * classes > rows:
            raise DataError(
                f"{table.source}: '{names[0]}' has {classes:,} different names in {rows_in_words(rows)}; "
                "what is different in almost every row cannot be learned"
            )
