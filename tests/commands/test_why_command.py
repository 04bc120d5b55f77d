"""``mltrain why``: of a model, of a prediction and of an image; what is saved; and what it refuses."""

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from command_runs import CONFIGS, lesson, mltrain, succeed

from mltrain.commands import why
from mltrain.explain.columns import ColumnInputs
from mltrain.explain.contributions import Contributions
from mltrain.inference.model import Model
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.answers import class_answers
from mltrain.views.terminal.why import BarRow, Bars

PENGUINS = lesson("penguins")
OF_SPECIES = ["dataset.target=species", "dataset.validation_split=0.3", "loss=sparse_categorical_crossentropy"]
OF_SPECIES += ["metrics=[accuracy]", "layers.1={type: dense, units: 3, activation: softmax}"]
OF_0_1_0 = Path(__file__).parents[1] / "models_of_0_1_0"
ROW = "Chinstrap,Dream,50.2,18.7,198,female,2009"


def fit(folder: Path, name: str, *words: str, epochs: int = 20, config: str = PENGUINS) -> None:
    succeed("fit", config, "--epochs", str(epochs), "--out", str(folder / name), "--quiet", *words)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of numbers, one of classes, folds, one that has learned nothing, and one of images."""
    folder = tmp_path_factory.mktemp("trained")
    changes = [word for change in OF_SPECIES for word in ("--set", change)]
    fit(folder, "heavy")
    fit(folder, "species", *changes, epochs=8)
    fit(folder, "folds", "--folds", "3", "--set", "dataset.test_split=0", epochs=3)
    fit(folder, "nothing", "--set", "layers.1.kernel_initializer=zeros", epochs=0)
    (folder / "images.yaml").write_text(
        "dataset: {type: shapes, samples: 60, size: 12, validation_split: 0.5}\n"
        "layers: [flatten, {type: dense, units: 3, activation: softmax}]\n"
        "loss: sparse_categorical_crossentropy\n"
    )
    fit(folder, "images", epochs=2, config=str(folder / "images.yaml"))
    return folder


@pytest.fixture
def runs(trained: Path, work: Path) -> Path:
    shutil.copytree(trained, work, dirs_exist_ok=True)
    return work


def test_a_model_says_which_columns_it_uses(runs: Path) -> None:
    done = succeed("why", "heavy")
    lines = done.out.splitlines()
    assert lines[0].startswith("importance  what shuffling a column changes on 67 rows (test), mean ± standard")
    assert lines[1].split() == ["column", "loss", "r2"]
    bars = {line.split()[0]: line.count("━") for line in lines[2:9]}
    assert set(bars) == {"species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "sex", "year"}
    assert list(bars.values()) == sorted(bars.values(), reverse=True)
    assert "species and bill_length_mm 0.8" in done.err
    document = succeed("why", "heavy", "--json").document
    assert list(document) == ["model", "split", "samples", "repeats", "measures", "importance", "correlated",
                              "dependence", "warnings"]  # fmt: skip
    means = [one["loss"]["mean"] for one in document["importance"]]
    assert means == sorted(means, reverse=True)
    assert all(len(one["loss"]["changes"]) == 10 for one in document["importance"])
    assert [one["column"] for one in document["dependence"]] == [one["columns"][0] for one in document["importance"]][
        :4
    ]
    first = document["dependence"][0]
    assert np.array(first["individual"]).shape == (67, len(first["values"]), 1)
    assert document["measures"]["loss"] == pytest.approx(
        succeed("evaluate", "heavy", "--json").document["loss"], rel=1e-5
    )


def test_correlated_columns_are_shuffled_as_one(runs: Path) -> None:
    done = succeed("why", "heavy", "--together", "--repeats", "2")
    assert "species + bill_length_mm + " in done.out
    assert "note: shuffled as one: species, bill_length_mm, bill_depth_mm, flipper_length_mm\n" in done.err
    assert "correlated" not in done.err
    document = succeed("why", "heavy", "--together", "--repeats", "2", "--json", "--column", "sex").document
    assert document["importance"][0]["columns"][:2] == ["species", "bill_length_mm"]
    assert document["repeats"] == len(document["importance"][0]["r2"]["changes"]) == 2
    assert [one["column"] for one in document["dependence"]] == ["sex"]
    assert document["dependence"][0]["values"] in (["male", "female"], ["female", "male"])


def test_classes_have_their_calibration(runs: Path) -> None:
    done = succeed("why", "species")
    assert "calibration  how often it is right, by how sure it is; expected error" in done.out
    document = succeed("why", "species", "--json").document
    found = document["calibration"]
    assert sum(found["counts"]) == 67
    filled = [count for count in found["counts"] if count]
    error = sum(
        count * abs(sure - right) / 67
        for count, sure, right in zip(filled, found["confidence"], found["right"], strict=True)
    )
    assert found["expected_error"] == pytest.approx(error)
    assert document["dependence"][0]["outputs"] == ["Adelie", "Chinstrap", "Gentoo"]


def test_a_temperature_is_saved_with_the_model(runs: Path) -> None:
    before = Model.load("species/model.npz")
    done = succeed("why", "species", "--calibrate", "--json")
    document = done.document
    after = Model.load("species/model.npz")
    assert after.temperature == document["temperature"] != 1
    assert set(document["expected_error"]) == {"validation", "test"}
    assert document["expected_error"]["validation"]["after"] < document["expected_error"]["validation"]["before"]
    kernel = "dense_1.kernel"
    np.testing.assert_allclose(
        after.network.arrays[kernel] * np.float32(after.temperature), before.network.arrays[kernel], rtol=1e-5
    )
    assert document["expected_error"]["test"]["after"] == pytest.approx(
        succeed("why", "species", "--json").document["calibration"]["expected_error"]
    )
    again = succeed("why", "species", "--calibrate").out
    assert again.startswith(f"temperature {after.temperature:.3f}, from 100 rows (validation); before it was")
    assert f"at temperature {after.temperature:.3f}" in succeed("why", "species").out


def test_a_temperature_from_a_file_does_not_look_at_the_test_rows(runs: Path) -> None:
    rows = Path(PENGUINS).parents[1] / "data" / "penguins.csv"
    lines = [line for line in rows.read_text().splitlines() if ",," not in line and not line.endswith(",")]
    Path("rows.csv").write_text("\n".join(line for line in lines if "NA" not in line))
    document = succeed("why", "species", "--calibrate", "--data", "rows.csv", "--json").document
    assert list(document["expected_error"]) == ["rows.csv"]


@pytest.mark.parametrize("exact", [False, True])
def test_a_prediction_is_the_sum_of_what_its_columns_add(runs: Path, exact: bool) -> None:
    words = ["--exact"] if exact else []
    document = succeed("why", "heavy", "--x", ROW, *words, "--json").document
    (one,) = document["explanations"]
    (found,) = one["outputs"]
    assert found["output"] == "body_mass_g"
    assert found["prediction"] == pytest.approx(
        succeed("predict", "heavy", "--x", ROW, "--json").document["predictions"][0]["y"][0]
    )
    assert found["base"] + sum(found["contributions"].values()) == pytest.approx(found["sum"])
    assert found["sum"] == pytest.approx(found["prediction"], rel=1e-3)
    assert one["x"]["sex"] == "female"
    out = succeed("why", "heavy", "--x", ROW, *words).out.splitlines()
    assert ("exact Shapley values" if exact else "integrated gradients") in out[0]
    assert out[-1].startswith("check  ")
    assert {line.split()[0] for line in out[2:-1]} == set(found["contributions"])


def test_rows_of_a_file_are_explained_each(runs: Path) -> None:
    names = "species,island,bill_length_mm,bill_depth_mm,flipper_length_mm,sex,year"
    Path("new.csv").write_text("\n".join([names, *[ROW.replace("198", str(190 + row)) for row in range(7)]]))
    done = succeed("why", "heavy", "--input", "new.csv")
    assert done.out.count("check  ") == 5
    assert "5 of 7 rows are shown; --json has all" in done.err
    document = succeed("why", "heavy", "--input", "new.csv", "--json").document
    assert [one["x"]["flipper_length_mm"] for one in document["explanations"]] == [190 + row for row in range(7)]


def test_a_class_is_chosen_by_name(runs: Path) -> None:
    row = "Dream,50.2,18.7,198,3700,female,2009"
    names = ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex", "year"]
    cells = dict(zip(names, row.split(","), strict=True))
    text = ",".join(f"{name}={cell}" for name, cell in cells.items())
    shares = succeed("predict", "species", "--x", text, "--json").document["predictions"][0]["probabilities"]
    for name, share in shares.items():
        document = succeed("why", "species", "--x", text, "--of", name, "--json").document
        (found,) = document["explanations"][0]["outputs"]
        assert (found["output"], found["prediction"]) == (name, pytest.approx(share, rel=1e-5))
    (likeliest,) = succeed("why", "species", "--x", text, "--json").document["explanations"][0]["outputs"]
    assert likeliest["prediction"] == pytest.approx(max(shares.values()), rel=1e-5)


def test_what_misleads_is_a_warning(runs: Path) -> None:
    far = ROW.replace("198", "400")
    assert "flipper_length_mm is 400, and the model learned from 172 to 230" in succeed("why", "heavy", "--x", far).err
    assert "(species and bill_length_mm 0.85; " in succeed("why", "heavy", "--x", ROW).err
    assert "they share out what they add among them" in succeed("why", "heavy", "--x", ROW, "--exact").err
    assert "no better than the mean" in succeed("why", "nothing", "--x", ROW).err
    assert "no better than the mean" in succeed("why", "nothing").err


@pytest.mark.parametrize(("gap", "is_said"), [(0.05, False), (1.0, True)])
def test_a_sum_is_judged_by_the_size_of_the_contributions(
    runs: Path, monkeypatch: pytest.MonkeyPatch, gap: float, is_said: bool
) -> None:
    """Where they cancel each other, the prediction is close to where they start from, and any gap would look large."""
    values = np.array([10.0, -10.0, 0, 0, 0, 0, 0])

    def explained(*_: object, columns: Sequence[ColumnInputs], **__: object) -> Contributions:
        return Contributions("body_mass_g", 0.0, gap, tuple(column.name for column in columns), values)

    monkeypatch.setattr(why, "integrated_gradients", explained)
    assert ("lack" in succeed("why", "heavy", "--x", ROW).err) == is_said


def test_folds_are_explained_as_one_model(runs: Path) -> None:
    done = succeed("why", "folds", "--json")
    assert len(done.document["importance"]) == 7
    assert done.document["split"] == "out of fold"
    assert "note: each row is predicted by the network of the fold that held it out" in done.err
    (found,) = succeed("why", "folds", "--x", ROW, "--json").document["explanations"][0]["outputs"]
    assert found["sum"] == pytest.approx(found["prediction"], rel=1e-3)


@pytest.mark.parametrize(
    "changes",
    [(), ("--repeats", "2"), ("--set", "dataset.split=chronological"), ("--set", "dataset.group=island"),
     ("--set", "dataset.validation_split=0.2"), ("--set", "dataset.test_split=0.2")],
)  # fmt: skip
def test_columns_of_folds_are_shuffled_on_the_rows_that_each_held_out(work: Path, changes: tuple[str, ...]) -> None:
    """What the networks reach on the rows as they are is what evaluate says of them."""
    fit(work, "own", "--folds", "3", "--set", "dataset.test_split=0", *changes, epochs=1)
    document = succeed("why", "own", "--json", "--repeats", "1").document
    found = succeed("evaluate", "own", "--json").document
    assert (document["split"], document["samples"]) == (found["split"], found["samples"])
    assert document["measures"] == pytest.approx({"loss": found["loss"], **found["metrics"]}, rel=1e-5)
    assert document["split"] == ("test" if "dataset.test_split=0.2" in changes else "out of fold")


def test_folds_whose_rows_are_not_known_are_explained_by_what_they_learned_from(runs: Path) -> None:
    alone = runs / "alone"
    alone.mkdir()
    for name in ("model.npz", "config.yaml"):
        shutil.copy(runs / "folds" / name, alone / name)
    assert "trained on by most of the folds" in succeed("why", "alone").err


def test_folds_of_classes_are_calibrated_by_the_rows_that_each_held_out(work: Path) -> None:
    changes = [word for change in (*OF_SPECIES, "dataset.test_split=0") for word in ("--set", change)]
    fit(work, "kinds", "--folds", "3", *changes, epochs=2)
    document = succeed("why", "kinds", "--json", "--repeats", "1").document
    rows = list(csv.DictReader((work / "kinds" / "out_of_fold.csv").read_text("utf-8").splitlines()))
    sure = [max(float(value) for name, value in row.items() if name.startswith("probability_")) for row in rows]
    right = [row["true_species"] == row["predicted_species"] for row in rows]
    found = document["calibration"]
    counts = np.array(found["counts"])
    assert counts.sum() == len(rows)
    assert np.array(found["confidence"])[counts > 0] @ counts[counts > 0] == pytest.approx(sum(sure), rel=1e-5)
    assert np.array(found["right"])[counts > 0] @ counts[counts > 0] == pytest.approx(sum(right), rel=1e-5)


def test_folds_of_scores_and_of_images_are_measured_on_the_rows_that_each_held_out(work: Path) -> None:
    """A file of folds has no scores, and images have no columns."""
    scores = ("layers.1={type: dense, units: 1}", "loss=hinge", "metrics=[accuracy]", "dataset.test_split=0")
    fit(work, "hinge", "--folds=3", "--set=dataset.target=sex", *(f"--set={one}" for one in scores), epochs=2)
    rows = list(csv.DictReader((work / "hinge" / "out_of_fold.csv").read_text("utf-8").splitlines()))
    right = np.mean([row["true_sex"] == row["predicted_sex"] for row in rows])
    for command in ("evaluate", "why"):
        document = succeed(command, "hinge", "--json").document
        assert (document["split"], document["samples"]) == ("out of fold", len(rows))
        assert document.get("measures", document.get("metrics"))["accuracy"] == pytest.approx(right)
    small = ("dataset.samples=60", "dataset.test_split=0")
    fit(work, "seen", "--folds", "2", *(f"--set={one}" for one in small), epochs=1, config=lesson("shapes"))
    document = succeed("why", "seen", "--json").document
    assert (document["split"], sum(document["calibration"]["counts"])) == ("out of fold", 60)


def test_a_temperature_of_folds_is_in_what_is_said_of_the_rows_that_they_held_out(work: Path) -> None:
    changes = [word for change in (*OF_SPECIES, "dataset.test_split=0") for word in ("--set", change)]
    fit(work, "kinds", "--folds", "3", *changes, epochs=2)
    before = [succeed(command, "kinds", "--json").document for command in ("evaluate", "why")]
    lines = (CONFIGS.parent / "data" / "penguins.csv").read_text().splitlines()
    (work / "whole.csv").write_text("\n".join(line for line in lines if "NA" not in line.split(",")))
    succeed("why", "kinds", "--calibrate", "--data", "whole.csv")
    after = [succeed(command, "kinds", "--json").document for command in ("evaluate", "why")]
    assert after[0]["loss"] == pytest.approx(after[1]["measures"]["loss"], rel=1e-6)
    assert before[0]["loss"] == pytest.approx(before[1]["measures"]["loss"], rel=1e-6)
    assert after[0]["loss"] < before[0]["loss"]
    drawn = class_answers(SavedRun.read(work / "kinds")).calibration
    assert drawn.error == pytest.approx(after[1]["calibration"]["expected_error"], abs=1e-6)


def test_folds_are_calibrated_by_the_rows_that_they_held_out(work: Path) -> None:
    changes = [word for change in (*OF_SPECIES, "dataset.validation_split=0") for word in ("--set", change)]
    fit(work, "kinds", "--folds", "3", *changes, epochs=2)
    document = succeed("why", "kinds", "--calibrate", "--json").document
    assert set(document["expected_error"]) == {"out of fold", "test"}
    learned = document["loss"]["out of fold"]
    assert learned["after"] < learned["before"]
    assert document["expected_error"]["test"]["samples"] == 67
    assert document["loss"]["test"]["after"] == pytest.approx(succeed("evaluate", "kinds", "--json").document["loss"])
    assert class_answers(SavedRun.read(work / "kinds")).calibration.error == pytest.approx(
        document["expected_error"]["test"]["after"]
    )
    again = succeed("why", "kinds", "--calibrate", "--json").document
    assert again["temperature"] == pytest.approx(again["temperature_before"], rel=1e-3)


@pytest.mark.parametrize("name", ["classes", "line", "table", "images"])
def test_models_of_0_1_0_are_explained(work: Path, name: str) -> None:
    document = succeed("why", str(OF_0_1_0 / name), "--json").document
    assert ("importance" in document) == (name != "images")
    assert ("calibration" in document) == (name != "line")


def test_an_image_is_explained_by_what_the_network_looks_at(runs: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="images need the extra 'images'")
    image.fromarray(np.random.default_rng(0).integers(0, 255, (12, 12), np.uint8)).save("one.png")
    done = succeed("why", "images", "--input", "one.png")
    assert "Occlusion: covering a blue part takes from the probability" in done.out.replace("\n", " ")
    document = succeed("why", "images", "--input", "one.png", "--json").document
    assert np.array(document["occlusion"]).shape == np.array(document["gradient"]).shape == (12, 12)
    model = succeed("why", "images")
    assert "images have no columns: mltrain why --input IMAGE" in model.err
    assert model.out.startswith("calibration")


def test_an_ensemble_of_images_is_explained_by_the_mean_of_its_scores(runs: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="images need the extra 'images'")
    image.fromarray(np.random.default_rng(0).integers(0, 255, (12, 12), np.uint8)).save("one.png")
    shutil.copy(runs / "images.yaml", "two.yaml")
    fit(runs, "both", "--members", "2", epochs=1, config="two.yaml")
    found = np.array(succeed("why", "both", "--input", "one.png", "--json").document["gradient"])
    model = Model.load("both/model.npz")
    label = int(model.predict(np.asarray(image.open("one.png"), np.uint8)[None]).argmax())
    kernels = [member.network.arrays["dense.kernel"][:, label] for member, _ in model.networks()]
    np.testing.assert_allclose(found, np.abs(np.mean(kernels, axis=0)).reshape(12, 12), rtol=1e-5)


def test_names_in_numbers_have_no_slope_and_are_explained_all_the_same(work: Path) -> None:
    Path("rows.csv").write_text(
        "\n".join(["k,n,y", *(f"{'abcd'[row % 4]},{row},{row % 4 + row / 9}" for row in range(60))])
    )
    Path("index.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: y, columns: {k: index}}\n"
        "layers: [{type: embedding, name: e, inputs: [k], input_dim: 6, output_dim: 2}, {type: flatten, name: f},\n"
        "         {type: concatenate, inputs: [f, input]}, {type: dense, units: 1}]\n"
        "loss: mse\ntraining: {epochs: 3}\n"
    )
    succeed("fit", "index.yaml", "--out", "index", "--quiet")
    document = succeed("why", "index", "--x", "b,30", "--json").document
    assert document["method"] == "Shapley values of 200 orders"
    assert set(document["explanations"][0]["outputs"][0]["contributions"]) == {"k", "n"}
    assert {one["columns"][0] for one in succeed("why", "index", "--json").document["importance"]} == {"k", "n"}


def test_pictures_are_files(runs: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    done = succeed("why", "species", "--out", "drawn", "--json")
    assert done.document["pictures"] == [f"drawn/{name}.png" for name in ("importance", "dependence", "calibration")]
    assert succeed("why", "heavy", "--x", ROW, "--out", "drawn").out.endswith("\ndrawn/contributions.png\n")
    Path("drawn/importance.png").write_bytes(b"my own")
    assert mltrain("why", "species", "--out", "drawn").code == 2
    assert Path("drawn/importance.png").read_bytes() == b"my own"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("heavy", "--x", f"body_mass_g=3000,{ROW}"), "error: --x body_mass_g=3000,Chinstrap"),
        (("heavy", "--x", "body_mass_g=3000"), "body_mass_g is what the model predicts; leave it out"),
        (("heavy", "--x", "sexx=male"), "there is no column 'sexx' (did you mean 'sex'?)"),
        (("heavy", "--column", "flipper"), "--column flipper: there is no column 'flipper' (did you mean 'flipper_len"),
        (("heavy", "--column", "body_mass_g"), "--column body_mass_g: is what the model predicts"),
        (("heavy", "--calibrate"), "this model gives no probabilities to calibrate"),
        (("heavy", "--exact"), "--exact is about a prediction; name a row with --x"),
        (("heavy", "--x", ROW, "--together"), "--together is about the whole model; leave --x and --input out"),
        (("heavy", "--x", ROW, "--input", "rows.csv"), "choose one of them"),
        (("species", "--input", "one.png"), "takes no images: a row of its data is 10"),
        (("species", "--x", "year=2009", "--of", "Adelle"), "no such class; did you mean 'Adelie'?"),
        (("images", "--x", "1,2,3"), "takes images, which have no columns; mltrain why --input IMAGE shows"),
        (("images", "--column", "x"), "takes images, which have no columns"),
        (("species/model.npz", "--data", "none.csv"), "none.csv"),
        (("heavy", "--data", "one.csv"), "one.csv: 1 row; it takes 2 rows to shuffle a column among them"),
        (("alone.npz",), "--data FILE explains by the rows of a file, with their targets"),
        (("alone.npz", "--x", ROW), "--data FILE explains by the rows of a file, with their targets"),
    ],
)
def test_what_cannot_be_explained_is_one_line(runs: Path, words: tuple[str, ...], message: str) -> None:
    shutil.copy("heavy/model.npz", "alone.npz")
    lines = (Path(PENGUINS).parents[1] / "data" / "penguins.csv").read_text().splitlines()
    Path("one.csv").write_text("\n".join(lines[:2]))
    before = Path("heavy/model.npz").read_bytes()
    done = mltrain("why", *words)
    assert done.code == 2 or done.code == 3
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert Path("heavy/model.npz").read_bytes() == before


def test_no_temperature_without_validation_rows(runs: Path) -> None:
    fit(runs, "tested", *[w for c in [*OF_SPECIES, "dataset.validation_split=0"] for w in ("--set", c)], epochs=1)
    done = mltrain("why", "tested", "--calibrate")
    assert done.code == 2
    assert "--calibrate learns the temperature from validation rows, and this run has none" in done.err


@pytest.mark.parametrize("width", [40, 60, 80, 120, None])
def test_bars_fit_every_terminal(width: int | None) -> None:
    rows = [
        BarRow("a rather long name of a column", 3.0, ["+3.00 ± 0.10", "−0.500 ± 0.1"]),
        BarRow("b", -1.0, ["−1.00 ± 0.10", "+0.100 ± 0.1"]),
        BarRow("c", 0.0, ["0 ± 0", "0 ± 0"]),
    ]
    lines = [
        "".join(span.text for span in line).rstrip() for line in Bars(["column", "loss", "accuracy"], rows).lines(width)
    ]
    assert max(map(len, lines)) <= (width or 80)
    lines = [lines[0], *(line for line in lines if "│" in line)]  # a long name goes on below
    assert lines[1].rindex("━") > lines[1].index("│") > lines[2].rindex("━")
    assert lines[1].count("━") >= 3 * lines[2].count("━") - 2 > 0
    assert lines[3].count("━") == 0
    assert len({line.index("│") for line in lines[1:]}) == 1
