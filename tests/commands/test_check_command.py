"""``mltrain check``: what fit would refuse or warn of."""

from pathlib import Path

import pytest
from command_runs import lesson, mltrain, succeed

RANGE = "networks learn best from numbers around -1 to 1: divide them, or expect to need a tiny learning rate"
FAST = "the learning rate is probably too high; try a tenth of it"


def test_good_config(work: Path) -> None:
    config = lesson("linear")
    assert mltrain("check", config) == (0, f"{config}: ok\n", "")
    assert not list(work.iterdir())


def test_warnings_go_to_stderr_and_fit_repeats_those_that_take_no_trial(work: Path) -> None:
    text = Path(lesson("linear")).read_text("utf-8").replace("[-1, 0, 1, 2, 3, 4]", "[-20, 0, 20]")
    (work / "wide.yaml").write_text(text, "utf-8")
    done = mltrain("check", "wide.yaml", "--set", "optimizer.learning_rate=1")
    assert (done.code, done.out) == (0, "wide.yaml: works, but see the warnings\n")
    wide, fast = done.err.splitlines()
    assert wide == f"warning: wide.yaml: the inputs reach from -20 to 20; {RANGE}"
    assert fast.startswith("warning: wide.yaml: the first step makes the loss grow, from ")
    assert fast.endswith(FAST)
    fitted = succeed("fit", "wide.yaml", "--set", "optimizer.learning_rate=1", "--epochs", "1", "--quiet")
    assert fitted.err == f"warning: the inputs reach from -20 to 20; {RANGE}\n"


def test_fit_warns_of_a_loss_that_grows_from_epoch_to_epoch(work: Path) -> None:
    fitted = succeed("fit", lesson("linear"), "--set", "optimizer.learning_rate=0.2", "--epochs", "5", "--quiet")
    (warning,) = fitted.err.splitlines()
    assert warning.startswith("warning: the loss grows, from ")
    assert " in epoch 1 to " in warning
    assert warning.endswith(f" in epoch 4: {FAST}")


def test_several_configs_are_all_checked(work: Path) -> None:
    (work / "bad.yaml").write_text(Path(lesson("linear")).read_text("utf-8").replace("units", "unit"), "utf-8")
    done = mltrain("check", "bad.yaml", "nowhere.yaml", lesson("linear"))
    assert done.code == 2
    assert done.out == f"{lesson('linear')}: ok\n"
    assert done.err.splitlines() == [
        "error: bad.yaml:13:19  layers[0].unit: unknown option for dense; did you mean 'units'?",
        "error: nowhere.yaml: there is no such file; . has bad.yaml",
    ]


def test_first_refusal_gives_the_exit_code(work: Path) -> None:
    rows = "dataset={type: inline, x: [1, 2], y: [1, 2], validation_split: 0.1}"
    done = mltrain("check", lesson("linear"), "--set", rows)
    complaint = "validation_split 0.1 of 2 rows is not a whole one; raise it or leave it out"
    assert done == (3, "", f"error: {complaint}\n")


def test_what_only_the_rows_show_has_its_place(work: Path) -> None:
    text = Path(lesson("concert")).read_text("utf-8").replace("y: [1, 0]", "y: [1, 2]")
    (work / "votes.yaml").write_text(text, "utf-8")
    complaint = "votes.yaml:23:7  loss: perceptron takes targets of 0 and 1, but they hold 2"
    assert mltrain("check", "votes.yaml") == (2, "", f"error: {complaint}\n")
    done = mltrain("check", lesson("concert"), "--set", "dataset.y=[a, b]", "--set", "loss=mse")
    complaint = "mean_squared_error compares numbers, but the targets are names ('a', 'b')"
    advice = "use binary_crossentropy"
    assert done == (2, "", f"error: --set loss=mse  loss: {complaint}; {advice}\n")


def test_changes_that_lead_nowhere() -> None:
    done = mltrain("check", lesson("linear"), "--set", "optimizer.rate=1")
    complaint = "optimizer.rate: unknown option for sgd; did you mean 'learning_rate'?"
    assert done == (2, "", f"error: --set optimizer.rate=1  {complaint}\n")


def test_missing_mnist_is_not_downloaded(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLTRAIN_OFFLINE", "0")
    (work / "mnist.yaml").write_text(Path(lesson("mnist")).read_text("utf-8"), "utf-8")
    place = work.parent / "cache" / "mnist"
    note = f"MNIST would be downloaded to {place} (11.6 MB); what needs its rows is not checked"
    assert mltrain("check", "mnist.yaml") == (0, "mnist.yaml: ok\n", f"note: mnist.yaml: {note}\n")
    assert not place.exists()


def test_mnist_that_must_not_be_downloaded_is_refused_as_fit_does(work: Path) -> None:
    (work / "mnist.yaml").write_text(Path(lesson("mnist")).read_text("utf-8"), "utf-8")
    done = mltrain("check", "mnist.yaml")
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[:2] == [
        "error: MNIST is nowhere to be found, and MLTRAIN_OFFLINE forbids downloading it",
        "       Looked in:",
    ]
    assert mltrain("fit", "mnist.yaml").code == 3


def test_missing_mnist_hides_no_mistake(work: Path) -> None:
    (work / "mnist.yaml").write_text(Path(lesson("mnist")).read_text("utf-8"), "utf-8")
    change = "layers.3.units=3"
    complaint = "layers[3].units: the last layer has 3 outputs, but the dataset has 10 classes"
    assert mltrain("check", "mnist.yaml", "--set", change) == (2, "", f"error: --set {change}  {complaint}\n")


def test_json_has_a_verdict_on_each_config_and_all_diagnostics(work: Path) -> None:
    (work / "bad.yaml").write_text(
        "dataset: mnist\nlayers: [flatten]\nloss: mse\nseed: -1\noptimizer: {type: sgd, lr: 1}\n"
    )
    done = mltrain("check", "bad.yaml", lesson("linear"), lesson("perceptron"), "--json")
    assert done.code == 2
    document = done.document
    assert document["configs"] == [
        {"config": "bad.yaml", "verdict": "refused"},
        {"config": lesson("linear"), "verdict": "ok"},
        {"config": lesson("perceptron"), "verdict": "warnings"},
    ]
    assert document["error"]["type"] == "ConfigError"
    *errors, warning = document["diagnostics"]
    where = [[one[name] for name in ("file", "line", "column", "path", "severity")] for one in errors]
    assert where == [
        ["bad.yaml", 2, 10, "layers[0].units", "error"],
        ["bad.yaml", 4, 7, "seed", "error"],
        ["bad.yaml", 5, 24, "optimizer.lr", "error"],
    ]
    assert errors[2]["message"] == "unknown option for sgd; did you mean 'learning_rate'?"
    assert (warning["file"], warning["severity"]) == (lesson("perceptron"), "warning")


def test_json_of_configs_that_are_right() -> None:
    done = mltrain("check", lesson("linear"), "--json")
    assert done.code == 0
    assert done.document == {"configs": [{"config": lesson("linear"), "verdict": "ok"}], "diagnostics": []}
