"""One version of a model, ready to be asked: predictions for rows of any form, and what there is to say about it."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.base import DatasetSpec
from mltrain.data.encoding import NumberEncoding
from mltrain.data.tables.format import TableFormat
from mltrain.data.tables.source import Cells, Novelties, Source
from mltrain.engine.arrays import size
from mltrain.errors import for_callers
from mltrain.export.base import Subject
from mltrain.export.examples import HeldBack, examples_of, held_back_evaluation, ranges_of, rows_of
from mltrain.export.web.page import page
from mltrain.inference.answers import Given, number_or_text
from mltrain.inference.model import Model
from mltrain.inference.prepared import prepared
from mltrain.inference.steps import inference_steps
from mltrain.inference.tables import table_for
from mltrain.serving.one_row import RowEncoder

Array = npt.NDArray[Any]

_SECONDS_A_CELL, _SECONDS_A_BYTE = 20e-6, 20e-9
"""What reading takes of the time of a request."""


class Predicted(NamedTuple):
    """Outputs ``y`` ``(rows, outputs)`` for the rows ``given``, with what is to be said and counted about them."""

    given: Given
    y: npt.NDArray[np.float32]
    notes: Sequence[str] = ()
    unknown: Mapping[str, int] = MappingProxyType({})
    gaps: Mapping[str, int] = MappingProxyType({})
    outside: Mapping[str, int] = MappingProxyType({})


class About(NamedTuple):
    """What is known with the rows that the model learned from, as far as they are at hand.

    The ``subject`` has them no more; ``has_ranges``: its ranges are those of the rows.
    """

    subject: Subject
    has_ranges: bool
    held_back: HeldBack | None
    page: str


class Range(NamedTuple):
    """Where numbers of each column are among the inputs, and the least and the largest that training saw."""

    columns: list[str]
    places: list[int]
    lowest: npt.NDArray[np.float32]
    highest: npt.NDArray[np.float32]


class ServedModel:
    """A model as one file held it. It does not change; a new file makes a new one."""

    def __init__(self, name: str, file: Path, model: Model, dataset: DatasetSpec, folder: Path):
        self.name, self.file, self.model = name, file, model
        self.loaded = time.time()
        self.table = model.preprocessing.table
        self._dataset, self._folder = dataset, folder
        self._outputs = prepared(model)
        self._encoder = None if self.table is None else RowEncoder(self.table)
        self._range: Range | None = None
        self._about: Future[About] | None = None
        self._lock = threading.Lock()
        self.seconds_a_row = self._measured()
        if self.table is not None:
            self.about()  # the ranges of its columns count

    def takes(self, body: bytes) -> float:
        """Seconds that the rows in a body of JSON take at most, with what it takes to read them."""
        if self.table is not None:
            rows = body.count(b"{") + body.count(b"[")
            return rows * (self.seconds_a_row + _SECONDS_A_CELL * len(self.table.columns))
        rows = 1 + len(body) // (2 * size(self.model.row_spec.input_shape))  # a number has two characters or more
        return rows * self.seconds_a_row + len(body) * _SECONDS_A_BYTE

    def row(self, cells: Mapping[str, Any]) -> Predicted | None:
        """The prediction for one row of a table whose cells are all as those learned from; None for any other."""
        x = None if self._encoder is None else self._encoder.encode(cells)
        if x is None or self._encoder is None:
            return None
        given = [[cell if isinstance(cell := cells[name], str) else float(cell) for name in self._encoder.names]]
        return Predicted(given, self._outputs(x), outside=self._outside(x))

    def array(self, x: Array, given: Given | None = None) -> Predicted:
        """Predictions for rows ``(rows, *input_shape)`` that are numbers or pixels. Raises `DataError`."""
        from mltrain.inference.given import given_rows

        rows = given_rows(x, self.model.row_spec, None)
        told = given if given is not None else [[float(number) for number in row.flat] for row in x]
        return Predicted(told, self._outputs(rows), outside=self._outside(rows))

    def rows(self, source: Source, check: Callable[[int], None]) -> Predicted:
        """Predictions for the rows of a table. ``check`` is called with the number of rows read so far.

        Raises `DataError`, which names row and column.
        """
        table = table_for(self.model, source, targets=0)
        names = [column.name for column in table.columns]
        places = [source.position(name, "which the model needs") for name in names]
        source.use(names)
        given: list[list[float | str]] = []
        ys, outside = [np.empty((0, *self.model.network.output_shape), np.float32)], dict[str, int]()
        for block in source.blocks():
            check(len(given) + len(block.lines))
            x = table.encode(source, block).reshape(-1, *self.model.row_spec.input_shape)
            ys.append(self._outputs(x))
            for name, count in self._outside(x).items():
                outside[name] = outside.get(name, 0) + count
            given += map(list, zip(*(_told(block.columns[place]) for place in places), strict=True))
        met = source.novelties
        notes = [*map(for_callers, source.notes), *met.sentences()]
        return Predicted(given, np.concatenate(ys), notes, _totals(met), dict(met.gaps), outside)

    def about(self) -> "Future[About]":
        """What takes the model's dataset to know. It is found out by a thread of its own, once."""
        with self._lock:
            if self._about is None:
                self._about = Future()
                threading.Thread(target=self._find_out, args=(self._about,), daemon=True).start()
            return self._about

    def _find_out(self, about: "Future[About]") -> None:
        try:
            model = self.model
            dataset, why = rows_of(model, self._dataset, self._folder)
            subject = Subject(
                model,
                inference_steps(model),
                self.name,
                examples_of(model, dataset),
                ranges_of(model, dataset),
                dataset,
                why,
            )
            if self.table is not None and dataset is not None:
                self._range = _range(self.table, dataset.train.x)
            found = held_back_evaluation(model, dataset)
            about.set_result(About(replace(subject, dataset=None), dataset is not None, found, page(subject).text))
        except Exception as error:  # whoever waits for it is told
            about.set_exception(error)

    def _outside(self, x: Array) -> dict[str, int]:
        """How many numbers of each input are outside of what training saw."""
        if self._range is None:
            return {}
        columns, places, lowest, highest = self._range
        numbers = x[:, places]
        out = (numbers < lowest) | (numbers > highest)
        if not out.any():
            return {}
        found: dict[str, int] = {}
        for column, count in zip(columns, out.sum(axis=0).tolist(), strict=True):
            if count:  # members of an ensemble have the column each
                found[column] = max(count, found.get(column, 0))
        return found

    def _measured(self) -> float:
        """Seconds that a row takes, once all is warm; and a model that cannot predict fails here."""
        row = np.zeros((1, *self.model.row_spec.input_shape), np.float32)
        self._outputs(row)
        began = time.perf_counter()
        self._outputs(row)
        return time.perf_counter() - began


def _told(cells: Cells) -> list[float | str]:
    """The cells of a column, as an answer repeats them."""
    if isinstance(cells, np.ndarray):
        values: list[float | str] = cells.tolist()
        return values if not np.isnan(cells).any() else [value if value == value else "" for value in values]
    return list(map(number_or_text, cells))


def _totals(met: Novelties) -> dict[str, int]:
    return {column: texts.total() for column, texts in met.unknown.items()}


def _range(table: TableFormat, x: Array) -> Range:
    columns, places, start = [], [], 0
    for encoding in table.encodings():
        if isinstance(encoding, NumberEncoding):
            columns.append(encoding.column)
            places.append(start)
        start += len(encoding.inputs)
    return Range(columns, places, x[:, places].min(axis=0), x[:, places].max(axis=0))
