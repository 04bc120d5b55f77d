"""Expected calibration error by hand; the temperature against a grid, and in every place that gives probabilities."""

import json
from pathlib import Path

import numpy as np
import pytest

from mltrain import fit
from mltrain.data.base import Split
from mltrain.errors import DataError, ModelFileError
from mltrain.explain.calibration import best_temperature, calibration, calibration_of
from mltrain.export.reference import run_steps
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions
from mltrain.inference.steps import inference_steps
from mltrain.inference.temperature import with_temperature

pytestmark = pytest.mark.filterwarnings("ignore::mltrain.errors.MltrainWarning")

RNG = np.random.default_rng(11)
X = RNG.normal(size=(120, 2)).round(3)
NOISY = (X[:, 0] + RNG.normal(size=120) * 0.8 > 0).astype(int) + (X[:, 1] > 0.9)
LAST = {
    "softmax": ("{type: dense, units: 3, activation: softmax}", "sparse_categorical_crossentropy"),
    "apart": ("{type: dense, units: 3}, {type: dropout, rate: 0.1}, softmax", "sparse_categorical_crossentropy"),
    "sigmoid": ("{type: dense, units: 1, activation: sigmoid}", "binary_crossentropy"),
}


def fitted(tmp_path: Path, kind: str, seed: int = 0) -> tuple[Model, Split]:
    last, loss = LAST[kind]
    y = [["a", "b", "c"][one] for one in (np.minimum(NOISY, 1) if kind == "sigmoid" else NOISY)]
    (tmp_path / "noisy.yaml").write_text(
        f"dataset: {{type: inline, x: {X.tolist()}, y: {y}}}\nlayers: [{{type: dense, units: 16, activation: relu}}, "
        f"{last}]\nloss: {loss}\noptimizer: {{type: adam, learning_rate: 0.05}}\ntraining: {{epochs: 60}}\n"
    )
    model = fit(tmp_path / "noisy.yaml", [f"seed={seed}"])
    return model, model.config.dataset.load(0, tmp_path).train


def at(model: Model, temperature: float, x: np.ndarray) -> np.ndarray:
    """The probabilities at a temperature, from the scores, in float64."""
    arrays = {name: array.astype(np.float64) for name, array in model.network.arrays.items()}
    hidden = np.maximum(x.astype(np.float64) @ arrays["dense.kernel"] + arrays["dense.bias"], 0)
    z = (hidden @ arrays["dense_1.kernel"] + arrays["dense_1.bias"]) / temperature
    if z.shape[1] == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=1)
    shares = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def test_expected_error_by_hand() -> None:
    # Two classes: bins from 50% in steps of 5%. 52% and 54% share one; 80% and 81% another.
    found = calibration(np.array([0.52, 0.54, 0.8, 0.81, 1.0]), np.array([True, False, True, True, True]), 2)
    assert found.counts.tolist() == [2, 0, 0, 0, 0, 0, 2, 0, 0, 1]
    assert found.error == pytest.approx((2 * abs(0.53 - 0.5) + 2 * (1 - 0.805) + 0) / 5)


@pytest.mark.parametrize("kind", LAST)
def test_the_temperature_is_the_best_of_a_grid(tmp_path: Path, kind: str) -> None:
    model, rows = fitted(tmp_path, kind)
    found = best_temperature(model, rows)
    truth = rows.y.ravel().astype(int)

    def loss(temperature: float) -> float:
        return float(-np.log(at(model, temperature, rows.x)[np.arange(len(truth)), truth]).mean())

    grid = np.geomspace(0.05, 20, 2001)
    best = grid[np.argmin([loss(one) for one in grid])]
    assert found == pytest.approx(best, rel=5e-3)
    assert loss(found) <= loss(best) + 1e-7


@pytest.mark.parametrize("kind", LAST)
def test_probabilities_are_those_of_the_divided_scores_everywhere(tmp_path: Path, kind: str) -> None:
    model, rows = fitted(tmp_path, kind)
    changed = with_temperature(model, 2.5)
    expected = at(model, 2.5, rows.x)
    np.testing.assert_allclose(changed.probabilities(changed.predict(rows.x)), expected, atol=1e-5)
    assert changed.predict_labels(rows.x) == model.predict_labels(rows.x)
    changed.save(tmp_path / "changed.npz")
    loaded = Model.load(tmp_path / "changed.npz")
    assert loaded.temperature == 2.5
    np.testing.assert_array_equal(loaded.predict(rows.x), changed.predict(rows.x))
    np.testing.assert_allclose(run_steps(inference_steps(loaded), rows.x), loaded.predict(rows.x), atol=1e-6)
    back = with_temperature(loaded, 1.0)
    assert back.temperature == 1
    np.testing.assert_allclose(back.predict(rows.x), model.predict(rows.x), atol=1e-6)
    # Another temperature is in place of the first, not on top of it.
    again = with_temperature(changed, 0.5)
    np.testing.assert_allclose(again.probabilities(again.predict(rows.x)), at(model, 0.5, rows.x), atol=1e-5)
    truth = rows.y.ravel().astype(int)
    assert changed.evaluate(rows).loss == pytest.approx(-np.log(expected[np.arange(120), truth]).mean(), rel=1e-5)


def test_calibration_of_a_model_is_that_of_its_probabilities(tmp_path: Path) -> None:
    model, rows = fitted(tmp_path, "softmax")
    shares = at(model, 1.0, rows.x)
    found = calibration_of(Predictions(model, rows))
    right = shares.argmax(axis=1) == rows.y
    assert found.counts.sum() == 120
    assert (found.confidence * found.counts[found.counts > 0]).sum() == pytest.approx(shares.max(axis=1).sum())
    assert (found.right * found.counts[found.counts > 0]).sum() == pytest.approx(right.sum())


def test_an_ensemble_has_one_temperature_for_all_members(tmp_path: Path) -> None:
    models = [fitted(tmp_path, "softmax", seed)[0] for seed in (0, 1)]
    rows = fitted(tmp_path, "softmax")[1]
    model = Ensemble.of(models[0].config, models, [Role(seed=0), Role(seed=1)], None)
    changed = with_temperature(model, 2.0)
    expected = np.mean([at(one, 2.0, rows.x) for one in models], axis=0)
    np.testing.assert_allclose(changed.predict(rows.x), expected, atol=1e-5)
    changed.save(tmp_path / "both.npz")
    loaded = Model.load(tmp_path / "both.npz")
    np.testing.assert_array_equal(loaded.predict(rows.x), changed.predict(rows.x))
    np.testing.assert_allclose(with_temperature(loaded, 1).predict(rows.x), model.predict(rows.x), atol=1e-6)
    grid = np.geomspace(0.2, 5, 200)
    losses = [with_temperature(model, one).evaluate(rows).loss for one in grid]
    assert best_temperature(model, rows) == pytest.approx(grid[np.argmin(losses)], rel=0.02)


def test_a_model_that_was_not_calibrated_has_the_same_file_as_before(tmp_path: Path) -> None:
    model, _ = fitted(tmp_path, "softmax")
    model.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as file:
        assert "temperature" not in json.loads(str(file["meta"]))


@pytest.mark.parametrize("value", [0, -1, "hot", True, None, [1], 1e999])
def test_a_temperature_that_cannot_be_is_a_damaged_file(tmp_path: Path, value: object) -> None:
    model, _ = fitted(tmp_path, "softmax")
    with_temperature(model, 2).save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as file:
        arrays = dict(file)
    meta = json.loads(str(arrays.pop("meta"))) | {"temperature": value}
    np.savez(tmp_path / "model.npz", meta=np.array(json.dumps(meta)), **arrays)
    with pytest.raises(ModelFileError, match="its meta is incomplete"):
        Model.load(tmp_path / "model.npz")


def test_rows_that_are_all_right_fit_no_temperature(tmp_path: Path) -> None:
    model, rows = fitted(tmp_path, "softmax")
    said = Split(rows.x, model.predict(rows.x).argmax(axis=1).astype(np.int32))
    with pytest.raises(DataError, match="all of them are predicted right"):
        best_temperature(model, said)


@pytest.mark.parametrize(
    ("layers", "loss", "why"),
    [
        ("{type: dense, units: 1}", "mse", "gives no probabilities"),
        ("{type: dense, units: 3}, batch_normalization, softmax", "sparse_categorical_crossentropy", "batch_norm"),
        ("{type: dense, units: 3, activation: relu}, softmax", "sparse_categorical_crossentropy", "'dense'"),
    ],
)
def test_networks_without_a_place_for_a_temperature(tmp_path: Path, layers: str, loss: str, why: str) -> None:
    y = NOISY.tolist() if loss == "mse" else [["a", "b", "c"][one] for one in NOISY]
    (tmp_path / "other.yaml").write_text(
        f"dataset: {{type: inline, x: {X.tolist()}, y: {y}}}\nlayers: [{layers}]\nloss: {loss}\n"
        "training: {epochs: 1}\n"
    )
    with pytest.raises(DataError, match=why):
        with_temperature(fit(tmp_path / "other.yaml"), 2)


def test_a_smoothed_loss_does_not_ask_for_a_smoothed_temperature(tmp_path: Path) -> None:
    y = np.eye(3, dtype=int)[NOISY].tolist()
    (tmp_path / "smooth.yaml").write_text(
        f"dataset: {{type: inline, x: {X.tolist()}, y: {y}}}\n"
        "layers: [{type: dense, units: 16, activation: relu}, {type: dense, units: 3, activation: softmax}]\n"
        "loss: {type: categorical_crossentropy, label_smoothing: 0.3}\noptimizer: {type: adam, learning_rate: 0.05}\n"
        "training: {epochs: 60}\n"
    )
    model = fit(tmp_path / "smooth.yaml")
    rows = model.config.dataset.load(0, tmp_path).train
    grid = np.geomspace(0.05, 20, 1001)
    losses = [-np.log(at(model, one, rows.x)[np.arange(120), NOISY]).mean() for one in grid]
    assert best_temperature(model, rows) == pytest.approx(grid[np.argmin(losses)], rel=0.01)
