"""Weights of another model follow what columns and classes are called, and how their numbers are scaled."""

from pathlib import Path

import numpy as np
import pytest

import mltrain
from mltrain.config.load import parse_config
from mltrain.errors import DataError
from mltrain.inference.model import Model
from mltrain.job import TrainingJob, prepare

ROWS = [(1.5, 20.0, "cat", 3.0), (2.5, 10.0, "dog", 5.0), (0.5, 30.0, "emu", 7.0), (3.5, 40.0, "dog", 1.0)] * 3
NAMES = ("age", "size", "kind", "cost")


def write(folder: Path, columns: list[str], renamed: dict[str, str] | None = None, factor: float = 1) -> None:
    """The table with its columns in this order, and some of its names and words changed; ages times ``factor``."""
    renamed = renamed or {}
    lines = [",".join(renamed.get(name, name) for name in columns)]
    for row in ROWS:
        cells = dict(zip(NAMES, row, strict=True)) | {"age": row[0] * factor}
        lines.append(",".join(renamed.get(str(cells[name]), str(cells[name])) for name in columns))
    (folder / "t.csv").write_text("\n".join(lines))


def job_of(folder: Path, target: str = "kind", *, layers: str = "", **options: object) -> TrainingJob:
    if target == "kind":
        own, loss = "{type: dense, units: 3, activation: softmax}", "sparse_categorical_crossentropy"
    else:
        own, loss = "{type: dense, units: 1}", "mse"
    said = "".join(f", {name}: {value}" for name, value in options.items())
    text = (
        f"dataset: {{type: csv, path: t.csv, target: {target}{said}}}\n"
        f"layers: [{layers or '{type: dense, units: 5, activation: tanh}'}, {own}]\n"
        f"loss: {loss}\ntraining: {{epochs: 3}}"
    )
    return prepare(parse_config(text, str(folder / "t.yaml")), folder)


def trained(folder: Path, target: str = "kind", **options: object) -> Model:
    job = job_of(folder, target, **options)
    return job.model(list(job.train()))


def rows(kind: str | None = None) -> list[dict[str, float | str]]:
    return [{"age": 2.0, "size": 15.0, "cost": 4.0, **({"kind": kind} if kind else {})}]


def taken(job: TrainingJob, model: Model) -> list[str]:
    return [
        f"{start.layer}: {'taken' if start.taken else 'left'} {start.why}".strip() for start in job.start_from(model)
    ]


FOLLOW = "in another order here, and the weights follow"


def test_columns_in_another_order(tmp_path: Path) -> None:
    write(tmp_path, ["age", "size", "cost", "kind"])
    model = trained(tmp_path)
    write(tmp_path, ["cost", "kind", "age", "size"])
    job = job_of(tmp_path)
    assert taken(job, model) == [f"dense: taken its columns are {FOLLOW}", "dense_1: taken"]
    assert np.allclose(job.model([]).predict(rows()), model.predict(rows()), rtol=1e-5, atol=1e-6)


def test_the_same_columns_are_taken_to_the_byte(tmp_path: Path) -> None:
    write(tmp_path, ["age", "size", "cost", "kind"])
    model, job = trained(tmp_path, standardize="true"), job_of(tmp_path, standardize="true")
    assert taken(job, model) == ["dense: taken", "dense_1: taken"]
    assert np.array_equal(job.network.parameters, model.network.parameters)


def test_other_columns_and_other_classes_in_the_same_number(tmp_path: Path) -> None:
    write(tmp_path, ["age", "size", "cost", "kind"])
    model = trained(tmp_path)
    write(tmp_path, ["age", "size", "cost", "kind"], {"cost": "height"})
    assert taken(job_of(tmp_path), model) == [
        "dense: left left out: its inputs are other columns (height here, cost there)",
        "dense_1: taken",
    ]
    write(tmp_path, ["age", "size", "cost", "kind"], {"cat": "fox", "dog": "owl"})
    assert taken(job_of(tmp_path), model) == [
        "dense: taken",
        "dense_1: left left out: its outputs are for other classes (fox, owl here, cat, dog there)",
    ]


def test_classes_in_another_order(tmp_path: Path) -> None:
    inline = "dataset: {{type: npz, path: a.npz}}\nlayers: [{{type: dense, units: 2, activation: softmax}}]\n{}"
    text = inline.format("loss: sparse_categorical_crossentropy\ntraining: {epochs: 3}")
    np.savez(tmp_path / "a.npz", x=np.arange(8.0).reshape(4, 2), y=np.array(["no", "no", "yes", "yes"]))
    job = prepare(parse_config(text, str(tmp_path / "t.yaml")), tmp_path)
    model = job.model(list(job.train()))
    turned = Model(
        model.config,
        model.network,
        mltrain.data.base.RowSpec((2,), 1, ("yes", "no")),
        model.preprocessing,
        [],
        model.origin,
    )
    job = prepare(parse_config(text, str(tmp_path / "t.yaml")), tmp_path)
    assert taken(job, turned) == [f"dense: taken its classes are {FOLLOW}"]
    x = np.array([[1.0, 2.0]], np.float32)
    assert job.model([]).predict(x).tolist() == model.predict(x)[:, ::-1].tolist()


@pytest.mark.parametrize(("there", "here"), [("true", "false"), ("false", "true")])
@pytest.mark.parametrize("target", ["kind", "cost"])
def test_scaling_is_worked_into_the_weights(tmp_path: Path, target: str, there: str, here: str) -> None:
    write(tmp_path, ["age", "size", "cost", "kind"])
    scaled = {"standardize_target": there} if target == "cost" else {}
    model = trained(tmp_path, target, standardize=there, **scaled)
    write(tmp_path, ["cost", "kind", "age", "size"])
    job = job_of(tmp_path, target, standardize=here, **({"standardize_target": here} if scaled else {}))
    first, last = taken(job, model)
    assert "its inputs are scaled in another way here, and the weights make up for it" in first
    assert ("its targets are scaled in another way here, and the weights make up for it" in last) == bool(scaled)
    given = rows("dog" if target == "cost" else None)
    assert np.allclose(job.model([]).predict(given), model.predict(given), rtol=1e-4, atol=1e-5)


def test_other_units_are_asked_about(tmp_path: Path) -> None:
    write(tmp_path, ["age", "size", "cost", "kind"])
    model = trained(tmp_path, standardize="true")
    write(tmp_path, ["age", "size", "cost", "kind"], factor=1000)
    first, _ = taken(job_of(tmp_path, standardize="true"), model)
    assert first.endswith("are the units of age the same? Their numbers are not")


def test_what_weights_cannot_make_up_for(tmp_path: Path) -> None:
    write(tmp_path, ["age", "size", "cost", "kind"])
    bare = "{type: dense, units: 5, use_bias: false}"
    model = trained(tmp_path, standardize="true", layers=bare)
    assert taken(job_of(tmp_path, layers=bare, standardize="false"), model) == [
        "dense: left left out: its inputs are scaled in another way, and it has no bias to make up for it",
        "dense_1: taken",
    ]


def test_classes_are_no_numbers(tmp_path: Path) -> None:
    one = "dataset: {{type: inline, x: [1, 2, 3], y: {}}}\nlayers: [{{type: dense, units: 3{}}}]\nloss: {}"
    classes = one.format("[a, b, c]", ", activation: softmax", "sparse_categorical_crossentropy")
    model = prepare(parse_config(classes, tmp_path / "a.yaml"), tmp_path).model([])
    numbers = one.format("[[1, 2, 3], [4, 5, 6], [7, 8, 9]]", "", "mse")
    with pytest.raises(DataError, match="dense: left out: its outputs are numbers here and classes there"):
        prepare(parse_config(numbers, tmp_path / "b.yaml"), tmp_path).start_from(model)


def test_another_activation_is_said(tmp_path: Path) -> None:
    write(tmp_path, ["age", "size", "cost", "kind"])
    model = trained(tmp_path)
    job = job_of(tmp_path, layers="{type: dense, units: 5, activation: relu}")
    assert taken(job, model)[0] == "dense: taken its activation is relu here and tanh there"
