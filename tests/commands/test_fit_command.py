"""``mltrain fit``: what it prints, writes and leaves alone."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_runs import ROOT, RUN_FILES, columns_of, files, lesson, mltrain, succeed

LINEAR = lesson("linear")
DIVERGING = ("fit", LINEAR, "--set", "optimizer.learning_rate=100")


def arrays(model: str) -> dict[str, Any]:
    with np.load(model, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name != "meta"}


def history(run: str) -> list[dict[str, str]]:
    with (Path(run) / "history.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# What it says


def test_document() -> None:
    document = succeed("fit", LINEAR, "--epochs", "3", "--json").document
    assert list(document) == ["run", "model", "epochs", "loss", "metrics", "parameters", "seconds"]
    assert (document["run"], document["model"]) == ("runs/linear-001", "runs/linear-001/model.npz")
    assert (document["epochs"], document["parameters"], document["metrics"]) == (3, 2, {})
    assert 0 < document["seconds"] < 10
    assert document["loss"] == float(history("runs/linear-001")[-1]["loss"])


def test_document_with_validation() -> None:
    document = succeed(
        "fit", lesson("xor"), "--epochs", "2", "--set", "dataset.validation_split=0.2", "--json"
    ).document
    assert list(document) == [
        "run",
        "model",
        "epochs",
        "loss",
        "metrics",
        "val_loss",
        "val_metrics",
        "parameters",
        "seconds",
        "best",
        "model_epoch",
    ]
    last = history("runs/xor-001")[-1]
    assert document["best"]["monitor"] == "val_loss"
    assert document["model_epoch"] == 2
    assert document["metrics"] == {"accuracy": float(last["accuracy"])}
    assert document["val_loss"] == float(last["val_loss"])
    assert document["val_metrics"] == {"accuracy": float(last["val_accuracy"])}


NOISY = """
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 40, noise_stddev: 0.5, validation_split: 0.25}
layers: [{type: dense, units: 1}]
loss: mse
optimizer: {type: sgd, learning_rate: 0.9}
training: {epochs: 50, batch_size: 3}
"""
"""Steps so large that the loss goes up and down."""
STOPPING = ("fit", "noisy.yaml")


@pytest.mark.parametrize("restores", ["true", "false"])
def test_stopping_early(restores: str) -> None:
    Path("noisy.yaml").write_text(NOISY, "utf-8")
    early = f"training.early_stopping={{patience: 2, restore_best: {restores}}}"
    done = succeed(*STOPPING, "--set", early, "--out", "run")
    rows = history("run")
    best = min(rows, key=lambda row: float(row["val_loss"]))["epoch"]
    last = rows[-1]["epoch"]
    assert int(last) == int(best) + 2
    stopped, _, model, saved, _ = done.err.splitlines()[-5:]
    assert re.fullmatch(rf"stopped  after {last} of \d+ epochs in .*: val_loss did not improve for 2 epochs", stopped)
    used, other = ("best", "last") if restores == "true" else ("last", "best")
    assert (
        model
        == {
            "true": f"model    of epoch {best}, the best by val_loss; the last epoch's is last.npz",
            "false": f"model    of epoch {last}, the last; of epoch {best}, the best by val_loss, is best.npz",
        }[restores]
    )
    assert "model.npz, best.npz, last.npz, " in saved
    assert Path("run/model.npz").read_bytes() == Path(f"run/{used}.npz").read_bytes()
    assert Path("run/model.npz").read_bytes() != Path(f"run/{other}.npz").read_bytes()
    document = succeed(*STOPPING, "--set", early, "--out", "run", "--json", "-q").document
    assert (document["epochs"], document["model_epoch"]) == (int(last), int(best if restores == "true" else last))
    assert document["best"] == {
        "monitor": "val_loss",
        "epoch": int(best),
        "value": float(rows[int(best) - 1]["val_loss"]),
    }
    assert document["val_loss"] == float(rows[document["model_epoch"] - 1]["val_loss"])


def test_best_and_last_of_an_earlier_run_go_away() -> None:
    Path("noisy.yaml").write_text(NOISY, "utf-8")
    succeed(*STOPPING, "--epochs", "1", "--out", "run")
    succeed("fit", LINEAR, "--epochs", "1", "--out", "run")
    assert sorted(files(Path("run"))) == RUN_FILES


def test_check_refuses_what_cannot_be_watched() -> None:
    done = mltrain("check", LINEAR, "--set", "training.early_stopping.monitor=val_loss")
    assert (done.code, done.out) == (2, "")
    assert "training.early_stopping.monitor: there is no 'val_loss', because no rows are held back" in done.err


def test_plain_lines_and_the_closing_go_to_stderr() -> None:
    done = succeed("fit", LINEAR, "--epochs", "12")
    assert done.out == ""
    lines = done.err.splitlines()
    for epoch, line in enumerate(lines[:12], 1):
        assert re.fullmatch(rf"epoch {epoch:>2}/12  loss \d+\.\d+ +\d+ µs/step", line)
    trained, *rest = lines[12:]
    assert trained.startswith("trained  12 epochs in ")
    assert rest == [
        f"reached  {columns_of(lines[11])[1]}",
        "saved    runs/linear-001: model.npz, config.yaml, history.csv, frames.npz, checkpoint.npz",
        "next     mltrain predict --x 4",
    ]


def test_next_command_works_and_names_a_run_of_its_own_folder() -> None:
    done = succeed("fit", lesson("xor"), "--epochs", "1", "--out", "my run")
    assert done.last_line == "next     mltrain evaluate --model 'my run'"
    succeed("evaluate", "--model", "my run")


def test_untrained_model_is_measured() -> None:
    done = succeed("fit", lesson("concert"))
    assert done.err.splitlines() == [
        "trained  not at all, as 0 epochs say",
        "reached  loss 0.000  accuracy 1.000",
        "saved    runs/concert-001: model.npz, config.yaml, history.csv, frames.npz, checkpoint.npz",
        "next     mltrain predict --x 0,1,0,1,0",
    ]
    assert succeed("fit", lesson("concert"), "--json").document["epochs"] == 0


def test_quiet_says_nothing_but_results() -> None:
    assert mltrain("fit", LINEAR, "--epochs", "2", "--quiet") == (0, "runs/linear-001\n", "")
    done = succeed("fit", LINEAR, "--epochs", "2", "-q", "--json")
    assert done.document["epochs"] == 2
    assert done.err == ""


def test_tracked_parameters_are_shown_before_the_first_epoch() -> None:
    first, second, *_ = succeed("fit", lesson("custom_training")).err.splitlines()
    assert "W=5.00 b=0.00" in first
    assert first.startswith("epoch  0/10  ")
    assert second.startswith("epoch  1/10  ")


def test_profile() -> None:
    closing, _, table_text = succeed("fit", LINEAR, "--epochs", "2", "--profile").err.partition("phase ")
    assert "\nnext  " in closing
    table = f"phase {table_text}".splitlines()
    assert columns_of(table[0]) == ["phase", "layer", "µs/step", "share"]
    phases = [line.split()[0] for line in table[2:-3]]
    assert phases == ["gather", "forward", "loss", "backward", "optimizer", "metrics", "display"]
    assert table[-2].startswith("all ")
    assert table[-1] == "1 process"
    shares = succeed("fit", LINEAR, "--epochs", "2", "--profile", "--json").document["profile"]
    assert [share["phase"] for share in shares] == phases
    assert all(list(share) == ["phase", "layer", "seconds", "calls"] for share in shares)
    assert {share["phase"]: share["calls"] for share in shares}["optimizer"] == 2


def test_threads() -> None:
    succeed("fit", LINEAR, "--epochs", "1", "--threads", "2")
    assert os.environ["MLTRAIN_THREADS"] == "2"
    done = mltrain("fit", LINEAR, "--threads", "0")
    assert (done.code, done.last_line) == (2, "Error: Invalid value for '--threads': 0 is not in the range x>=1.")


# What it writes


def test_runs_are_numbered(work: Path) -> None:
    for number in (1, 2, 3):
        assert succeed("fit", LINEAR, "--epochs", "0", "--json").document["run"] == f"runs/linear-00{number}"
    assert succeed("fit", LINEAR, "--epochs", "0", "--set", "name=other", "--json").document["run"] == "runs/other-001"
    assert sorted(files(work / "runs" / "linear-002")) == RUN_FILES


def test_out_is_written_to_exactly(work: Path) -> None:
    for _ in range(2):
        assert succeed("fit", LINEAR, "--epochs", "0", "--out", "deep/run", "--json").document["run"] == "deep/run"
    assert sorted(files(work / "deep" / "run")) == RUN_FILES
    assert not (work / "runs").exists()


def test_epochs_and_seed_are_kept_in_the_config(work: Path) -> None:
    succeed("fit", LINEAR, "--epochs", "3", "--seed", "7", "--set", "seed=5", "--out", "run")
    lines = (work / "run" / "config.yaml").read_text("utf-8").splitlines()
    assert lines[:2] == ["name: linear", "seed: 7"]
    assert lines[-1] == "training: {epochs: 3, batch_size: 32, gradient_accumulation: 1, shuffle: true, track: []}"
    assert len(history("run")) == 3


def test_seed_changes_the_weights() -> None:
    for seed in ("0", "1"):
        succeed("fit", LINEAR, "--epochs", "0", "--seed", seed, "--out", seed)
    succeed("fit", LINEAR, "--epochs", "0", "--out", "default")
    assert arrays("0/model.npz")["dense.kernel"] != arrays("1/model.npz")["dense.kernel"]
    assert Path("0/model.npz").read_bytes() == Path("default/model.npz").read_bytes()


@pytest.mark.parametrize(("option", "value"), [("--epochs", "-1"), ("--seed", "-1")])
def test_numbers_below_zero(option: str, value: str) -> None:
    done = mltrain("fit", LINEAR, option, value)
    assert (done.code, done.out) == (2, "")
    assert done.last_line == f"Error: Invalid value for '{option}': {value} is not in the range x>=0."


def test_history() -> None:
    succeed("fit", lesson("custom_training"), "--out", "run")
    rows = history("run")
    assert list(rows[0]) == ["epoch", "seconds", "loss", "W", "b"]
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(11)]
    assert (rows[0]["W"], rows[0]["b"], rows[0]["seconds"]) == ("5.0", "0.0", "0.000000")
    losses = [float(row["loss"]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    model = arrays("run/model.npz")
    assert np.float32(rows[-1]["W"]) == model["dense.kernel"].item()
    assert np.float32(rows[-1]["b"]) == model["dense.bias"].item()


def test_history_of_no_epochs_has_its_header(work: Path) -> None:
    succeed("fit", LINEAR, "--epochs", "0", "--out", "run")
    assert (work / "run" / "history.csv").read_text("utf-8") == "epoch,seconds,loss\n"


# The same bytes


@pytest.mark.parametrize("name", ["linear", "concert", "custom_training", "perceptron", "spiral"])
def test_config_of_a_run_gives_the_same_bytes_elsewhere(name: str, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = ["dataset.validation_split=0.25"] if name == "spiral" else []
    words = [word for change in changes for word in ("--set", change)]
    succeed("fit", lesson(name), "--epochs", "3", "--seed", "4", *words, "--out", "run")
    elsewhere = work.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    document = succeed("fit", "../work/run/config.yaml", "--json").document
    assert document["run"] == f"runs/{name}-001"
    first, again = files(work / "run"), files(elsewhere / document["run"])
    assert first["model.npz"] == again["model.npz"]
    assert first["config.yaml"] == again["config.yaml"]


def test_config_of_a_run_finds_its_files_from_elsewhere(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "digits").symlink_to(ROOT / "data" / "mnist")
    (work / "small.yaml").write_text(
        "dataset: {type: mnist, path: digits, validation_split: 0.99}\n"
        "layers: [flatten, {type: dense, units: 10, activation: softmax}]\n"
        "loss: sparse_categorical_crossentropy\n",
        "utf-8",
    )
    succeed("fit", "small.yaml", "--out", "run")
    elsewhere = work.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    succeed("fit", str(work / "run" / "config.yaml"), "--out", "again")
    first, again = files(work / "run"), files(elsewhere / "again")
    assert first["model.npz"] == again["model.npz"]
    assert first["config.yaml"] == again["config.yaml"]
    assert b"digits" not in first["model.npz"]
    assert succeed("evaluate", "--model", "again", "--json").document["samples"] == 10_000


# Starting from another model


def test_init_from_takes_what_fits() -> None:
    succeed("fit", lesson("xor"), "--epochs", "1", "--out", "first")
    done = succeed("fit", lesson("xor"), "--init-from", "first", "--epochs", "0", "--out", "all")
    assert done.err.splitlines()[:5] == [
        "note: starting from first:",
        "layer    weights",
        "dense    taken",
        "dense_1  taken",
        "dense_2  taken",
    ]
    before, after = arrays("first/model.npz"), arrays("all/model.npz")
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)


def test_init_from_says_what_is_new() -> None:
    succeed("fit", lesson("xor"), "--epochs", "1", "--out", "first")
    words = ("--init-from", "first/model.npz", "--epochs", "0", "--set", "layers.0.units=9", "--out", "wider")
    done = succeed("fit", lesson("xor"), *words)
    assert done.err.splitlines()[:5] == [
        "note: starting from first/model.npz:",
        "layer    weights",
        "dense    left out: kernel is 2 x 9 here and 2 x 8 there, bias is 9 here and 8 there",
        "dense_1  left out: kernel is 9 x 8 here and 8 x 8 there",
        "dense_2  taken",
    ]
    before, after = arrays("first/model.npz"), arrays("wider/model.npz")
    assert (before["dense_2.kernel"] == after["dense_2.kernel"]).all()
    assert after["dense.kernel"].shape == (2, 9)


def test_init_from_where_nothing_fits(work: Path) -> None:
    succeed("fit", LINEAR, "--epochs", "0", "--out", "first")
    done = mltrain("fit", lesson("concert"), "--set", "layers.0.name=other", "--init-from", "first")
    reasons = "other: new: the model has no such layer; dense: only in the model"
    assert done == (3, "", f"error: no layer of the model fits this network ({reasons})\n")
    assert not (work / "runs").exists()


def test_fit_says_that_means_are_saved() -> None:
    done = succeed("fit", LINEAR, "--set", "optimizer.use_ema=true", "--epochs", "1")
    said = "note: validation and the saved model use the running mean of the parameters, as use_ema says"
    assert said in done.err.splitlines()


def test_history_has_a_rate_that_changes(work: Path) -> None:
    rate = "{type: reduce_on_plateau, initial_learning_rate: 0.01, monitor: loss, patience: 1, min_delta: 1000}"
    words = ("--set", f"optimizer.learning_rate={rate}", "--epochs", "3", "--out", "run")
    done = succeed("fit", LINEAR, *words)
    rows = list(csv.DictReader((work / "run" / "history.csv").read_text("utf-8").splitlines()))
    assert [float(row["learning_rate"]) for row in rows[-3:]] == pytest.approx([0.01, 0.01, 0.001])
    assert "learning_rate 0.001000 " in done.err
    assert "learning_rate" not in succeed("fit", LINEAR, "--epochs", "1").err


@pytest.mark.parametrize(
    ("monitor", "complaint"),
    [
        (
            "val_loss",
            "there is no 'val_loss', because no rows are held back for validation; set dataset.validation_split, or "
            "watch 'loss'",
        ),
        (
            "val_mae",
            "epochs do not report 'val_mean_absolute_error'; add mean_absolute_error to metrics, or watch one of loss",
        ),
        ("lost", "there is no 'lost' to watch; did you mean 'loss'?"),
    ],
)
def test_what_a_schedule_monitors_must_be_there(monitor: str, complaint: str) -> None:
    rate = f"{{type: reduce_on_plateau, initial_learning_rate: 0.01, monitor: {monitor}}}"
    for command in ("fit", "check"):
        code, _, err = mltrain(command, LINEAR, "--set", f"optimizer.learning_rate={rate}")
        assert code == 2
        assert complaint in " ".join(err.split())


def test_init_from_nowhere() -> None:
    complaint = "nowhere.npz: there is no such file"
    assert mltrain("fit", LINEAR, "--init-from", "nowhere.npz") == (3, "", f"error: {complaint}\n")


# What goes wrong


def test_divergence_is_explained(work: Path) -> None:
    done = mltrain(*DIVERGING, "--json")
    assert done.code == 4
    assert done.document["error"]["type"] == "TrainingDiverged"
    assert (done.document["error"]["epoch"], done.document["error"]["step"]) == (7, 1)
    where, *tries = done.err[done.err.index("error: ") :].splitlines()
    prefix = "error: training diverged: in epoch 7, step 1, the loss became inf; the last finite loss was "
    assert where.startswith(prefix)
    assert float(where.removeprefix(prefix)) > 1e30
    assert tries == [
        "         try a smaller learning rate: --set optimizer.learning_rate=10 (it was 100)",
        "         try a bound on each step: --set optimizer.clip_norm=1",
        "         try smaller first weights: a kernel_initializer such as glorot_uniform, the default, "
        "in place of a wide one",
    ]
    assert not list(work.iterdir())


def test_divergence_takes_away_the_folders_that_were_made(work: Path) -> None:
    (work / "mine").mkdir()
    assert mltrain(*DIVERGING, "--out", "mine/deep/run").code == 4
    assert [str(path) for path in Path().rglob("*")] == ["mine"]


def test_divergence_keeps_what_was_there(work: Path) -> None:
    succeed("fit", LINEAR, "--epochs", "1", "--out", "run")
    before = files(work / "run")
    assert mltrain(*DIVERGING, "--out", "run").code == 4
    assert files(work / "run") == before


def test_divergence_takes_its_new_folder_away(work: Path) -> None:
    assert mltrain(*DIVERGING, "--out", "run").code == 4
    assert not (work / "run").exists()


def test_divergence_leaves_an_empty_folder_that_was_there(work: Path) -> None:
    (work / "run").mkdir()
    assert mltrain(*DIVERGING, "--out", "run").code == 4
    assert files(work / "run") == {}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("optimizer.rate=1", "  optimizer.rate: unknown option for sgd; did you mean 'learning_rate'?"),
        ("optimiser.learning_rate=1", "  optimiser: unknown option for a config; did you mean 'optimizer'?"),
        ("layers.3.units=1", "  layers[3]: there is only layers[0]"),
        ("optimizer", ": expected an option and its value, as in optimizer.learning_rate=0.01"),
    ],
)
def test_changes_that_lead_nowhere(change: str, complaint: str, work: Path) -> None:
    assert mltrain("fit", LINEAR, "--set", change) == (2, "", f"error: --set {change}{complaint}\n")
    assert not (work / "runs").exists()


def test_config_that_is_not_there() -> None:
    complaint = "nowhere.yaml: there is no such file; 'mltrain init' writes configs to start from"
    assert mltrain("fit", "nowhere.yaml") == (2, "", f"error: {complaint}\n")


@pytest.mark.parametrize("words", [["--out", "taken"], ["--out", "taken/run"], []])
def test_run_folder_that_cannot_be_written(words: list[str], work: Path) -> None:
    for name in ("taken", "runs"):
        (work / name).write_text("a file", "utf-8")
    place = words[-1] if words else "runs"
    reason = f"{place.partition('/')[0]} is a file; move it away, or name another folder with --out"
    done = mltrain("fit", LINEAR, *words)
    assert done == (3, "", f"error: {place}: the run cannot be written there: {reason}\n")


def test_missing_data_are_an_error_of_the_data(work: Path) -> None:
    (work / "mnist.yaml").write_text(Path(lesson("mnist")).read_text("utf-8"), "utf-8")
    done = mltrain("fit", "mnist.yaml")
    assert (done.code, done.out) == (3, "")
    first = "error: MNIST is nowhere to be found, and MLTRAIN_OFFLINE forbids downloading it from"
    assert done.err.splitlines()[0] == first
    assert not (work / "runs").exists()
