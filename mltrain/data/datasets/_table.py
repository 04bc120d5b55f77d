"""What the datasets have in common whose rows are those of a table in a file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace as replace_fields
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import ColumnLeftOut, Dataset, DatasetSpec, RawData, RowSpec, Split
from mltrain.data.columns import ColumnKind
from mltrain.data.columns.category import Category
from mltrain.data.columns.date import Date
from mltrain.data.columns.identifier import Identifier
from mltrain.data.columns.number import NumberReader
from mltrain.data.columns.text import Text
from mltrain.data.find_files import find_file
from mltrain.data.preprocessing import Preprocessing, Scaling
from mltrain.data.splitting import Parts, groups_in_words, reorder, rows_in_words
from mltrain.data.tables.cells import DEFAULT_MISSING, Missing, canonical
from mltrain.data.tables.format import TableFormat, read_table
from mltrain.data.tables.learning import (
    Filling,
    Unknown,
    check_missing,
    check_scale,
    learn_columns,
    learn_scaling,
    novelties_of,
    standard,
    whole_rows,
)
from mltrain.data.tables.notation import PLAIN
from mltrain.data.tables.source import Source
from mltrain.data.tables.survey import RawTable, Roles, survey
from mltrain.data.tables.telltales import telltales
from mltrain.errors import ConfigDataError, ConfigPath, DataError, DataProblem, OptionError, reason
from mltrain.names.nearest import did_you_mean, no_column, some

PARTS = {"train": 0, "training": 0, "validation": 1, "val": 1, "valid": 1, "test": 2, "testing": 2}
"""What a split column may say, and which part that is."""

Name = Annotated[str, Meta(min_length=1, title="the name of a column")]
Names = list[Name]


class TableDataset(DatasetSpec):
    """Rows of a table. Members say how its file is read; the rest is the same for all.

    What kind a column is (number, category, index, boolean, date, text, identifier), and so which inputs it becomes, is
    found, or said in ``columns``. Classes are the target's names in alphabetical order, or in that of their numbers.
    """

    path_options: ClassVar[tuple[str, ...]] = ("path", "validation_path", "test_path")

    path: Annotated[str, Meta(description="the file, seen from the config's folder or from the working folder")]
    target: Annotated[Name | Names, Meta(description="the column to predict, or several columns of numbers")]
    features: Annotated[
        Names | None, Meta(description="the columns to predict from; by default all but the target")
    ] = None
    ignore: Annotated[tuple[Name, ...], Meta(description="columns to leave out")] = ()
    columns: Annotated[
        dict[str, ColumnKind],
        Meta(
            description="what kinds of columns there are, by name: number, category, index, boolean, date, text, "
            "identifier; by default found"
        ),
    ] = msgspec.field(default_factory=dict)
    categories: Annotated[
        tuple[Name, ...],
        Meta(
            description="columns whose numbers are names, such as a postcode or the number of a class; the same as "
            "category in columns"
        ),
    ] = ()
    missing: Annotated[
        Filling | None,
        Meta(
            description="what to do about missing values: refuse them, leave such rows out, or fill them in from the "
            "rows trained on, categories with the most frequent one; by default numbers get the median, for categories "
            "it is a name of its own, and rows without a target are left out"
        ),
    ] = None
    missing_values: Annotated[
        tuple[str | float, ...], Meta(description="cells that mean that there is no value", min_length=1)
    ] = DEFAULT_MISSING
    unknown: Annotated[
        Unknown | None,
        Meta(
            description="what to do about categories that come up later: refuse them, or take them for none of all; by "
            "default they count as other, as rare ones do"
        ),
    ] = None
    standardize: Annotated[
        bool | Names,
        Meta(description="give columns of numbers mean 0 and standard deviation 1: all that min_max leaves, or these"),
    ] = True
    min_max: Annotated[bool | Names, Meta(description="scale columns of numbers from 0 to 1: all, or these")] = False
    standardize_target: Annotated[
        bool,
        Meta(description="learn numbers with mean 0 and standard deviation 1; predictions come in the target's units"),
    ] = True
    split_column: Annotated[
        Name | None, Meta(description="a column that says train, validation or test for each row")
    ] = None
    group: Annotated[
        Name | None,
        Meta(
            description="a column that says what belongs together, such as the rows of one patient: all rows of a "
            "group are trained on, or all are held back; it is no input"
        ),
    ] = None
    validation_path: Annotated[str | None, Meta(description="a file of rows to watch training by")] = None
    test_path: Annotated[str | None, Meta(description="a file of rows for evaluate")] = None

    @property
    def why_no_random_folds(self) -> str | None:
        return super().why_no_random_folds or (self.group and f"rows of one '{self.group}' belong together")

    def __post_init__(self) -> None:
        super().__post_init__()
        for part in ("validation", "test"):
            if getattr(self, f"{part}_split") and getattr(self, f"{part}_path"):
                raise OptionError((f"{part}_path",), f"{part}_split draws these rows already; keep one of the two")
            if self.split_column and (getattr(self, f"{part}_split") or getattr(self, f"{part}_path")):
                option = f"{part}_split" if getattr(self, f"{part}_split") else f"{part}_path"
                raise OptionError((option,), "split_column says which rows are held back; keep one of the two")
        if not self.target:
            raise OptionError(("target",), "expected the name of a column, got an empty list")
        if isinstance(self.standardize, list) and isinstance(self.min_max, list):
            for index, name in enumerate(self.min_max):
                if name in self.standardize:
                    raise OptionError(("min_max", index), f"'{name}' is in standardize, too; keep one of the two")
        for name in self.targets:
            if isinstance(kind := self.columns.get(name), Date | Text | Identifier):
                what = f"'{name}' is the target, which is a number, a category or a boolean, and no {kind.type_name()}"
                raise OptionError(("columns", name), what)
        for name in self.categories:
            if name in self.columns:
                raise OptionError(("columns", name), f"'{name}' is in categories, too; keep one of the two")
        for option in ("features", "ignore"):
            for index, name in enumerate(getattr(self, option) or ()):
                if name in self.targets:
                    raise OptionError((option, index), f"'{name}' is the target")
        self._check_split()

    def _check_split(self) -> None:
        """Refuse several options that say which rows are held back. Raises `OptionError`."""
        if self.split_column and self.split == "chronological":
            raise OptionError(("split",), "split_column says which rows are held back; keep one of the two")
        if self.group is None:
            return
        if self.split == "chronological":
            raise OptionError(
                ("group",), "split: chronological cuts rows by their order, and may cut a group; keep one of the two"
            )
        if self.split_column:
            raise OptionError(("group",), "split_column says which rows are held back; keep one of the two")
        if self.group in self.targets:
            raise OptionError(("group",), f"'{self.group}' is the target")
        if self.group in (self.features or ()):
            place = ("features", (self.features or []).index(self.group))
            raise OptionError(place, f"'{self.group}' is the group, which is no input; leave it out here")

    @property
    def targets(self) -> list[str]:
        """The columns to predict."""
        return [self.target] if isinstance(self.target, str) else self.target

    def open(self, path: Path | str, *, as_text: bool) -> Source:
        """A file of such rows, for reading. Raises `DataError`."""
        raise NotImplementedError

    def read(self, seed: int, folder: Path) -> RawData:
        path = find_file(self.path, folder)
        try:
            path.stat()
        except OSError as error:
            raise DataError(f"{path}: {_why(error, self.path, folder)}") from None
        return RawRows(self, self._survey(path), folder)

    def draw(self, raw: RawData, seed: int) -> Parts:
        if isinstance(raw, RawRows) and raw.table.split is not None:
            return _said_parts(raw.table.source, str(self.split_column), raw.table.split)
        return super().draw(raw, seed)

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        found = {
            option: str(find_file(path, folder).resolve())
            for option in ("path", "validation_path", "test_path")
            if (path := getattr(self, option)) is not None
        }
        return replace(self, **found)

    def without_paths(self) -> DatasetSpec:
        named = {
            option: Path(path).name
            for option in ("path", "validation_path", "test_path")
            if (path := getattr(self, option)) is not None
        }
        return replace(self, **named)

    def missing_texts(self) -> Missing:
        """The cells that mean that there is no value."""
        return Missing([text if isinstance(text, str) else f"{text:.17g}" for text in self.missing_values])

    def find_missing(self, folder: Path) -> list[DataProblem]:
        problems = super().find_missing(folder)
        if any(problem.path == ("path",) for problem in problems):
            return problems
        try:
            with self.open(find_file(self.path, folder), as_text=True) as source:
                columns, name = source.columns, source.name
        except DataError:
            return problems  # what is wrong with the file is found when it is read
        return problems + [
            DataProblem(
                path, f"there is no column '{column}' in {name}{did_you_mean(column, columns, _there(columns))}"
            )
            for path, column in self._named_columns()
            if column not in columns
        ]

    def _named_columns(self) -> Iterator[tuple[ConfigPath, str]]:
        """All columns that the description names, each with the option that does."""
        for option in (
            "target",
            "features",
            "ignore",
            "categories",
            "columns",
            "standardize",
            "min_max",
            "split_column",
            "group",
        ):
            match getattr(self, option):
                case str() as name:
                    yield (option,), name
                case dict() as names:
                    yield from (((option, name), name) for name in names)
                case list() | tuple() as names:
                    yield from (((option, index), name) for index, name in enumerate(names))

    def _roles(self, source: Source) -> Roles:
        """Which columns of a file are read, and what for. Raises `DataError`."""
        special = [*self.targets, *self.ignore, self.split_column, self.group]
        for _, name in self._named_columns():
            if name not in source.columns:
                raise DataError(f"{source.name}: {no_column(name, source.columns)}; the config names it")
        features = [name for name in self.features or source.columns if name not in special]
        if not features:
            raise DataError(f"{source.name}: there is no column to predict from")
        kinds = {**{name: Category() for name in self.categories}, **self.columns}
        return Roles(
            features,
            self.targets,
            kinds,
            self.split_column,
            self.group,
            only_names=self.unknown is not None,
            all_used=self.features is not None,
        )

    def _survey(self, path: Path) -> RawTable:
        table = survey(lambda as_text: self.open(path, as_text=as_text), self._roles, self.missing_texts())
        if self.missing == "error" and whole_rows(table, targets_only=True).all():
            check_missing(table)
        keep = whole_rows(table, targets_only=self.missing != "drop")
        if not keep.all():
            if self.missing not in (None, "drop"):
                row, absent = int((~keep).argmax()) + 1, rows_in_words(int((~keep).sum()))
                raise DataError(
                    f"{table.source}: row {row:,}, column '{', '.join(self.targets)}': the target is missing, in "
                    f"{absent} in all; what is to be learned cannot be filled in: 'missing: drop' leaves such rows out"
                )
            if not keep.any():
                what = "every row lacks some value, so 'missing: drop' leaves none"
                if self.missing is None:
                    what = f"column '{', '.join(self.targets)}' is empty in all rows, so there is nothing to learn"
                raise DataError(f"{table.source}: {what}")
            table.kept = table.row_numbers[keep]
            table.features, table.targets = table.features[keep], table.targets[keep]
            for said in filter(None, (table.split, table.groups)):
                said[:] = compress(said, keep)
        return table


class RawRows(RawData):
    """The rows of a table, read by a description: a number a cell, from which each split learns by itself."""

    def __init__(self, spec: TableDataset, table: RawTable, folder: Path):
        self.spec, self.table, self.folder = spec, table, folder

    @property
    def count(self) -> int:
        return len(self.table.features)

    @property
    def labels(self) -> npt.NDArray[np.int32] | None:
        return self.table.targets[:, 0].astype(np.int32) if self.table.classes else None

    @cached_property
    def groups(self) -> npt.NDArray[np.int32] | None:
        """Groups are numbered in the order in which they come. Raises `DataError` if a row is of none."""
        if self.table.groups is None:
            return None
        missing, numbers = self.spec.missing_texts(), dict[str, int]()
        for row, text in zip(self.row_numbers, self.table.groups, strict=True):
            if text in missing:
                where = f"{self.table.source}: row {row:,}, column '{self.spec.group}'"
                raise DataError(
                    f"{where}: the group is missing, so the row may be of any; name it, or leave out the row"
                )
            numbers.setdefault(canonical(text.strip()), len(numbers))
        return np.array([numbers[canonical(text.strip())] for text in self.table.groups], np.int32)

    @property
    def row_numbers(self) -> npt.NDArray[np.intp]:
        return self.table.row_numbers

    def split(self, parts: Parts, *, learned: Preprocessing | None = None, last: bool = False) -> Dataset:
        table, train, spec = self._ordered(np.concatenate(parts), last=last), len(parts.train), self.spec
        gaps = table.gaps()
        notes = (*table.notes, *telltales(table, train), *self._not_in_order())
        if learned is not None and learned.table is not None:
            format_ = learned.table
        else:
            reader = table.target_columns[0].reader
            format_ = TableFormat.learned(
                learn_columns(table, train, spec.missing, spec.unknown),
                targets=tuple(spec.targets),
                missing_values=spec.missing_texts().texts,
                target_notation=reader.notation if isinstance(reader, NumberReader) else PLAIN,
            )
        x = format_.expand(table)
        y = table.targets[:, 0].astype(np.int32) if table.classes else table.targets
        named = format_.named_inputs
        row_spec = RowSpec((x.shape[1],), table.targets.shape[1], table.classes, named_inputs=named)
        preprocessing = learned or Preprocessing(
            inputs=self._input_scaling(x[:train], format_),
            targets=self._target_scaling(y[:train], row_spec),
            table=format_,
        )
        stops = np.cumsum([len(part) for part in parts])
        whole, validation, test = (
            Split(x[stop - len(part) : stop], y[stop - len(part) : stop]) if len(part) else None
            for part, stop in zip(parts, stops, strict=True)
        )
        assert whole is not None
        return Dataset(
            row_spec,
            whole,
            validation or self._held(spec.validation_path, format_, row_spec),
            test or self._held(spec.test_path, format_, row_spec),
            preprocessing,
            {column.name: int(gaps[column.start]) for column in table.columns},
            warnings=notes,
            novelties=novelties_of(table, train),
            left_out=tuple(self._left_out()),
        )

    def _left_out(self) -> Iterator[ColumnLeftOut]:
        """The columns that are no input: those that say how rows are divided, then those without a kind to learn."""
        spec = self.spec
        if spec.group is not None and self.groups is not None:
            count = groups_in_words(int(self.groups.max()) + 1)
            yield ColumnLeftOut(spec.group, "group", f"its rows stay together in folds and splits; {count}")
        if spec.split_column is not None:
            yield ColumnLeftOut(spec.split_column, "split", "it says which rows are trained on and which held back")
        for one in self.table.left_out:
            yield ColumnLeftOut(one.name, "identifier", one.reason)

    def _not_in_order(self) -> Iterator[str]:
        """A sentence about a column of dates that goes back, although the rows are said to be in the order of time."""
        dates = [column for column in self.table.columns if isinstance(column.kind, Date)]
        if self.spec.split != "chronological" or len(dates) != 1:
            return
        days, seconds = self.table.features[:, dates[0].slots].T.astype(np.float64)
        back = np.flatnonzero(np.diff(days * 86400 + seconds) < 0)
        if back.size:
            yield (
                f"split: chronological takes rows in the order of the file, but '{dates[0].name}' goes back in row "
                f"{self.row_numbers[back[0] + 1]:,}; sort the file by it, the oldest row first"
            )

    def _ordered(self, order: npt.NDArray[np.intp], *, last: bool) -> RawTable:
        """The table with these of its rows, in this order.

        The ``last`` split reorders the rows within their own memory, so that a large table is in memory once.
        """
        table = self.table
        if not last or len(order) < len(table.features):
            return replace_fields(table, features=table.features[order], targets=table.targets[order])
        if not np.array_equal(order, np.arange(len(order))):
            reorder(table.features, order)
            reorder(table.targets, order)
        return table

    def _input_scaling(self, x: npt.NDArray[np.float32], format_: TableFormat) -> Scaling:
        self._check_scaled(format_)
        names = [column.name for column in format_.columns]
        chosen = self.spec.standardize if isinstance(self.spec.standardize, list) else []
        to_range = self.spec.min_max if isinstance(self.spec.min_max, list) else []
        if self.spec.min_max is True:
            to_range = [name for name in names if name not in chosen]
        if self.spec.standardize is True:
            chosen = [name for name in names if name not in to_range]
        return learn_scaling(x, format_, chosen, to_range)

    def _check_scaled(self, format_: TableFormat) -> None:
        """Refuse columns that the config wants scaled, and that hold nothing to scale. Raises `ConfigDataError`."""
        columns = {column.name: column for column in format_.columns}
        problems = []
        for option in ("standardize", "min_max"):
            wanted = getattr(self.spec, option)
            for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
                path = ("dataset", option, index)
                if name not in columns:
                    problems.append(DataProblem(path, f"'{name}' is no input of the network, so it cannot be scaled"))
                elif not any(columns[name].scaled):
                    what = f"'{name}' holds names, not numbers, so it cannot be scaled; leave it out here"
                    problems.append(DataProblem(path, what))
        if problems:
            raise ConfigDataError(problems)

    def _target_scaling(self, y: npt.NDArray[np.float32] | npt.NDArray[np.int32], row_spec: RowSpec) -> Scaling:
        if row_spec.classes or not self.spec.standardize_target:
            return Scaling()
        pairs = [standard(y[:, index].astype(np.float32)) for index in range(y.shape[1])]
        for name, (_, scale) in zip(self.spec.targets, pairs, strict=True):
            check_scale(name, scale)
        return Scaling(shift=tuple(shift for shift, _ in pairs), scale=tuple(scale for _, scale in pairs))

    def _held(self, path: str | None, format_: TableFormat, row_spec: RowSpec) -> Split | None:
        if path is None:
            return None
        with self.spec.open(
            find_file(path, self.folder), as_text=format_.as_text or row_spec.classes is not None
        ) as source:
            return Split(*read_table(source, format_, row_spec.classes))


def _said_parts(source: str, column: str, said: list[str]) -> Parts:
    numbers = np.array([PARTS.get(text.strip().lower(), -1) for text in said])
    if (numbers < 0).any():
        row = int((numbers < 0).argmax())
        raise DataError(
            f"{source}: row {row + 1:,}, column '{column}': expected train, validation or test, got {said[row]!r}"
        )
    parts = Parts(*(np.flatnonzero(numbers == part) for part in range(3)))
    if not len(parts.train):
        raise DataError(f"{source}: column '{column}' says train for no row, so there is none to train on")
    return parts


def _there(columns: Sequence[str]) -> str:
    return f"; there are {some(columns)}"


def _why(error: OSError, path: str, folder: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no such file; '{path}' is looked for in {folder.resolve()} and in the working folder"
    return f"cannot be read: {reason(error)}"
