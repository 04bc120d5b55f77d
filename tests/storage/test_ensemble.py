"""Ensembles: the mean of several networks, in one file that is checked as any model file is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_models import CLASSIFIER, meta_of, rewrite, rewrite_meta

from mltrain.backends.base import Evaluation
from mltrain.config.load import parse_config
from mltrain.data.base import Dataset, Split
from mltrain.data.tables.side_by_side import SideBySide
from mltrain.errors import DataError, ModelFileError
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.inference.model import Model
from mltrain.inference.model_file import ModelFile
from mltrain.job import prepare

REGRESSION = """
dataset: {type: linear, slope: 2, intercept: 1, x: [0, 1, 2, 3, 4, 5]}
layers:
  - {type: dense, units: 3, activation: tanh, kernel_regularizer: {type: l2, l2: 0.1}}
  - {type: dense, units: 1}
loss: mean_squared_error
metrics: [r2, mean_absolute_error]
"""

BINARY = """
dataset: {type: inline, x: [[0, 1], [1, 0], [1, 1], [2, 2]], y: [0, 1, 1, 0]}
layers: [{type: dense, units: 1, activation: sigmoid}]
loss: binary_crossentropy
metrics: [accuracy, f1]
"""

TABLE = """
dataset: {type: csv, path: pets.csv, target: kind}
layers: [{type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
metrics: [accuracy]
"""

PETS = "age,colour,kind\n1,red,cat\n2,red,dog\n3,,cat\n4,blue,dog\n5,red,cat\n,blue,dog\n"


def ensemble_of(text: str, seeds: int = 3, folder: Path = Path()) -> tuple[Ensemble, Dataset]:
    """Untrained networks of several seeds, on the same rows."""
    job = prepare(parse_config(text, folder / "some.yaml"), folder)
    models = [job.fresh(seed).model([]) for seed in range(seeds)]
    roles = [Role(seed=seed) for seed in range(seeds)]
    return Ensemble.of(job.config, models, roles, job.origin), job.dataset


def of_other_rows(folder: Path) -> tuple[Ensemble, Dataset]:
    """Networks of a table whose members learned from other rows, and so read it otherwise."""
    (folder / "pets.csv").write_text(PETS)
    config = parse_config(TABLE, folder / "some.yaml")
    raw = config.dataset.read(0, folder)
    parts = config.dataset.draw_folds(raw, 0, 3, raw.labels)
    models = []
    for one in parts:
        dataset = raw.split(one)
        job = prepare(config, folder)
        models.append(Model(config, job.network, dataset.row_spec, dataset.preprocessing))
    models = [
        Model(model.config, fresh(model, number), model.row_spec, model.preprocessing)
        for number, model in enumerate(models)
    ]
    roles = [Role(seed=0, repeat=1, fold=fold) for fold in (1, 2, 3)]
    ensemble = Ensemble.of(config, models, roles, None)
    return ensemble, config.dataset.load(0, folder, ensemble.preprocessing)


def fresh(model: Model, seed: int) -> Any:
    from mltrain.engine.network import Network

    network = Network(model.config.layers, model.row_spec.inputs)
    network.initialize(np.random.default_rng(seed))
    return network


def same(one: Evaluation, other: Evaluation) -> None:
    assert one.loss == pytest.approx(other.loss, rel=2e-6)
    assert one.metrics == pytest.approx(other.metrics, rel=2e-6)
    assert (one.confusion is None) == (other.confusion is None)
    if one.confusion is not None and other.confusion is not None:
        assert one.confusion.tolist() == other.confusion.tolist()


@pytest.mark.parametrize("text", [CLASSIFIER, REGRESSION, BINARY])
def test_an_ensemble_of_one_network_several_times_is_that_network(text: str) -> None:
    job = prepare(parse_config(text, "some.yaml"), Path())
    model = job.model([])
    ensemble = Ensemble.of(job.config, [model] * 3, [Role(seed=0)] * 3, None)
    rows = job.dataset.train
    assert np.allclose(ensemble.outputs(rows.x), model.outputs(rows.x), rtol=1e-6)
    same(ensemble.evaluate(rows), model.evaluate(rows))


@pytest.mark.parametrize("text", [CLASSIFIER, REGRESSION, BINARY])
def test_outputs_are_the_mean_and_the_loss_is_that_of_the_mean(text: str) -> None:
    ensemble, dataset = ensemble_of(text)
    x = dataset.train.x
    mean = np.mean([member.outputs(x).astype(np.float64) for member in ensemble.members], axis=0)
    assert np.array_equal(ensemble.predict(x), mean.astype(np.float32))
    found = ensemble.evaluate(dataset.train)
    if text == CLASSIFIER:
        expected = -np.log(mean[np.arange(3), dataset.train.y]).mean()
    elif text == BINARY:
        target = np.array([0, 1, 1, 0])
        expected = -np.log(np.where(target, mean[:, 0], 1 - mean[:, 0])).mean()
    else:
        penalty = np.mean([0.1 * np.square(member.network.arrays["dense.kernel"]).sum() for member in ensemble.members])
        expected = np.square(mean - dataset.train.y).mean() + penalty
    assert found.loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("text", [CLASSIFIER, REGRESSION, BINARY])
def test_a_file_holds_all_of_it(text: str, tmp_path: Path) -> None:
    ensemble, dataset = ensemble_of(text)
    ensemble.save(tmp_path / "model.npz")
    again = Model.load(tmp_path / "model.npz")
    assert isinstance(again, Ensemble)
    assert (again.roles, again.config, again.origin) == (ensemble.roles, ensemble.config, ensemble.origin)
    assert np.array_equal(again.predict(dataset.train.x), ensemble.predict(dataset.train.x))
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "model.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    assert len(meta_of(tmp_path / "model.npz")["rows"]) == 1


def test_members_that_learned_from_other_rows_each_read_a_table_in_their_own_way(tmp_path: Path) -> None:
    ensemble, dataset = of_other_rows(tmp_path)
    ensemble.save(tmp_path / "model.npz")
    again = Model.load(tmp_path / "model.npz")
    assert isinstance(again.preprocessing.table, SideBySide)
    rows = [{"age": 3, "colour": "green"}, {"age": None, "colour": "red"}]
    alone = np.mean([member.predict(rows).astype(np.float64) for member in ensemble.members], axis=0)
    for model in (ensemble, again):
        assert np.array_equal(model.predict(rows), alone.astype(np.float32))
        assert model.evaluate(dataset.train).loss == pytest.approx(ensemble.evaluate(dataset.train).loss)
    assert np.array_equal(ensemble.predict([[3, "green"], ["", "red"]]), ensemble.predict(rows))
    widths = [member.row_spec.input_shape[0] for member in ensemble.members]
    assert ensemble.row_spec.input_shape == (sum(widths),)
    own = [member.evaluate([{"age": 1, "colour": "red", "kind": "cat"}]).loss for member in ensemble.members]
    x = ensemble.evaluate_members(Split(dataset.train.x[:1], dataset.train.y[:1]))
    assert [one.loss for one in x] == own


def test_new_cells_are_counted_once(tmp_path: Path) -> None:
    from mltrain.inference.tables import open_for, predict_blocks

    ensemble, _ = of_other_rows(tmp_path)
    (tmp_path / "new.csv").write_text("age,colour\n,green\n2,red\n")
    with open_for(ensemble, tmp_path / "new.csv") as source:
        list(predict_blocks(ensemble, source))
        found = source.novelties.sentences()
    assert found == [
        "values that are rare or new to the model count as other: 1 in 'colour' ('green')",
        "missing values were filled in: 1 in 'age'",
    ]


def another_scale(meta: Any) -> None:
    """One member of rows that are not a table has a preprocessing of its own."""
    meta["rows"].append({**meta["rows"][0], "inputs": {"scale": 2.0, "shift": 0.0}})
    meta["members"][1]["rows"] = 1


def broken(change: Callable[[Any], None]) -> Callable[[Path], None]:
    return lambda path: rewrite_meta(path, change)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (broken(lambda meta: meta.update(format=1)), "its meta is incomplete; the file is damaged"),
        (broken(lambda meta: meta.update(format=3)), "has format 3, but this mltrain reads format 1 or 2"),
        (broken(lambda meta: meta.update(members=[])), "its meta is incomplete; the file is damaged"),
        (broken(lambda meta: meta.update(rows=[])), "its meta is incomplete; the file is damaged"),
        (broken(lambda meta: meta["members"][1].update(rows=1)), "its meta is incomplete; the file is damaged"),
        (broken(lambda meta: meta["members"][1].update(seed=-1)), "its meta is incomplete; the file is damaged"),
        (
            broken(lambda meta: meta["members"][1].update(refit={"epochs": 1, "held_out": {"loss": float("nan")}})),
            "its meta is incomplete; the file is damaged",
        ),
        (
            broken(lambda meta: meta["members"][1].update(refit={"epochs": 1, "held_out": {"r2": 0.5}})),
            "its meta is incomplete; the file is damaged",
        ),
        (broken(lambda meta: meta["rows"][0].update(input_shape=[3])), "the array 'member_1.dense.kernel' is float32"),
        (broken(lambda meta: meta["members"].append(meta["members"][0])), "lacks the array 'member_4.dense.kernel'"),
        (broken(lambda meta: meta.pop("config")), "its meta is incomplete; the file is damaged"),
        (
            broken(another_scale),
            "the members of an ensemble read the same columns, or rows that are not preprocessed",
        ),
        (lambda path: rewrite(path, lambda members: members.pop("member_2.dense.bias")), "lacks the array 'member_2"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_in_a_line(change: Callable[[Path], None], expected: str, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    ensemble_of(CLASSIFIER)[0].save(path)
    change(path)
    with pytest.raises(ModelFileError) as caught:
        Model.load(path)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_other_files_of_a_run_are_not_read_as_ensembles(tmp_path: Path) -> None:
    ensemble_of(CLASSIFIER)[0].save(tmp_path / "model.npz")
    with pytest.raises(ModelFileError, match=r"has format 2, but this mltrain reads format 1$"):
        ModelFile(tmp_path / "model.npz")


def test_a_second_training_is_the_longest_of_the_members_and_the_mean_of_what_all_reached(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    ensemble_of(CLASSIFIER)[0].save(path)
    said = [{"loss": 1.5e308, "accuracy": 0.5}, {"loss": 1e308}, {"loss": 0.5e308, "accuracy": 1.0}]

    def trained_again(meta: Any) -> None:
        for epochs, (member, held_out) in enumerate(zip(meta["members"], said, strict=True), 3):
            member["refit"] = {"epochs": epochs, "held_out": held_out}

    rewrite_meta(path, trained_again)
    refit = Model.load(path).refit
    assert refit is not None
    assert refit.epochs == 5
    assert refit.held_out == {"loss": pytest.approx(1e308)}


def test_nothing_starts_from_an_ensemble() -> None:
    job = prepare(parse_config(CLASSIFIER, "some.yaml"), Path())
    with pytest.raises(DataError, match="an ensemble has several networks"):
        job.start_from(ensemble_of(CLASSIFIER)[0])
