"""Where a model comes from: what it says of its rows and its training, and who notices that the rows have changed."""

import gzip
import os
import platform
from pathlib import Path

import numpy as np
import pytest
from command_runs import mltrain, succeed
from msgspec.structs import replace

from mltrain import __version__
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.data.fingerprint import fingerprint
from mltrain.inference.model import Model

CONFIG = """
name: table
seed: 7
dataset: {type: csv, path: rows.csv, target: y, validation_split: 0.25, test_split: 0.25}
layers: [{type: dense, units: 1}]
loss: mse
training: {epochs: 1}
"""

ROWS = ["a,b,y", *(f"{number},{number % 3},{2 * number}" for number in range(8))]

CHANGED = (
    "warning: the data has changed since the model learned from it: the rows to measure on may be others than those "
    "that were held back\n"
)

# The fingerprint


def split(*, rows: int = 4, start: int = 0) -> Split:
    x = np.arange(start, start + 2 * rows, dtype=np.float32).reshape(rows, 2)
    return Split(x, x.sum(axis=1, keepdims=True))


def dataset() -> Dataset:
    return Dataset(RowSpec((2,)), split(), split(rows=2, start=20), split(rows=3, start=40))


def other_value(array: np.ndarray, index: int) -> np.ndarray:
    """The array with the nearest other number in one place."""
    changed = array.copy()
    changed.flat[index] = np.nextafter(changed.flat[index], np.float32(np.inf))
    return changed


def test_the_same_rows_have_the_same_fingerprint() -> None:
    found = fingerprint(dataset())
    assert found == fingerprint(dataset())
    assert len(bytes.fromhex(found)) == 32


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("field", ["x", "y"])
def test_any_value_changes_it(part: str, field: str) -> None:
    rows = getattr(dataset(), part)
    array = getattr(rows, field)
    others = [rows._replace(**{field: other_value(array, index)}) for index in range(array.size)]
    found = {fingerprint(replace(dataset(), **{part: other})) for other in others}
    assert len(found | {fingerprint(dataset())}) == array.size + 1


@pytest.mark.parametrize(
    "other",
    [
        Split(split().x.astype(np.float64), split().y),
        Split(split().x.view(np.int32), split().y),  # the same bytes
        Split(split().x.reshape(4, 2, 1), split().y),
        Split(split().x, split().y.reshape(4)),
        Split(split().x[::-1], split().y[::-1]),
        Split(split().x[:3], split().y[:3]),
    ],
    ids=["dtype", "dtype of the same bytes", "shape of x", "shape of y", "order", "fewer rows"],
)
def test_type_shape_and_order_change_it(other: Split) -> None:
    assert fingerprint(replace(dataset(), train=other)) != fingerprint(dataset())


def test_it_matters_which_rows_are_held_back() -> None:
    whole = dataset()
    assert whole.validation is not None
    together = Split(*(np.concatenate(pair) for pair in zip(whole.train, whole.validation, strict=True)))
    cuts = [replace(whole, train=together, validation=None)]
    for count in range(1, len(together.x)):
        parts = [Split(together.x[:count], together.y[:count]), Split(together.x[count:], together.y[count:])]
        cuts.append(replace(whole, train=parts[0], validation=parts[1]))
        cuts.append(replace(whole, train=parts[1], validation=parts[0]))
    found = [fingerprint(cut) for cut in cuts]
    assert len(set(found)) == len(found)
    assert found.count(fingerprint(whole)) == 1


def test_how_rows_lie_in_memory_does_not_matter() -> None:
    rows = split()
    wide = np.zeros((4, 5), np.float32)
    wide[:, 1:3] = rows.x
    for x in (wide[:, 1:3], np.asfortranarray(rows.x)):
        assert fingerprint(replace(dataset(), train=Split(x, rows.y))) == fingerprint(dataset())


# What a model says


@pytest.fixture
def run(work: Path) -> Path:
    Path("rows.csv").write_text("\n".join(ROWS) + "\n")
    Path("table.yaml").write_text(CONFIG)
    succeed("fit", "table.yaml", "--out", "run", "--quiet")
    return work / "run"


def data_of(run: str) -> str:
    origin = Model.load(Path(run, "model.npz")).origin
    assert origin is not None
    return origin.data


def test_summary_says_where_a_model_comes_from(run: Path) -> None:
    lines = succeed("summary", "run").out.splitlines()[-4:]
    config, dataset_line, rows, trained = (line.split(maxsplit=1) for line in lines)
    assert config == ["config", "table, seed 7"]
    assert dataset_line[0] == "dataset"
    assert dataset_line[1].startswith("{type: csv, ")
    assert rows == ["rows", f"train 4, validation 2, test 2; SHA-256 {data_of('run')[:16]}..."]
    assert trained == ["trained", f"by  mltrain {__version__}, NumPy {np.__version__}"]


def test_summary_says_all_of_it_as_json(run: Path) -> None:
    origin = succeed("summary", "run/model.npz", "--json").document["origin"]
    assert origin.pop("dataset")["type"] == "csv"
    assert origin == {
        "config": "table",
        "seed": 7,
        "data": data_of("run"),
        "rows": {"train": 4, "validation": 2, "test": 2},
        "environment": {
            "mltrain": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
        },
    }


def test_a_config_comes_from_nowhere(run: Path) -> None:
    assert "origin" not in succeed("summary", "table.yaml", "--json").document


def test_the_same_rows_elsewhere_are_the_same_data(run: Path) -> None:
    Path("elsewhere").mkdir()
    with gzip.open("elsewhere/other.csv.gz", "wb") as file:
        file.write(Path("rows.csv").read_bytes())
    moved = "dataset.path=elsewhere/other.csv.gz"
    succeed("fit", "table.yaml", "--out", "moved", "--quiet", "--set", moved, "--set", "name=other")
    assert data_of("moved") == data_of("run")


def test_another_seed_holds_other_rows_back(run: Path) -> None:
    succeed("fit", "table.yaml", "--out", "other", "--quiet", "--seed", "8")
    assert data_of("other") != data_of("run")


# Who notices


def test_evaluate_says_nothing_of_rows_that_are_the_same(run: Path) -> None:
    assert succeed("evaluate", "--model", "run").err == ""


def test_evaluate_warns_where_rows_have_changed(run: Path) -> None:
    before = succeed("evaluate", "--model", "run", "--json").document
    Path("rows.csv").write_text("\n".join([*ROWS, "8,2,16", "9,0,18"]) + "\n")
    done = succeed("evaluate", "--model", "run", "--json")
    assert done.err == CHANGED
    assert done.document["split"] == before["split"] == "test"


def test_evaluate_warns_of_a_single_changed_value(run: Path) -> None:
    seen = Model.load(run / "model.npz").config.dataset.load(7, run.parent).train.x
    number = int(seen[0, 0])
    Path("rows.csv").write_text("\n".join(ROWS).replace(f"\n{number},{number % 3},", f"\n{number}.5,{number % 3},"))
    assert succeed("evaluate", "--model", "run").err == CHANGED


def test_evaluate_does_not_compare_the_rows_of_another_file(run: Path) -> None:
    Path("other.csv").write_text("a,b,y\n1,2,3\n")
    assert mltrain("evaluate", "--model", "run", "--data", "other.csv")[::2] == (0, "")
