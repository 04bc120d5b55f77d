"""``mltrain compare``, and ``evaluate --confidence``: what rows show, and what they do not."""

import csv
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_runs import lesson, mltrain, succeed

import mltrain as library
from mltrain.config.convert import convert
from mltrain.data.base import Split
from mltrain.engine.metrics.base import Metric
from mltrain.inference.bootstrap import interval, mcnemar, resampled, resamples_for
from mltrain.inference.scores import Predictions, score

IRIS, PENGUINS = lesson("iris"), lesson("penguins")


DATA = Path(IRIS).parents[1] / "data"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classifiers, of which the second has hardly been trained, and two networks of numbers."""
    folder = tmp_path_factory.mktemp("trained")
    for config, epochs, name in (
        (IRIS, 40, "good"),
        (IRIS, 1, "poor"),
        (PENGUINS, 20, "heavy"),
        (PENGUINS, 1, "light"),
    ):
        succeed("fit", config, "--epochs", str(epochs), "--out", str(folder / name))
    return folder


@pytest.fixture
def two(trained: Path, work: Path) -> None:
    shutil.copytree(trained, work, dirs_exist_ok=True)


def binomial(count: int, least: int) -> float:
    """The two-sided exact test of a fair coin, in whole numbers."""
    return min(1.0, 2 * sum(math.comb(count, heads) for heads in range(least + 1)) / 2**count)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (3, 2), (9, 1), (0, 12), (700, 600), (40_000, 39_000)])
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    right = np.array([[True, False]] * first + [[False, True]] * second + [[True, True]] * 3 + [[False, False]])
    found = mcnemar(right[:, 0], right[:, 1])
    assert (found.only_first, found.only_second) == (first, second)
    if first + second < 5000:
        assert found.p == pytest.approx(binomial(first + second, min(first, second)), rel=1e-9)
    else:  # two-sided, by the normal distribution with a correction for whole numbers
        z = (abs(first - second) - 1) / math.sqrt(first + second)
        assert found.p == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-2)


def test_intervals_are_those_of_a_bootstrap_row_by_row() -> None:
    """Row numbers are drawn in Python here, and each measure is computed from the rows drawn."""
    model = library.fit(IRIS, ["training.epochs=5"])
    rows = model.config.dataset.load(0, Path(IRIS).parent).test
    assert rows is not None
    metrics = [convert(Metric, name) for name in ("accuracy", "f1", "top_k_accuracy", "precision")]
    (drawn,) = resampled([Predictions(model, rows)], metrics)
    assert {name: len(values) for name, values in drawn.items()} == dict.fromkeys(
        ["loss", *(metric.type_name() for metric in metrics)], resamples_for(len(rows.x))
    )
    rng = np.random.default_rng(3)
    again = []
    for _ in range(400):
        picked = rng.integers(0, len(rows.x), len(rows.x))
        found = score(Predictions(model, Split(rows.x[picked], rows.y[picked])), metrics)
        again.append({"loss": found.loss, **found.metrics})
    for name, values in drawn.items():
        other = np.array([one[name] for one in again])
        assert values.mean() == pytest.approx(other.mean(), abs=0.25 * values.std() + 1e-9)
        assert values.std() == pytest.approx(other.std(), rel=0.2, abs=1e-9)


@pytest.mark.parametrize("name", ["good", "heavy"])
def test_every_number_of_evaluate_gets_an_interval_around_it(name: str, two: None) -> None:
    document = succeed("evaluate", name, "--confidence", "0.9", "--json").document
    assert (document["confidence"]["level"], document["confidence"]["resamples"]) == (0.9, 2000)
    values = {"loss": document["loss"], **document["metrics"]}
    assert document["confidence"]["intervals"].keys() == values.keys()
    wide = succeed("evaluate", name, "--confidence", "0.99", "--json").document["confidence"]["intervals"]
    for measure, (low, high) in document["confidence"]["intervals"].items():
        assert low < values[measure] < high
        assert wide[measure][0] <= low < high <= wide[measure][1]
    assert succeed("evaluate", name, "--confidence", "0.9", "--json").document == document
    shown = succeed("evaluate", name, "--confidence", "0.9").out
    assert "90% interval" in shown.splitlines()[0]


def test_accuracy_of_many_rows_has_the_interval_of_a_share() -> None:
    values = np.random.default_rng(0).binomial(400, 0.9, 50_000) / 400
    assert interval(values, 0.95) == pytest.approx((0.87, 0.9275), abs=0.003)


def test_classifiers_are_compared_by_the_rows_that_one_alone_has_right(two: None) -> None:
    done = succeed("compare", "good", "poor", "--json")
    document, models = done.document, [library.load_model(name) for name in ("good", "poor")]
    rows = models[0].config.dataset.load(0, DATA).test
    assert rows is not None
    right = [np.array(model.predict_labels(rows.x)) == np.array(model.classes)[rows.y] for model in models]
    only = [int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())]
    assert document["mcnemar"] == {
        "only_first": only[0],
        "only_second": only[1],
        "p": pytest.approx(binomial(sum(only), min(only)), rel=1e-9),
    }
    assert document["better"] == "good/model.npz"
    accuracy = document["measures"]["accuracy"]
    assert accuracy["values"] == pytest.approx([one.mean() for one in right])
    assert accuracy["difference"] == pytest.approx(accuracy["values"][1] - accuracy["values"][0])
    assert accuracy["interval"][0] < accuracy["difference"] < accuracy["interval"][1] < 0
    assert document["sentence"].startswith(
        f"good is better: of the {sum(only)} rows that only one of the two has right"
    )
    turned = succeed("compare", "poor", "good", "--json").document
    assert turned["better"] == "good/model.npz"
    assert turned["measures"]["accuracy"]["difference"] == -accuracy["difference"]
    assert turned["measures"]["accuracy"]["interval"] == pytest.approx([-bound for bound in accuracy["interval"][::-1]])


def test_numbers_are_compared_by_the_first_metric(two: None) -> None:
    document = succeed("compare", "light", "heavy", "--json").document
    assert next(iter(document["measures"])) == "r2"
    assert document["better"] == "heavy/model.npz"
    assert document["sentence"].startswith("heavy is better: its r2 is higher by ")
    assert "mcnemar" not in document


def test_what_rows_do_not_show_is_said(two: None) -> None:
    succeed("fit", PENGUINS, "--epochs", "20", "--set", "layers.0.units=30", "--out", "other")
    document = succeed("compare", "heavy", "other", "--json").document
    assert document["better"] is None
    assert document["sentence"].startswith("These rows do not show that one is better: the r2 of ")
    shown = succeed("compare", "good", "good").out
    assert shown.startswith("good and good are right on the same rows, so nothing tells them apart here.")
    assert "have the same r2" in succeed("compare", "heavy", "heavy").out


def test_a_file_is_read_by_each_model_in_its_own_way(two: None, work: Path) -> None:
    """The second model was trained without one of the columns."""
    succeed("fit", IRIS, "--epochs", "40", "--set", "dataset.ignore=[petal_width]", "--seed", "4", "--out", "other")
    assert "name rows that neither has learned from" in mltrain("compare", "good", "other").err
    document = succeed("compare", "good", "other", "--data", str(DATA / "iris.csv"), "--json").document
    assert document["samples"] == 150


def test_models_of_other_columns_are_compared_on_what_both_held_back(two: None) -> None:
    succeed("fit", IRIS, "--epochs", "5", "--folds", "3", "--out", "folds")
    succeed("fit", IRIS, "--epochs", "5", "--set", "dataset.features=[petal_width]", "--out", "narrow")
    for name in ("folds", "narrow"):
        document = succeed("compare", "good", name, "--json").document
        assert (document["split"], document["samples"]) == ("test", 75)
    succeed("fit", IRIS, "--epochs", "5", "--set", "dataset.test_split=0.4", "--out", "fewer")
    assert "have not held back the same rows" in mltrain("compare", "good", "fewer").err


def test_cross_validations_are_compared_on_the_rows_that_their_folds_held_out() -> None:
    """Whatever the folds: each row is predicted by a network of either that had not seen it."""
    all_rows = ("--set", "dataset.test_split=0")
    succeed("fit", IRIS, *all_rows, "--epochs", "20", "--folds", "3", "--out", "one")
    succeed("fit", IRIS, *all_rows, "--epochs", "1", "--folds", "5", "--seed", "3", "--out", "other")
    document = succeed("compare", "one", "other", "--json").document
    assert (document["split"], document["samples"]) == ("out of fold", 150)
    assert document["better"] == "one/model.npz"
    right = []
    for name in ("one", "other"):
        with Path(name, "out_of_fold.csv").open(encoding="utf-8", newline="") as file:
            right.append([row["true_species"] == row["predicted_species"] for row in csv.DictReader(file)])
    only = [sum(a and not b for a, b in zip(*pair, strict=True)) for pair in (right, right[::-1])]
    assert [document["mcnemar"][name] for name in ("only_first", "only_second")] == only
    succeed("fit", IRIS, "--epochs", "1", "--folds", "3", "--out", "tested")
    assert "have not held back the same rows" in mltrain("compare", "one", "tested").err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("good", "heavy"), "error: good predicts species (one of setosa, versicolor, virginica), and heavy predicts"),
        (("good", "poor", "--confidence", "95"), "expected a share between 0 and 1, such as 0.95; write 95% as 0.95"),
        (("good", "poor", "--confidence", "0"), "error: --confidence 0: expected a share between 0 and 1"),
        (("good", "poor", "--data", "-"), "error: --data -: compare reads the rows once for each model; name a file"),
        (("good", "nothing"), "error: nothing: there is no such file or folder"),
        (("good", "poor", "--data", "lacks.csv"), "there is no column"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(words: tuple[str, ...], expected: str, two: None) -> None:
    Path("lacks.csv").write_text("a,b\n1,2\n")
    done = mltrain("compare", *words)
    assert done.code in (2, 3)
    assert expected in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_intervals_that_are_too_narrow_are_said_to_be(two: None, work: Path) -> None:
    lines = (DATA / "iris.csv").read_text().splitlines()
    (work / "few.csv").write_text("\n".join([lines[0], lines[60]]))
    few = "1 row is too few for an interval: below 20 rows, the bootstrap makes it too narrow"
    assert few in succeed("evaluate", "good", "--data", "few.csv", "--confidence", "0.9").err
    done = succeed("compare", "good", "poor", "--data", "few.csv")
    assert few in done.err
    assert "1 row (few.csv)" in done.out
    assert "too narrow" not in succeed("evaluate", "good", "--confidence", "0.9").err
    setosa = [line for line in lines if "setosa" in line][:30]
    (work / "setosa.csv").write_text("\n".join([lines[0], *setosa]))
    done = succeed("evaluate", "good", "--data", "setosa.csv", "--confidence", "0.9")
    assert "the interval of accuracy has no width, because all of these rows agree" in done.err.replace("\n", " ")
    assert "no width" not in succeed("evaluate", "good", "--confidence", "0.9").err
    for name in ("one", "two"):
        succeed("fit", PENGUINS, "--epochs", "1", "--set", "dataset.group=island", "--out", name)
    alike = "the interval is too narrow: rows of the same 'island' are alike"
    assert alike in succeed("evaluate", "one", "--confidence", "0.9").err
    assert succeed("compare", "one", "two").err.count(alike) == 1


def test_cross_validations_in_other_folds_have_losses_on_one_scale(work: Path) -> None:
    for name, folds in (("one", "3"), ("two", "4")):
        options = ("--epochs", "1", "--folds", folds, "--set", "dataset.test_split=0", "--out", name)
        succeed("fit", PENGUINS, *options)
    assert "loss" in succeed("compare", "one", "two", "--json").document["measures"]
