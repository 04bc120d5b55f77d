"""``mltrain fit --folds`` and ``--members``: what is trained, on which rows, and what comes of it."""

import csv
import math
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_runs import files, lesson, mltrain, pseudo_terminal, succeed

import mltrain as library
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model
from mltrain.search import trainings
from mltrain.search.processes import Context, Work

IRIS = (lesson("iris"), "--epochs", "5")
PENGUINS = (lesson("penguins"), "--epochs", "3")
DATA = Path(lesson("iris")).parents[1] / "data"


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows: list[dict[str, str]], name: str) -> list[float]:
    return [float(row[name]) for row in rows]


def test_every_row_is_held_out_once_and_the_document_has_each_fold_and_the_means() -> None:
    document = succeed("fit", *IRIS, "--set", "dataset.test_split=0", "--folds", "4", "--json").document
    assert [(one["repeat"], one["fold"], one["rows"]) for one in document["folds"]] == [
        (1, 1, 38), (1, 2, 38), (1, 3, 37), (1, 4, 37),
    ]  # fmt: skip
    losses = [one["loss"] for one in document["folds"]]
    assert document["mean"]["loss"] == pytest.approx(np.mean(losses), rel=1e-12)
    assert document["standard_error"]["loss"] == pytest.approx(np.std(losses, ddof=1) / math.sqrt(4), rel=1e-12)
    members, held_out = table("runs/iris-001/members.csv"), table(document["out_of_fold"])
    assert numbers(members, "fold_loss") == losses
    assert numbers(members, "epochs") == [5] * 4
    assert numbers(held_out, "row") == list(range(1, 151))
    assert list(held_out[0])[:5] == ["row", "repeat", "fold", "true_species", "predicted_species"]
    for fold, one in enumerate(document["folds"], 1):
        own = [row for row in held_out if row["fold"] == str(fold)]
        right = sum(row["true_species"] == row["predicted_species"] for row in own)
        assert one["metrics"]["accuracy"] == pytest.approx(right / len(own))
        per_class = [sum(row["true_species"] == name for row in own) for name in ("setosa", "versicolor", "virginica")]
        assert set(per_class) <= {12, 13}


@pytest.mark.parametrize("config", [IRIS, PENGUINS])
def test_a_fold_is_a_fit_on_the_same_rows(config: tuple[str, ...], work: Path) -> None:
    """``split_column`` says of each row what the fold does with it; the bytes of the network are the same."""
    more = ("--set", "dataset.validation_split=0.2", "--set", "dataset.test_split=0.1")
    document = succeed("fit", *config, *more, "--folds", "3", "--json", "--jobs", "2").document
    ensemble = library.load_model("latest")
    assert isinstance(ensemble, Ensemble)
    spec = ensemble.config.dataset
    read = library.load_config(config[0], [more[1], more[3]]).dataset
    raw = read.read(0, work)
    drawn = read.draw_folds(raw, 0, 3, raw.labels)
    source = table(str(DATA / Path(spec.path).name))
    for number, parts in enumerate(drawn):
        for row in source:
            row["part"] = ""
        for part, name in zip(parts, ("train", "validation", "test"), strict=True):
            for row in raw.row_numbers[part]:
                source[row - 1]["part"] = name
        with (work / "parts.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(source[0]))
            writer.writeheader()
            writer.writerows(row for row in source if row["part"])
        alone = ["dataset.path=" + str(work / "parts.csv"), "dataset.split_column=part", "dataset.test_split=0"]
        options = [word for text in alone for word in ("--set", text)]
        run = f"fold{number}"
        succeed("fit", *config, *options, "--out", run)
        found = succeed("evaluate", run, "--json").document
        assert found["loss"] == document["folds"][number]["loss"]
        assert found["metrics"] == document["folds"][number]["metrics"]
        model = library.load_model(run)
        assert model.network.parameters.tobytes() == ensemble.members[number].network.parameters.tobytes()
        assert model.preprocessing == ensemble.members[number].preprocessing


def test_numbers_do_not_depend_on_processes() -> None:
    found = []
    for jobs, out in (("1", "one"), ("3", "three")):
        succeed("fit", *IRIS, "--folds", "3", "--repeats", "2", "--jobs", jobs, "--out", out)
        found.append(files(Path(out)))
    one, three = found
    assert sorted(one) == ["config.yaml", "members.csv", "model.npz", "out_of_fold.csv"]
    for name in ("model.npz", "out_of_fold.csv", "config.yaml"):
        assert one[name] == three[name]


def test_a_file_is_read_once_for_all_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = DelimitedFile.blocks

    def counted(self: DelimitedFile) -> Any:
        opened.append(self.name)
        return original(self)

    monkeypatch.setattr(DelimitedFile, "blocks", counted)
    succeed("fit", *IRIS, "--epochs", "1", "--quiet", "--out", "alone")
    alone = len(opened)
    succeed("fit", *IRIS, "--epochs", "1", "--folds", "5", "--repeats", "2", "--jobs", "1")
    assert len(opened) == 2 * alone > 0


def test_repeats_divide_the_rows_otherwise_and_have_the_next_seeds() -> None:
    succeed("fit", *IRIS, "--folds", "3", "--repeats", "2")
    succeed("fit", *IRIS, "--folds", "3", "--seed", "1", "--set", "dataset.test_split=0", "--out", "next")
    members = table("runs/iris-001/members.csv")
    assert [(row["repeat"], row["fold"], row["seed"]) for row in members] == [
        (str(repeat), str(fold), str(repeat - 1)) for repeat in (1, 2) for fold in (1, 2, 3)
    ]
    held_out = table("runs/iris-001/out_of_fold.csv")
    assert len(held_out) == 2 * 75
    folds = [{row["row"]: row["fold"] for row in held_out if row["repeat"] == repeat} for repeat in ("1", "2")]
    assert folds[0].keys() == folds[1].keys()
    assert folds[0] != folds[1]


def test_the_test_rows_of_the_dataset_are_in_no_fold_and_evaluate_measures_on_them() -> None:
    done = succeed("fit", *IRIS, "--folds", "3")
    succeed("fit", *IRIS, "--out", "alone")
    assert "note: the 75 rows of the test are in no fold; mltrain evaluate measures on them\n" in done.err
    held_out = {int(row["row"]) for row in table("runs/iris-001/out_of_fold.csv")}
    spec = library.load_config(IRIS[0]).dataset
    raw = spec.read(0, Path())
    assert held_out == {int(number) for number in raw.row_numbers[spec.draw(raw, 0).train]}
    found = succeed("evaluate", "runs/iris-001", "--json").document
    assert (found["split"], found["samples"], found["members"]["count"]) == ("test", 75, 3)


@pytest.mark.parametrize("config", ["iris", "penguins", "xor", "quadratic"])
def test_without_test_rows_each_row_is_evaluated_by_the_network_that_held_it_out(config: str) -> None:
    """Classes, numbers, two classes of one output, and rows of no table."""
    none = ("--set", "dataset.test_split=0", "--set", "dataset.validation_split=0.2", "--epochs", "3")
    fitted = succeed("fit", lesson(config), *none, "--folds", "3", "--json").document
    document = succeed("evaluate", "--json", "--confidence", "0.9").document
    rows = [fold["rows"] for fold in fitted["folds"]]
    assert (document["split"], document["samples"]) == ("out of fold", sum(rows))
    for name in ("accuracy", "mean_absolute_error"):
        if name in document["metrics"]:
            means = [fold["metrics"][name] for fold in fitted["folds"]]
            assert document["metrics"][name] == pytest.approx(np.average(means, weights=rows), rel=1e-5)
    if config != "penguins":  # there each fold has a scale of its own for the target, and for its loss
        losses = [fold["loss"] for fold in fitted["folds"]]
        assert document["loss"] == pytest.approx(np.average(losses, weights=rows), rel=1e-4)
    low, high = document["confidence"]["intervals"]["loss"]
    assert low < document["loss"] < high


def test_a_model_without_its_run_says_that_it_has_seen_all_rows() -> None:
    succeed("fit", *IRIS, "--set", "dataset.test_split=0", "--set", "dataset.validation_split=0.2", "--folds", "3")
    Path("runs/iris-001/out_of_fold.csv").unlink()
    done = succeed("evaluate", "--json")
    assert (done.document["split"], done.document["samples"]) == ("train", 150)
    assert "each of these rows was trained on by most of the folds" in done.err
    Path("runs/iris-001/out_of_fold.csv").write_text("row,repeat,fold,true_species,predicted_species\n1,1,1,a,b\n")
    assert "is not what mltrain wrote of the folds of this model" in mltrain("evaluate").err


def test_members_have_seeds_one_after_the_other_and_what_is_bought_is_said() -> None:
    done = succeed("fit", *IRIS, "--members", "3", "--jobs", "2", "--json")
    assert [one["seed"] for one in done.document["members"]] == [0, 1, 2]
    succeed("fit", *IRIS, "--seed", "2", "--set", "dataset.split_seed=0", "--out", "third")
    ensemble, third = library.load_model("latest"), library.load_model("third")
    assert isinstance(ensemble, Ensemble)
    assert ensemble.members[2].network.parameters.tobytes() == third.network.parameters.tobytes()
    singles = [Model.evaluate(member, library.load_config(IRIS[0]).dataset.load(0, Path()).test) for member in ensemble.members]  # fmt: skip  # noqa: E501
    document = succeed("evaluate", "--json").document
    assert document["members"] == {
        "count": 3,
        "mean": {
            "loss": pytest.approx(np.mean([one.loss for one in singles]), rel=1e-12),
            "accuracy": pytest.approx(np.mean([one.metrics["accuracy"] for one in singles]), rel=1e-12),
        },
    }
    assert "mean of 3 alone" in succeed("evaluate").out


def test_an_ensemble_predicts_the_mean_of_its_members() -> None:
    succeed("fit", *PENGUINS, "--folds", "3")
    ensemble = library.load_model("latest")
    assert isinstance(ensemble, Ensemble)
    row = {"species": "Adelie", "island": "Dream", "bill_length_mm": 40, "bill_depth_mm": 18, "flipper_length_mm": 190, "sex": "male", "year": 2008}  # fmt: skip  # noqa: E501
    alone = [float(member.predict([row])[0, 0]) for member in ensemble.members]
    assert len(set(alone)) == 3
    assert float(ensemble.predict([row])[0, 0]) == pytest.approx(np.mean(alone), rel=1e-6)
    words = ",".join(f"{name}={value}" for name, value in row.items())
    (found,) = succeed("predict", "--x", words, "--json").document["predictions"]
    assert found["y"] == [float(ensemble.predict([row])[0, 0])]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("--folds", "60"),
            "error: --folds 60: class 'setosa' has 25 rows, so not every fold would have one; ask for 25",
        ),
        (("--folds", "3", "--members", "2"), "--folds and --members: the folds are members of an ensemble already"),
        (("--repeats", "2"), "error: --repeats goes with --folds"),
        (("--jobs", "2"), "error: --jobs goes with --folds or --members"),
        (("--folds", "2", "--live"), "error: --live cannot go with --folds: it is about one training"),
        (("--folds", "2", "--init-from", "x"), "--init-from cannot go with --folds: the model may have seen rows"),
        (("--members", "2", "--frames", "3"), "error: --frames cannot go with --members: it is about one training"),
        (("--folds", "3", "--repeats", "2", "--set", "dataset.split=chronological"), "error: --repeats: rows in the"),
        (("--folds", "60", "--set", "dataset.group=petal_width"), "the rows are of 7 groups, and a group cannot be"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], expected: str) -> None:
    done = mltrain("fit", *IRIS, *words)
    assert done.code in (2, 3)
    assert expected in done.err
    assert done.err.splitlines()[-1].startswith("error: ")
    assert not Path("runs").exists()


def test_an_ensemble_that_no_file_can_hold_is_refused_before_it_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    succeed("fit", *PENGUINS, "--folds", "2", "--out", "two")
    with np.load("two/model.npz", allow_pickle=False) as file:
        monkeypatch.setattr("mltrain.inference.model.MOST_META", len(str(file["meta"])) + 500)
    done = mltrain("fit", *PENGUINS, "--folds", "5")
    assert done.code == 3
    assert "error: a model keeps its config and the names of columns and categories" in done.err
    assert "fold 1" not in done.err
    assert not Path("runs").exists()


def test_resume_is_refused() -> None:
    succeed("fit", *IRIS, "--folds", "2")
    assert "--resume goes on with one training" in mltrain("fit", "--resume", "runs/iris-001", "--folds", "2").err
    assert "holds no checkpoint.npz" in mltrain("fit", "--resume", "runs/iris-001").err


def test_a_fold_that_diverges_is_named() -> None:
    ends = [
        mltrain("fit", *IRIS, "--folds", "2", "--jobs", jobs, "--set", "optimizer.learning_rate=1e30")
        for jobs in ("1", "2")
    ]
    for done in ends:
        assert done.code == 4
        assert "\nerror: fold 1 of 2: " in done.err
    assert len({done.err.partition("\nerror: ")[2] for done in ends}) == 1
    assert not Path("runs").exists()


def test_networks_with_several_inputs_have_folds_and_members(work: Path) -> None:
    (work / "embeds.yaml").write_text(
        f"dataset: {{type: csv, path: {DATA / 'penguins.csv'}, target: body_mass_g, missing: drop, "
        "columns: {species: index}}\n"
        "layers:\n"
        "  - {type: embedding, name: kinds, inputs: [species], input_dim: 5, output_dim: 2}\n"
        "  - {type: flatten, name: flat, inputs: [kinds]}\n"
        "  - {type: concatenate, inputs: [flat, input]}\n"
        "  - {type: dense, units: 1}\n"
        "loss: mse\nmetrics: [r2]\ntraining: {epochs: 1}\n"
    )
    row = "Gentoo,Dream,50.2,18.7,198,female,2009"
    for name, more in {"folds": ("--folds", "3"), "members": ("--members", "2")}.items():
        succeed("fit", "embeds.yaml", *more, "--out", name)
        assert succeed("evaluate", name, "--json").document["samples"] == 333
        (one,) = succeed("predict", name, "--x", row, "--json").document["predictions"]
        members = library.load_model(name).networks()
        assert len(members) == int(more[1])
        assert math.isfinite(one["y"][0])
        assert len(succeed("why", name, "--json", "--repeats", "1").document["importance"]) == 7


def test_a_fold_that_learns_nothing_of_a_class_is_a_warning(work: Path) -> None:
    rows = "".join(f"{row},{'new' if row > 8 else 'xy'[row % 2]}\n" for row in range(1, 13))
    (work / "rows.csv").write_text(f"a,kind\n{rows}")
    (work / "rows.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: kind}\nlayers: [{type: dense, units: 3, activation: softmax}]\n"
        "loss: sparse_categorical_crossentropy\ntraining: {epochs: 1}\n"
    )
    done = succeed("fit", "rows.yaml", "--folds", "2", "--set", "dataset.split=chronological")
    assert "warning: fold 2 of 2 is tested on 'new', of which it has no row to learn from\n" in done.err
    assert "no row to learn from" not in succeed("fit", "rows.yaml", "--folds", "2").err


def test_the_first_fold_that_fails_is_named_whichever_is_done_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def backwards(work: Sequence[Work[Any]], *_: Any) -> Iterator[tuple[int, Any]]:
        context = Context(lambda: False, lambda _: None)
        return ((number, work[number](context)) for number in reversed(range(len(work))))

    monkeypatch.setattr(trainings, "in_processes", backwards)
    done = mltrain("fit", *IRIS, "--folds", "3", "--set", "optimizer.learning_rate=1e30")
    assert (done.code, "\nerror: fold 1 of 3: " in done.err) == (4, True)
    shown = [line.split()[1] for line in succeed("fit", *IRIS, "--folds", "3").err.splitlines() if line[:5] == "fold "]
    assert shown == ["1/3", "2/3", "3/3"]


def test_the_loss_of_folds_is_on_the_scale_of_all_their_rows() -> None:
    """As it is for a network that learned from all of these rows: by hand, from what the folds said."""
    succeed("fit", *PENGUINS, "--folds", "3", "--set", "dataset.test_split=0", "--quiet")
    rows = table("runs/penguins-001/out_of_fold.csv")
    true, predicted = (np.array(numbers(rows, f"{what}_body_mass_g")) for what in ("true", "predicted"))
    expected = np.square((predicted - true) / true.std()).mean()
    assert succeed("evaluate", "--json").document["loss"] == pytest.approx(expected, rel=1e-5)
    for more in ((), ("--folds", "3")):
        succeed("fit", *PENGUINS, *more, "--quiet")
    single, folds = (succeed("evaluate", name, "--json").document for name in ("penguins-002", "penguins-003"))
    scale = single["loss"] / (1 - single["metrics"]["r2"])  # of the test rows, on the scale of the others
    for measured in ({"loss": folds["loss"], **folds["metrics"]}, folds["members"]["mean"]):
        assert measured["loss"] / (1 - measured["r2"]) == pytest.approx(scale, rel=1e-3)


def test_ctrl_c_leaves_nothing_behind(work: Path) -> None:
    with pseudo_terminal("fit", IRIS[0], "--epochs", "100000000", "--folds", "2", "--jobs", "2") as terminal:
        terminal.wait_for("cross-validating")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.wait_for_end() == 130
    assert not list(work.rglob("*.npz"))
    assert not (work / "runs").exists()
