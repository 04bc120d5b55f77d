"""Importance, dependence and contributions of models whose answers are known in closed form."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from mltrain import fit
from mltrain.data.base import Split
from mltrain.errors import UsageError
from mltrain.explain.association import association, correlated_groups, correlated_pairs
from mltrain.explain.caveats import outside, says_nothing, share_outside, shared_credit
from mltrain.explain.columns import columns_of
from mltrain.explain.contributions import has_slopes, integrated_gradients, sampled_shapley_values, shapley_values
from mltrain.explain.dependence import answers_of, dependence
from mltrain.explain.importance import permutation_importance
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions

pytestmark = pytest.mark.filterwarnings("ignore::mltrain.errors.MltrainWarning")

RNG = np.random.default_rng(5)

TABLE = """
dataset: {type: csv, path: rows.csv, target: weight, standardize_target: false}
layers: [LAYERS]
loss: mse
optimizer: adam
metrics: [r2]
training: {epochs: EPOCHS}
"""
KINDS, DATES = ("cat", "dog", "hen"), ("2021-03-01", "2021-09-15", "2022-02-28", "2023-12-31")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty rows of numbers with gaps, names and dates."""
    folder = tmp_path_factory.mktemp("rows")
    lines = ["length,kind,seen,serial,weight"]
    for row in range(60):
        length = "" if row % 7 == 3 else f"{3 + row % 11 / 4}"
        lines.append(f"{length},{KINDS[row % 3]},{DATES[row % 4]},{20_000_000 + row % 5},{row % 13}")
    (folder / "rows.csv").write_text("\n".join(lines))
    return folder


def fitted(folder: Path, layers: str, epochs: int = 0, changes: tuple[str, ...] = ()) -> Model:
    (folder / "table.yaml").write_text(TABLE.replace("LAYERS", layers).replace("EPOCHS", str(epochs)))
    return fit(folder / "table.yaml", list(changes))


def rows_of(model: Model, folder: Path) -> Split:
    return model.config.dataset.load(0, folder, model.preprocessing).train


@pytest.fixture(scope="module")
def linear(folder: Path) -> Model:
    """A linear network of random weights, which gives the weight of each row exactly by its own answer."""
    model = fitted(folder, "{type: dense, units: 1}")
    return model.with_parameters(RNG.normal(size=model.parameter_count).astype(np.float32))


@pytest.fixture(scope="module")
def curved(folder: Path) -> Model:
    return fitted(folder, "{type: dense, units: 8, activation: tanh}, {type: dense, units: 1}", epochs=30)


def slopes(model: Model) -> np.ndarray:
    """The weight of each input of a linear model, in the units of the inputs."""
    return model.network.arrays["dense.kernel"][:, 0] * np.array(model.preprocessing.inputs.scale)


def test_every_input_belongs_to_one_column_of_the_file(linear: Model, folder: Path) -> None:
    columns = columns_of(linear)
    assert [column.name for column in columns] == ["length", "kind", "seen", "serial"]
    features = linear.preprocessing.table.features
    assert sorted(np.concatenate([column.inputs for column in columns])) == list(range(len(features)))
    for column in columns:
        assert all(features[place].startswith(column.name) for place in column.inputs)


def test_cells_become_the_inputs_that_they_came_from(linear: Model, folder: Path) -> None:
    """Rows without gaps: a gap is no cell of its own among numbers."""
    x = rows_of(linear, folder).x
    length = columns_of(linear)[0]
    x = x[x[:, length.inputs[-1]] == 0]
    for column in columns_of(linear):
        np.testing.assert_allclose(column.encoded(column.cells(x)), x[:, column.inputs], rtol=1e-6)


def test_importance_of_a_linear_model_is_twice_the_variance_of_what_a_column_adds(linear: Model, folder: Path) -> None:
    rows = rows_of(linear, folder)
    rows = Split(rows.x, linear.outputs(rows.x))
    groups = [[column] for column in columns_of(linear)]
    found = permutation_importance(linear, rows, groups, repeats=400)
    assert found.measures["loss"] == pytest.approx(0, abs=1e-9)
    expected = {}
    for column in columns_of(linear):
        added = rows.x[:, column.inputs].astype(np.float64) @ slopes(linear)[column.inputs]
        expected[column.name] = 2 * added.var()
    for one in found.columns:
        error = one.spread() / 20
        assert one.mean() == pytest.approx(expected[one.name], abs=4 * error)
        # Of a model without an error, 1 - r2 is the loss in units of the variance.
        np.testing.assert_allclose(-one.changes["r2"], one.changes["loss"] / rows.y.var(), rtol=1e-4)
    assert [one.name for one in found.columns] == sorted(expected, key=lambda name: -expected[name])
    one, again = (permutation_importance(linear, rows, groups, repeats=5) for _ in range(2))
    assert all((a.changes["loss"] == b.changes["loss"]).all() for a, b in zip(one.columns, again.columns, strict=True))


def test_columns_that_are_shuffled_together_keep_what_they_say_of_each_other(linear: Model, folder: Path) -> None:
    rows = rows_of(linear, folder)
    rows = Split(rows.x, linear.outputs(rows.x))
    first, second, *_ = columns_of(linear)
    (found,) = permutation_importance(linear, rows, [[first, second]], repeats=400).columns
    places = np.concatenate([first.inputs, second.inputs])
    added = rows.x[:, places].astype(np.float64) @ slopes(linear)[places]
    assert found.columns == ("length", "kind")
    assert found.mean() == pytest.approx(2 * added.var(), abs=4 * found.spread() / 20)


def test_a_budget_draws_some_of_the_rows(linear: Model, folder: Path) -> None:
    rows = rows_of(linear, folder)
    many = Split(np.repeat(rows.x, 10, axis=0), np.repeat(rows.y, 10, axis=0))
    groups = [[column] for column in columns_of(linear)]
    assert permutation_importance(linear, many, groups, repeats=2, budget=1600).rows == 200
    assert permutation_importance(linear, many, groups, repeats=2, budget=1).rows == 100
    assert permutation_importance(linear, rows, groups, repeats=1, budget=1).columns[0].spread() == 0


def test_integrated_gradients_of_a_linear_model_are_its_weights_times_the_distance(linear: Model, folder: Path) -> None:
    x = rows_of(linear, folder).x
    mean = x.mean(axis=0)
    for row in x[:5]:
        found = integrated_gradients(linear, row, mean, columns_of(linear), 0)
        by_input = (row.astype(np.float64) - mean) * slopes(linear)
        expected = [by_input[column.inputs].sum() for column in columns_of(linear)]
        np.testing.assert_allclose(found.values, expected, rtol=1e-4, atol=1e-5)
        assert found.prediction == pytest.approx(float(linear.outputs(row[None])[0, 0]))
        assert found.gap == pytest.approx(0, abs=1e-4)


def test_contributions_add_up_for_every_kind_of_network(folder: Path, curved: Model) -> None:
    x = rows_of(curved, folder).x
    columns = columns_of(curved)
    for row in x[:4]:
        found = integrated_gradients(curved, row, x.mean(axis=0), columns, 0)
        assert abs(found.gap) <= 1e-3 * abs(found.prediction - found.base) + 1e-6
        exact = shapley_values(curved, row, x[:20], columns, 0)
        assert exact.gap == pytest.approx(0, abs=1e-9)
        assert exact.base == pytest.approx(float(curved.outputs(x[:20]).mean()), rel=1e-5)
        assert exact.prediction == pytest.approx(float(curved.outputs(row[None])[0, 0]), rel=1e-5)


def test_shapley_values_are_the_mean_over_all_orders(folder: Path, curved: Model) -> None:
    """Each order is gone through here, column by column."""
    x = rows_of(curved, folder).x
    columns, row, background = columns_of(curved), x[1], x[10:14]
    expected = np.zeros(len(columns))
    orders = list(permutations(range(len(columns))))
    for order in orders:
        known = background.copy()
        before = answers_of(curved, known)[:, 0].mean()
        for place in order:
            known[:, columns[place].inputs] = row[columns[place].inputs]
            after = answers_of(curved, known)[:, 0].mean()
            expected[place] += (after - before) / len(orders)
            before = after
    np.testing.assert_allclose(shapley_values(curved, row, background, columns, 0).values, expected, atol=1e-5)


def test_shapley_values_of_an_additive_model_are_what_each_column_adds(linear: Model, folder: Path) -> None:
    x = rows_of(linear, folder).x
    found = shapley_values(linear, x[3], x, columns_of(linear), 0)
    by_input = (x[3].astype(np.float64) - x.mean(axis=0, dtype=np.float64)) * slopes(linear)
    np.testing.assert_allclose(
        found.values, [by_input[column.inputs].sum() for column in columns_of(linear)], rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize(
    ("last", "loss"),
    [
        ("{type: dense, units: 3, activation: softmax}", "sparse_categorical_crossentropy"),
        ("{type: dense, units: 3}, softmax", "sparse_categorical_crossentropy"),
        ("{type: dense, units: 1, activation: sigmoid}", "binary_crossentropy"),
        ("{type: dense, units: 1, activation: sigmoid}", "mse"),
        ("{type: dense, units: 1}", "hinge"),
    ],
)
def test_contributions_to_the_probability_of_any_class_add_up(tmp_path: Path, last: str, loss: str) -> None:
    names = ["a", "b", "c"] if "units: 3" in last else [0, 1] if loss == "mse" else ["a", "b"]
    x = RNG.normal(size=(30, 3)).round(3).tolist()
    y = [names[row % len(names)] for row in range(30)]
    (tmp_path / "classes.yaml").write_text(
        f"dataset: {{type: inline, x: {x}, y: {y}}}\nlayers: [{{type: dense, units: 6, activation: tanh}}, {last}]\n"
        f"loss: {loss}\noptimizer: {{type: adam, learning_rate: 0.05}}\ntraining: {{epochs: 20}}\n"
    )
    model = fit(tmp_path / "classes.yaml")
    rows = np.array(x, np.float32)
    outputs = len(answers_of(model, rows)[0])
    assert outputs == (1 if loss == "mse" and model.classes is None else len(names))
    for output in range(outputs):
        found = integrated_gradients(model, rows[0], rows.mean(axis=0), columns_of(model), output)
        assert found.columns == ("x_1", "x_2", "x_3")
        assert found.prediction == pytest.approx(answers_of(model, rows[:1])[0, output])
        assert abs(found.gap) <= 1e-3 * abs(found.prediction - found.base) + 1e-6
        exact = shapley_values(model, rows[0], rows[:5], columns_of(model), output)
        assert exact.gap == pytest.approx(0, abs=1e-9)


def test_networks_without_slopes_have_shapley_values(tmp_path: Path) -> None:
    (tmp_path / "side.yaml").write_text(
        "dataset: {type: line_side, slope: 1.2, intercept: 50, size: 400, samples: 40}\n"
        "layers: [{type: dense, units: 1, activation: step}]\nloss: perceptron\ntraining: {epochs: 3}\n"
    )
    model = fit(tmp_path / "side.yaml")
    x = model.config.dataset.load(0, tmp_path).train.x
    assert not has_slopes(model)
    assert shapley_values(model, x[0], x[:9], columns_of(model), 1).gap == pytest.approx(0, abs=1e-12)


def test_sampled_shapley_values_are_near_the_exact_ones_and_add_up(folder: Path, curved: Model) -> None:
    x = rows_of(curved, folder).x
    assert has_slopes(curved)
    exact = shapley_values(curved, x[1], x[10:14], columns_of(curved), 0)
    sampled = sampled_shapley_values(curved, x[1], x[10:14], columns_of(curved), 0)
    assert sampled.gap == pytest.approx(0, abs=1e-9)
    assert (sampled.base, sampled.prediction) == pytest.approx((exact.base, exact.prediction))
    np.testing.assert_allclose(sampled.values, exact.values, atol=0.1 * np.abs(exact.values).max())


def test_contributions_of_an_ensemble_are_the_mean_of_those_of_its_members(folder: Path) -> None:
    """Members of folds read a row in their own ways; each slope is that of the member's own inputs."""
    from mltrain.cli import app
    from mltrain.inference.ensemble import Ensemble

    fitted(folder, "{type: dense, units: 4, activation: tanh}, {type: dense, units: 1}")
    app(
        ["fit", str(folder / "table.yaml"), "--folds", "3", "--epochs", "8", "--out", str(folder / "folds"), "-q"],
        standalone_mode=False,
    )
    model = Model.load(folder / "folds" / "model.npz")
    assert isinstance(model, Ensemble)
    rows = rows_of(model, folder)
    columns = columns_of(model)
    assert [column.name for column in columns] == ["length", "kind", "seen", "serial"]
    assert sum(len(column.inputs) for column in columns) == rows.x.shape[1]
    mean = rows.x.mean(axis=0)
    whole = integrated_gradients(model, rows.x[2], mean, columns, 0)
    assert abs(whole.gap) <= 1e-3 * abs(whole.prediction - whole.base) + 1e-6
    alone = [
        integrated_gradients(member, rows.x[2, places], mean[places], columns_of(member), 0).values
        for member, places in model.networks()
    ]
    np.testing.assert_allclose(whole.values, np.mean(alone, axis=0), rtol=1e-2, atol=2e-3)
    groups = [[column] for column in columns]
    assert len(permutation_importance(model, rows, groups, repeats=2).columns) == 4


def test_dependence_is_the_prediction_with_one_column_replaced(folder: Path, curved: Model) -> None:
    x = rows_of(curved, folder).x
    cells = {"length": 4.25, "kind": "dog", "seen": DATES[1]}
    for column in columns_of(curved)[:3]:
        found = dependence(curved, column, x[:6], x)
        place = found.cells.index(cells[column.name])
        table = curved.preprocessing.table
        names = [one.name for one in table.columns]
        texts = [dict(zip(names, row, strict=True)) for row in table.decode(x[:6])]
        changed = curved.predict([{**row, column.name: cells[column.name]} for row in texts])
        has_gap = x[:6, columns_of(curved)[0].inputs[-1]] == 1  # a decoded row has what stands in for its gap
        kept = np.ones(6, bool) if column.name == "length" else ~has_gap
        np.testing.assert_allclose(found.individual[kept, place, 0], changed[kept, 0], rtol=1e-4)
        np.testing.assert_allclose(found.mean, found.individual.mean(axis=0))
        assert found.is_ordered == (column.name != "kind")


def test_grids_go_over_the_range_that_was_seen(linear: Model, folder: Path) -> None:
    length, kind, seen, serial = columns_of(linear)
    x = rows_of(linear, folder).x
    assert length.grid(x) == [3 + step / 4 for step in range(11)]
    assert sorted(map(str, kind.grid(x))) == list(KINDS)
    assert seen.grid(x) == list(DATES)
    assert serial.grid(x) == [20_000_000.0 + step for step in range(5)]
    many = np.repeat(x[:1], 100, axis=0)
    many[:, length.inputs[0]] = np.arange(100)
    assert length.grid(many)[0] == 0
    assert length.grid(many)[-1] == 99
    assert len(length.grid(many)) == 25


def test_associations_of_known_tables() -> None:
    up = np.arange(50.0)
    assert association(up, np.exp(up / 10), True, True) == pytest.approx(1)
    assert association(up, -(up**3), True, True) == pytest.approx(1)
    assert association(up, np.zeros(50), True, True) == 0
    assert association(np.arange(50) % 2, 1 - np.arange(50) % 2, False, False) == pytest.approx(1, abs=0.02)
    assert association(np.arange(60) % 2, np.arange(60) % 3, False, False) == 0
    assert association(up, (up >= 25).astype(float), True, False) == pytest.approx(np.sqrt(0.75), abs=0.02)
    assert association(np.arange(60) % 2, np.arange(60.0) % 3, False, True) == 0


def test_spearman_with_ties_by_hand() -> None:
    # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: the sums of products about 2.5 are 4.5, of squares 4.5 and 5.
    assert association(np.array([1.0, 2, 2, 3]), np.array([1.0, 3, 2, 4]), True, True) == pytest.approx(
        4.5 / np.sqrt(4.5 * 5)
    )


def test_a_chain_of_pairs_is_one_group(tmp_path: Path) -> None:
    first = RNG.normal(size=40)
    x = np.stack([first, first * 2, RNG.normal(size=40), -first], axis=1)
    (tmp_path / "four.yaml").write_text(
        f"dataset: {{type: inline, x: {x.round(4).tolist()}, y: {first.round(4).tolist()}}}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\ntraining: {epochs: 1}\n"
    )
    columns = columns_of(fit(tmp_path / "four.yaml"))
    pairs = correlated_pairs(x.astype(np.float32), columns)
    assert {(pair.first, pair.second) for pair in pairs} == {("x_1", "x_2"), ("x_1", "x_4"), ("x_2", "x_4")}
    groups = correlated_groups(columns, pairs[:2])
    assert [[column.name for column in group] for group in groups] == [["x_1", "x_2", "x_4"], ["x_3"]]
    assert "x_1 and x_2 1.00" in str(shared_credit(pairs, together=False))
    assert shared_credit(pairs, together=True) is None
    assert shared_credit([], together=False) is None


def test_a_model_that_says_nothing_is_named(linear: Model, folder: Path) -> None:
    rows = rows_of(linear, folder)
    assert "no better than the mean" in str(says_nothing(Predictions(linear, rows), rows))
    assert says_nothing(Predictions(linear, Split(rows.x, linear.outputs(rows.x))), rows) is None


def test_a_classifier_that_always_says_the_majority_is_named(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(
        "dataset: {type: inline, x: [[0], [1], [2], [3]], y: [low, low, low, high]}\n"
        "layers: [{type: dense, units: 1, activation: sigmoid, kernel_initializer: zeros, bias_initializer: {type: "
        "constant, value: -1}}]\nloss: binary_crossentropy\ntraining: {epochs: 0}\n"
    )
    model = fit(tmp_path / "two.yaml")
    rows = model.config.dataset.load(0, tmp_path).train
    assert "right on 75.0% of these rows, and who always says 'low' is on 75.0%" in str(
        says_nothing(Predictions(model, rows), rows)
    )
    right = model.with_parameters(np.array([2, -5], np.float32))
    assert says_nothing(Predictions(right, rows), rows) is None


def test_numbers_outside_of_the_rows_learned_from_are_named(linear: Model, folder: Path) -> None:
    x = rows_of(linear, folder).x
    columns = columns_of(linear)
    row = x[0].copy()
    assert outside(columns, row, x) == []
    row[columns[0].inputs[0]] = 9
    row[columns[3].inputs[0]] = -10
    first, second = outside(columns, row, x)
    assert first.startswith("length is 9, and the model learned from 3 to 5.5")
    assert second.startswith("serial is ")
    strange = np.concatenate([x, row[None]])
    assert str(share_outside(columns, strange, x)).startswith("1 of the 61 rows has a number outside")
    assert "(length, serial)" in str(share_outside(columns, strange, x))
    assert share_outside(columns, x, x) is None


def test_exact_values_are_for_up_to_ten_columns(tmp_path: Path) -> None:
    (tmp_path / "wide.yaml").write_text(
        f"dataset: {{type: inline, x: {np.eye(11).tolist()}, y: {list(range(11))}}}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\ntraining: {epochs: 0}\n"
    )
    model = fit(tmp_path / "wide.yaml")
    x = np.eye(11, dtype=np.float32)
    with pytest.raises(UsageError, match="11 columns have 2,048 of them; it takes up to 10"):
        shapley_values(model, x[0], x, columns_of(model), 0)
    assert len(shapley_values(model, x[0], x[:2], columns_of(model)[:10], 0).values) == 10
