"""``fit --resume``: a run that was stopped, however and whenever, ends in the same bytes as one that never was."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_runs import PATIENCE, files, in_own_process, mltrain, stopped_at, succeed

from mltrain.engine.optimizers.base import Optimizer
from mltrain.runs.run import Run

EPOCHS = 4

POINTS = "dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 40, noise_stddev: 0.5%s}\n"
LAYERS = """
layers:
  - {type: dense, units: 4, activation: tanh}
  - {type: dropout, rate: 0.25}
  - {type: dense, units: 1}
loss: mse
"""
"""With seven rows a batch, forty make five whole batches and a short one."""

CONFIGS = {
    **{
        f"optimizer {name}": POINTS % "" + LAYERS + f"optimizer: {name}\ntraining: {{batch_size: 7}}\n"
        for name in Optimizer.family.names()
    },
    "momentum and a schedule": POINTS % ""
    + LAYERS
    + "optimizer: {type: sgd, momentum: 0.9, learning_rate: {type: exponential_decay, initial_learning_rate: 0.1, "
    "decay_steps: 5, decay_rate: 0.9}}\ntraining: {batch_size: 7}\n",
    "full batches": POINTS % "" + LAYERS + "optimizer: adam\ntraining: {batch_size: full}\n",
    "in order": POINTS % "" + LAYERS + "optimizer: adam\ntraining: {batch_size: 7, shuffle: false}\n",
    "tracked": POINTS % "" + LAYERS + "metrics: [mae]\ntraining: {batch_size: 7, track: {b: dense_1.bias}}\n",
    "judged": POINTS % ", validation_split: 0.25" + LAYERS + "metrics: [mae, r2]\ntraining: {batch_size: 7}\n",
    "longer": POINTS % ", validation_split: 0.25"
    + LAYERS.replace("tanh", "tanh, kernel_regularizer: l1_l2, trainable: false")
    + "optimizer: {type: adam, use_ema: true, ema_momentum: 0.8, learning_rate: {type: reduce_on_plateau, "
    "initial_learning_rate: 0.1, patience: 1, min_delta: 0.5, cooldown: 1, factor: 0.5}}\n"
    "training: {batch_size: 7, gradient_accumulation: 2, track: [dense_1.bias]}\n",
    "stopping early": POINTS % ", validation_split: 0.25"
    + LAYERS
    + "optimizer: {type: sgd, learning_rate: 0.4}\ntraining: {batch_size: 7, early_stopping: {patience: 1}}\n",
    "trained again": POINTS % ", validation_split: 0.25"
    + LAYERS
    + "optimizer: {type: adam, use_ema: true, learning_rate: {type: cosine_decay, initial_learning_rate: 0.1, "
    "decay_steps: 9}}\ntraining: {batch_size: 7, early_stopping: {patience: 2, refit: true}}\n",
    "by folds": POINTS % "" + LAYERS + "optimizer: adam\nmetrics: [mae]\n"
    "training: {batch_size: 7, early_stopping: {patience: 2, folds: 3}}\n",
}


def write(name: str) -> None:
    Path("noisy.yaml").write_text(CONFIGS[name], "utf-8")


def fit(out: str, epochs: int = EPOCHS, *words: str) -> dict[str, Any]:
    return succeed("fit", "noisy.yaml", "--epochs", str(epochs), "--out", out, "-q", "--json", *words).document


def resume(run: str, *words: str) -> dict[str, Any]:
    return succeed("fit", "--resume", run, "-q", "--json", *words).document


def content(run: str) -> dict[str, Any]:
    """All that a run saved, but for what depends on the clock."""
    found: dict[str, Any] = files(Path(run))
    with (Path(run) / "history.csv").open(encoding="utf-8", newline="") as file:
        found["history.csv"] = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    del found["checkpoint.npz"]
    return found


def assert_same(run: str, other: str) -> None:
    one, two = content(run), content(other)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


@pytest.mark.parametrize("name", CONFIGS)
def test_stopped_after_any_epoch(name: str) -> None:
    write(name)
    whole = fit("whole")
    for epochs in range(EPOCHS):
        fit("run", epochs)
        document = resume("run", "--epochs", str(EPOCHS))
        assert_same("run", "whole")
        for changing in ("run", "model", "seconds"):
            document[changing] = whole[changing]
        assert document == whole


@pytest.mark.parametrize(
    "name",
    ["optimizer adam", "full batches", "tracked", "judged", "longer", "stopping early", "trained again", "by folds"],
)
def test_interrupted_at_any_step(name: str) -> None:
    write(name)
    whole = fit("whole", EPOCHS, "--frames", "3")
    for asked in (0, 1, 2, 3, 6, 8, 13, 21, 26, 34):
        with stopped_at(asked):
            words = ("fit", "noisy.yaml", "--epochs", str(EPOCHS), "--frames", "3", "--out", f"run{asked}", "-q")
            done = mltrain(*words)
        if done.code == 0:  # so many steps there were not
            assert asked >= whole["epochs"]
            continue
        assert done.code == 130
        resume(f"run{asked}")
        assert_same(f"run{asked}", "whole")


def test_interrupted_twice() -> None:
    write("optimizer adam")
    fit("whole")
    with stopped_at(8):
        assert mltrain("fit", "noisy.yaml", "--epochs", str(EPOCHS), "--out", "run").code == 130
    with stopped_at(7):
        assert mltrain("fit", "--resume", "run").code == 130
    resume("run")
    assert_same("run", "whole")


KILLED = """
import os, signal, sys
from mltrain.runs import checkpoint_keeper
from mltrain.training import checkpointing as state
checkpoint_keeper.EVERY = checkpoint_keeper.REST = state.SNAPSHOT_EVERY = state.REST = 0
moment, count = sys.argv[1], int(sys.argv[2])
def die(*_):
    global count
    count -= 1
    if not count:
        os.kill(os.getpid(), signal.SIGKILL)
if moment == "fsync":
    before = os.fsync
    os.fsync = lambda handle: (die(), before(handle))
elif moment == "replace":
    from pathlib import Path
    rename = Path.replace
    Path.replace = lambda self, target: (rename(self, target), die())
else:
    from mltrain.backends.numpy import trainer
    run = trainer.NumpyTrainer._train_on
    trainer.NumpyTrainer._train_on = lambda self, *args, **options: (die(), run(self, *args, **options))[1]
sys.argv = ["mltrain", *sys.argv[3:]]
from mltrain.cli import main
main()
"""
"""Python that is killed before the n-th step, in the middle of the n-th file that it writes, or just behind it."""


def killed(moment: str, count: int, *words: str) -> None:
    # Whoever measures coverage cannot read the notes of a process that was killed.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, moment, str(count), *words],
        env=environment,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize(
    ("name", "moment", "count"),
    [
        ("judged", "step", 18),
        ("judged", "fsync", 2),
        ("judged", "replace", 1),
        ("judged", "fsync", 8),
        ("trained again", "step", 23),  # the third of the second training, if the first stops late
        ("by folds", "step", 30),  # of the second fold, in the third epoch
        ("by folds", "step", 50),  # of the second training
        ("by folds", "fsync", 7),  # while out_of_fold.csv is written
    ],
)
def test_killed(name: str, moment: str, count: int) -> None:
    write(name)
    fit("whole")
    killed(moment, count, "fit", "noisy.yaml", "--epochs", str(EPOCHS), "--out", "run", "-q")
    resume("run")
    assert_same("run", "whole")


def test_run_that_was_killed_says_how_to_finish_it() -> None:
    write("judged")
    killed("step", 18, "fit", "noisy.yaml", "--epochs", str(EPOCHS), "--out", "run")
    assert sorted(files(Path("run"))) == ["checkpoint.npz"]
    complaint = "run: holds no model.npz, so it is not the folder of a finished run"
    done = mltrain("evaluate", "--model", "run")
    assert done == (3, "", f"error: {complaint}; finish it with: mltrain fit --resume run\n")


def test_what_was_there_before_stays_until_the_new_one_is_whole() -> None:
    write("judged")
    fit("run", 1)
    before = files(Path("run"))
    killed("step", 16, "fit", "noisy.yaml", "--epochs", str(EPOCHS), "--seed", "1", "--out", "run")
    after = files(Path("run"))
    assert before.pop("checkpoint.npz") != after.pop("checkpoint.npz")
    assert before == after


def test_finished_run_has_nothing_left_to_do() -> None:
    write("judged")
    fit("run")
    before, document = files(Path("run")), fit("again")
    done = succeed("fit", "--resume", "run", "--json")
    assert done.err.splitlines()[0] == "note: all epochs are done"
    assert done.document["loss"] == document["loss"]
    assert files(Path("run")) == before


def test_more_epochs_after_stopping_early_change_nothing() -> None:
    write("stopping early")
    stopped = fit("run", 50)
    assert stopped["epochs"] < 50
    assert resume("run", "--epochs", "60")["epochs"] == stopped["epochs"]


def test_schedules_and_weights_of_another_model_go_on() -> None:
    write("momentum and a schedule")
    fit("first", 2)
    fit("whole", EPOCHS, "--init-from", "first")
    fit("run", 1, "--init-from", "first")
    resume("run", "--epochs", str(EPOCHS))
    assert_same("run", "whole")


def test_it_says_where_it_goes_on() -> None:
    write("optimizer sgd")
    fit("run", 2)
    lines = succeed("fit", "--resume", "run", "--epochs", "3").err.splitlines()
    assert lines[0] == "note: going on after 2 epochs of 3"
    assert lines[1].startswith("epoch 3/3  ")
    assert lines[-1].endswith(" --model run")


# What cannot be resumed


def refused(*words: str) -> str:
    done = mltrain("fit", "--resume", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("error: ") == 1
    return " ".join(done.err.removeprefix("error: ").split())


def test_nothing_to_go_on_from() -> None:
    write("optimizer sgd")
    fit("run", 1)
    Path("run/checkpoint.npz").unlink()
    lacks = "run: holds no checkpoint.npz, so there is nothing to go on from"
    assert refused("run") == f"{lacks}; start a new run from its weights with --init-from run"
    Path("run/model.npz").rename("model.npz")
    assert refused("run") == lacks
    name_a_folder = "name the folder of a run, as in --resume runs/NAME-001"
    assert refused("model.npz") == f"model.npz: is a file; {name_a_folder}"
    assert refused("nowhere") == "nowhere: there is no such file or folder, and no run of that name below runs/"


def test_fewer_epochs_than_there_are() -> None:
    write("optimizer sgd")
    fit("run", 3)
    assert refused("run", "--epochs", "2") == "run: 3 epochs are done already, so there cannot be 2 in all"


@pytest.mark.parametrize(
    "words", [("--set", "seed=1"), ("--seed", "1"), ("--out", "other"), ("--init-from", "other"), ("--frames", "2")]
)
def test_options_of_a_new_run(words: tuple[str, str]) -> None:
    assert refused("run", *words) == f"--resume goes on as the run began, so {words[0]} cannot go with it; --epochs can"


def test_another_config() -> None:
    write("optimizer adam")
    fit("run", 1)
    other = CONFIGS["optimizer adam"].replace("units: 4", "units: 5").replace("adam", "{type: adam, learning_rate: 1}")
    Path("other.yaml").write_text(other, "utf-8")
    # The config may be named, and may ask for more epochs.
    assert succeed("fit", "noisy.yaml", "--resume", "run", "--epochs", "2", "--json").document["epochs"] == 2
    units, rate = "layers[0].units was 4, and is 5", "optimizer.learning_rate was 0.001, and is 1.0"
    complaint = refused("run", "other.yaml")
    assert complaint == (f"other.yaml: is not what run began with: {units}; {rate}; only training.epochs may change")
    config = Path("run/config.yaml")
    config.write_text(config.read_text("utf-8").replace("rate: 0.25", "rate: 0.5"), "utf-8")
    assert refused("run").startswith(
        "run/config.yaml: is not what run began with: layers[1].rate was 0.25, and is 0.5;"
    )


def test_other_rows() -> None:
    Path("rows.csv").write_text("a,y\n1,2\n2,4\n3,6\n", "utf-8")
    Path("noisy.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: y}\nlayers: [{type: dense, units: 1}]\nloss: mse\n", "utf-8"
    )
    fit("run", 1)
    resume("run", "--epochs", "2")
    Path("rows.csv").write_text("a,y\n1,2\n2,4\n3,7\n", "utf-8")
    done = mltrain("fit", "--resume", "run", "--epochs", "3")
    assert done.code == 3
    complaint = "run: the rows of its dataset are others than when it began, so it cannot go on as it would have; "
    assert " ".join(done.err.split()) == f"error: {complaint}start a new run from its weights with --init-from run"


def test_run_that_another_process_trains() -> None:
    write("optimizer sgd")
    fit("run", 1)
    complaint = "error: run: another mltrain is training there right now\n"
    with Run.claim("", Path("run")):
        assert mltrain("fit", "--resume", "run") == (3, "", complaint)
        assert mltrain("fit", "noisy.yaml", "--out", "run", "-q") == (3, "", complaint)
    resume("run")


def test_divergence_takes_its_checkpoint_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mltrain.runs.checkpoint_keeper.EVERY", 0)
    monkeypatch.setattr("mltrain.runs.checkpoint_keeper.REST", 0)
    monkeypatch.setattr("mltrain.training.checkpointing.SNAPSHOT_EVERY", 0)
    monkeypatch.setattr("mltrain.training.checkpointing.REST", 0)
    write("optimizer sgd")
    words = ("--set", "optimizer={type: sgd, learning_rate: 20}", "--epochs", "50", "--out", "run")
    done = mltrain("fit", "noisy.yaml", *words, "-q")
    assert done.code == 4, done
    assert not Path("run").exists()


def test_in_a_process_of_its_own_after_the_folder_was_moved() -> None:
    write("judged")
    fit("whole")
    fit("run", 2)
    Path("run").rename("moved")
    done = in_own_process("fit", "--resume", "moved", "--epochs", str(EPOCHS))
    assert done.code == 0, done.err
    assert_same("moved", "whole")


def test_arrays_of_the_checkpoint() -> None:
    """Named as they are in the code, and as many as it takes."""
    write("judged")
    fit("run", 2)
    with np.load("run/checkpoint.npz", allow_pickle=False) as file:
        assert set(file.files) == {"meta", "history", "weights.parameters", "monitor.best"}
