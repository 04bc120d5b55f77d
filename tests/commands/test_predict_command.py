"""``mltrain predict``: rows on the command line, answers on stdout."""

import math
from pathlib import Path

import pytest
from command_runs import NO_RUN, lesson, mltrain, succeed


@pytest.fixture
def line(work: Path) -> str:
    """The run of a network that says exactly y = 2x + 1."""
    kernel = "layers.0.kernel_initializer={type: constant, value: 2}"
    bias = "layers.0.bias_initializer=ones"
    succeed("fit", lesson("linear"), "--epochs", "0", "--set", kernel, "--set", bias)
    return "runs/linear-001"


def test_answers_go_to_stdout_and_the_model_to_stderr(line: str) -> None:
    done = mltrain("predict", "--x", "10")
    assert done == (0, "10  →  21\n", f"note: model {line}/model.npz\n")


def test_named_model_is_not_named_again(line: str) -> None:
    assert mltrain("predict", "--model", line, "--x", "10") == (0, "10  →  21\n", "")


def test_several_rows_and_negative_ones(line: str) -> None:
    done = mltrain("predict", "--x", "10", "--x", "-1", "--x=-1.5", "--x", "1e2", "--json")
    assert done.code == 0
    assert done.document == {
        "model": f"{line}/model.npz",
        "predictions": [
            {"x": [10.0], "y": [21.0]},
            {"x": [-1.0], "y": [-1.0]},
            {"x": [-1.5], "y": [-2.0]},
            {"x": [100.0], "y": [201.0]},
        ],
    }
    assert done.err == f"note: model {line}/model.npz\n"


def test_newest_run_is_taken(line: str) -> None:
    succeed("fit", lesson("concert"))
    done = mltrain("predict", "--x", "1,0,1,0,1", "--x", "0,1,0,1,0", "--json")
    assert done.err == "note: model runs/concert-001/model.npz\n"
    assert done.document["predictions"] == [
        {"x": [1, 0, 1, 0, 1], "y": [1.0], "label": "1"},
        {"x": [0, 1, 0, 1, 0], "y": [0.0], "label": "0"},
    ]


def test_classifier_adds_label_and_probabilities() -> None:
    succeed("fit", lesson("xor"), "--epochs", "1")
    (found,) = succeed("predict", "--x", "1,2", "--json").document["predictions"]
    assert list(found) == ["x", "y", "label", "probabilities"]
    assert list(found["probabilities"]) == ["orange", "blue"]
    assert found["probabilities"]["blue"] == found["y"][0]
    assert math.isclose(sum(found["probabilities"].values()), 1)
    assert found["label"] == max(found["probabilities"], key=found["probabilities"].get)


def test_classifier_says_the_class_first() -> None:
    changes = (
        "dataset={type: inline, x: [[0], [1]], y: [cat, dog]}",
        "layers.0.units=2",
        "layers.0.activation=softmax",
    )
    words = [word for change in changes for word in ("--set", change)]
    succeed("fit", lesson("linear"), *words, "--set", "loss=sparse_categorical_crossentropy", "--epochs", "0")
    assert succeed("predict", "--x", "0").out == "0  →  cat  cat 50.0%, dog 50.0%\n"


@pytest.mark.parametrize(
    ("x", "complaint"),
    [
        ("1,2", "the model takes 1 number a row, but here are 2"),
        ("one", "'one' is not a number; write them as in --x 1,2.5,-3"),
        ("1,", "'' is not a number; write them as in --x 1,2.5,-3"),
        ("1;2", "'1;2' is not a number; write them as in --x 1,2.5,-3"),
        ("nan", "'nan' is not a finite number"),
        ("-inf", "'-inf' is not a finite number"),
        ("1e39", "'1e39' is not a finite number"),
    ],
)
def test_bad_x_is_named(line: str, x: str, complaint: str) -> None:
    assert mltrain("predict", "--x", x) == (2, "", f"error: --x {x}: {complaint}\n")


def test_bad_x_is_named_among_good_ones(line: str) -> None:
    done = mltrain("predict", "--x", "1", "--x", "two")
    assert done == (2, "", "error: --x two: 'two' is not a number; write them as in --x 1,2.5,-3\n")


def test_long_x_is_shortened(line: str) -> None:
    shown = "1," * 20 + "..."
    complaint = "the model takes 1 number a row, but here are 50"
    assert mltrain("predict", "--x", ",".join(["1"] * 50)) == (2, "", f"error: --x {shown}: {complaint}\n")


def test_images_say_their_shape() -> None:
    layers, data = "layers=[flatten, {type: dense, units: 1}]", "dataset={type: inline, x: [[[1, 2], [3, 4]]], y: [1]}"
    succeed("fit", lesson("linear"), "--set", data, "--set", layers, "--epochs", "0")
    done = mltrain("predict", "--x", "1,2,3")
    assert done == (2, "", "error: --x 1,2,3: the model takes 4 numbers a row (2 x 2), but here are 3\n")


def test_x_must_be_given() -> None:
    complaint = "say what to predict: --x with the values of a row, or --input with a file of rows"
    assert mltrain("predict") == (2, "", f"error: {complaint}\n")


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_no_run_to_predict_with(json: list[str]) -> None:
    done = mltrain("predict", "--x", "10", *json)
    assert (done.code, done.err) == (2, NO_RUN)
    assert bool(done.out) == bool(json)


def test_run_without_model_is_passed_over(line: str, work: Path) -> None:
    (work / "runs" / "linear-002").mkdir()
    assert mltrain("predict", "--x", "0").err == f"note: model {line}/model.npz\n"


def test_models_that_are_none(work: Path) -> None:
    (work / "empty").mkdir()
    (work / "text.npz").write_text("not a model")
    complaints = {
        "nowhere.npz": "there is no such file",
        "empty": "holds no model.npz, so it is not the folder of a finished run",
        "text.npz": "is not a model file; mltrain fit writes one called model.npz",
    }
    for path, complaint in complaints.items():
        assert mltrain("predict", "--model", path, "--x", "1") == (3, "", f"error: {path}: {complaint}\n")
