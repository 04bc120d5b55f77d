"""Single rows take a shorter way than tables: the answers are the same, and what is odd goes the long way."""

import csv
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_server import MADE
from test_predict_requests import OTHER, ROW

from mltrain.data.tables.frames import frame
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.inference.model import Model
from mltrain.inference.prepared import prepared
from mltrain.serving.models import Models
from mltrain.serving.one_row import RowEncoder
from mltrain.serving.served_model import ServedModel

DATA = Path(__file__).parents[2] / "data"


def served(path: Path) -> ServedModel:
    found = Models(path, None, lambda name, well: None).file().served
    assert found is not None
    return found


def long_way(model: Model, row: dict[str, Any]) -> Any:
    table = model.preprocessing.table
    assert table is not None
    source = frame("x", [row])
    assert source is not None
    return table.encode(source, next(source.blocks()))


def test_inputs_are_those_of_the_long_way(penguins: Path) -> None:
    model = served(penguins)
    assert model.table is not None
    encoder, quick = RowEncoder(model.table), 0
    with (DATA / "penguins.csv").open(newline="", encoding="utf-8") as file:
        for cells in list(csv.DictReader(file))[:80]:
            row = {name: float(cell) if cell.replace(".", "").isdigit() else cell for name, cell in cells.items()}
            if "NA" in row.values() or "" in row.values():
                continue
            found = encoder.encode(row)
            assert found is not None
            np.testing.assert_array_equal(found, long_way(model.model, row))
            answer = model.row(row)
            assert answer is not None
            np.testing.assert_array_equal(answer.y, model.model.predict([row]))
            quick += 1
    assert quick > 50


@pytest.mark.parametrize(
    "odd",
    [
        {"year": "2009"},
        {"year": None},
        {"year": True},
        {"year": float("nan")},
        {"year": float("inf")},
        {"year": 10**400},
        {"year": 2**53},
        {"sex": None},
        {"sex": ""},
        {"sex": "NA"},
        {"sex": " male"},
        {"sex": 1},
        {"sex": ["male"]},
        {"species": "Emperor"},
    ],
)
def test_what_is_odd_goes_the_long_way(penguins: Path, odd: dict[str, Any]) -> None:
    model = served(penguins)
    assert model.row({**ROW, "more": "columns"}) is not None
    assert model.row({**ROW, **odd}) is None
    assert model.row({name: cell for name, cell in ROW.items() if name not in odd}) is None


@pytest.mark.parametrize("name", ["classes", "line", "table", "images"])
def test_prepared_outputs_are_those_of_the_model(name: str) -> None:
    model = Model.load(MADE / name / "model.npz")
    outputs = prepared(model)
    rng = np.random.default_rng(0)
    for rows in (1, 1, 3, 1, 0):
        x = rng.uniform(0, 2, (rows, *model.row_spec.input_shape)).astype(np.float32)
        np.testing.assert_array_equal(outputs(x), model.outputs(x))


def test_prepared_ensemble(penguins_model: Model) -> None:
    other = penguins_model.with_parameters(penguins_model.network.parameters * 0.5)
    members = (penguins_model, other, penguins_model)
    ensemble = Ensemble.of(penguins_model.config, members, tuple(Role(seed=seed) for seed in range(3)), None)
    x = long_way(ensemble, ROW)
    np.testing.assert_array_equal(prepared(ensemble)(x), ensemble.outputs(x))


def test_threads_do_not_share_buffers(penguins_model: Model) -> None:
    outputs = prepared(penguins_model)
    rows = [long_way(penguins_model, row) for row in (ROW, OTHER)]
    expected = [penguins_model.outputs(x) for x in rows]
    wrong: list[int] = []

    def ask(which: int) -> None:
        wrong.extend(which for _ in range(500) if not np.array_equal(outputs(rows[which]), expected[which]))

    asking = [threading.Thread(target=ask, args=(number % 2,)) for number in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert not wrong
