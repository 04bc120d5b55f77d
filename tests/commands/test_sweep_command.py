"""``mltrain sweep``: what is tried, what comes out, and how it goes on after an end of any kind."""

import csv
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from command_runs import lesson, mltrain, succeed
from postgres import needs_postgres, postgres

from mltrain.search.storage import Sweep, Taken

SWEEP = """\
name: tiny
dataset: {type: linear, slope: 2, intercept: 1, x: [1, 2, 3, 4, 5, 6, 7, 8], validation_split: 0.5}
layers: [{type: dense, units: 1}]
loss: mean_squared_error
optimizer: {type: sgd, learning_rate: 0.01}
training: {epochs: 2}
search:
  trials: 6
  metric: val_loss
  parameters:
    optimizer.learning_rate: {min: 0.0001, max: 0.1, scale: log}
    training.batch_size: {min: 1, max: 4}
    optimizer: [{type: sgd, momentum: 0.5}, adam]
"""


@pytest.fixture
def config(work: Path) -> str:
    (work / "tiny.yaml").write_text(SWEEP)
    return "tiny.yaml"


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [{name: text for name, text in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def arrays(path: str) -> dict[str, bytes]:
    with np.load(path) as file:
        return {name: file[name].tobytes() for name in file.files if name != "meta"}


def test_the_best_config_gives_the_best_trial_again_byte_for_byte(config: str) -> None:
    document = succeed("sweep", config, "--json").document
    values = [one["value"] for one in document["trials"]]
    assert len(values) == 6
    assert document["best"]["value"] == min(values)
    assert all(isinstance(one["parameters"]["training.batch_size"], int) for one in document["trials"])
    again = succeed("fit", document["best_config"], "--json").document
    assert again["val_loss"] == document["best"]["value"]
    assert arrays(again["model"]) == arrays(document["model"])
    assert succeed("predict", document["run"], "--x", "3").out


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_one_worker_gives_the_same_trials_twice_also_after_an_end_in_between(config: str, sampler: str) -> None:
    setting = ["--set", f"search.sampler={sampler}"]
    if sampler == "grid":
        text = SWEEP.replace("{min: 0.0001, max: 0.1, scale: log}", "[0.01, 0.1]")
        Path(config).write_text(text)
    succeed("sweep", config, *setting, "--trials", "14", "--out", "one")
    succeed("sweep", config, *setting, "--trials", "12", "--out", "two")
    succeed("sweep", "--resume", "two", "--trials", "14")
    assert table("one/trials.csv") == table("two/trials.csv")
    assert len({tuple(row.values()) for row in table("one/trials.csv")}) == 14
    assert Path("one/best.yaml").read_bytes() == Path("two/best.yaml").read_bytes()


def test_folds_are_judged_by_the_rows_that_they_hold_out(config: str) -> None:
    more = ("--set", "search.folds=2", "--set", "search.trials=2", "--set", "dataset.validation_split=0")
    document = succeed("sweep", config, *more, "--jobs", "2", "--json").document
    assert document["metric"] == "loss"
    best = document["best_config"]
    folds = succeed("fit", best, "--folds", "2", "--json").document
    assert folds["mean"]["loss"] == pytest.approx(document["best"]["value"], rel=1e-12)


def test_poor_trials_are_pruned(config: str) -> None:
    more = ("--set", "search.prune=median", "--trials", "20", "--set", "training.epochs=4")
    trials = succeed("sweep", config, *more, "--json").document["trials"]
    pruned = [one for one in trials if one["state"] == "pruned"]
    assert pruned
    assert all(one["epochs"] < 4 for one in pruned)


def test_ctrl_c_keeps_the_finished_trials(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Sweep.take

    def taken(self: Sweep) -> object:
        found = take(self)
        if found is not None and found.number == 2:
            signal.raise_signal(signal.SIGINT)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Sweep, "take", taken)
        done = mltrain("sweep", config, "--out", "one")
    assert done.code == 130
    assert "2 of 6 trials are finished; go on with: mltrain sweep --resume one" in done.err
    assert len(table("one/trials.csv")) == 2
    assert len(succeed("sweep", "--resume", "one", "--json").document["trials"]) == 6


def test_a_trial_that_is_taken_again_tells_its_epochs_again_without_a_warning(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_poor = Taken.is_poor

    def interrupted(self: Taken, step: int, value: float) -> bool:
        if self.number == 2:
            signal.raise_signal(signal.SIGINT)
        return is_poor(self, step, value)

    more = ("--set", "search.prune=median", "--set", "training.epochs=4")
    with monkeypatch.context() as patched:
        patched.setattr(Taken, "is_poor", interrupted)
        assert mltrain("sweep", config, *more, "--out", "one").code == 130
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        succeed("sweep", "--resume", "one")
    succeed("sweep", config, *more, "--out", "two")
    assert table("one/trials.csv") == table("two/trials.csv")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "training.batch_size",
            "training.batch_sise",
            "12:26  .*unknown option for training; did you mean 'batch_size'",
        ),
        ("{min: 1, max: 4}", "{min: 4, max: 1}", r"12:32  .*4 must be below max, 1"),
        ("min: 0.0001", "min: 0", r"a log scale has no 0"),
        ("[{type: sgd, momentum: 0.5}, adam]", "[adam]", "expected a list of at least 2 items"),
        ("metric: val_loss", "metric: val_accuracy", r"9:11  search.metric: .*add accuracy to metrics"),
        ("metric: val_loss", "metric: val_los", r"9:11  search.metric: .*did you mean 'val_loss'"),
        ("training.batch_size: {min: 1, max: 4}", "dataset: [a, b]", "cannot be varied"),
        ("training.batch_size: {min: 1, max: 4}", "search.trials: [1, 2]", "a search cannot vary itself"),
        ("training.batch_size: {min: 1, max: 4}", "optimizer.beta_1: [0, 0.5]", "with optimizer=.*sgd"),
        ("trials: 6", "trails: 6", "did you mean 'trials'"),
        ("trials: 6", "sampler: grid", "a grid has no end here"),
        ("training.batch_size: {min: 1, max: 4}", "dataset.validation_split: [0.1, 0.5]", "so validation_split cannot"),
        ("training.batch_size: {min: 1, max: 4}", "training.batch_size: [2, 3, 2]", "2 is in the list twice"),
        ("training.batch_size: {min: 1, max: 4}", "name: [one, two]", "which has one name"),
        ("epochs: 2", "epochs: 0", r"6:20  training.epochs: without epochs there is nothing"),
        ("trials: 6\n  metric: val_loss", "folds: 9\n  metric: loss", r"8:10  search.folds: so many folds take 9 rows"),
    ],
)
def test_what_is_wrong_with_a_search_is_said_before_anything_runs(config: str, old: str, new: str, said: str) -> None:
    assert old in SWEEP
    Path(config).write_text(SWEEP.replace(old, new))
    done = mltrain("sweep", config)
    assert done.code in (2, 3)
    assert re.search(said, done.err), done.err
    assert not Path("runs").exists()
    assert not Path("sweeps").exists()
    assert re.search(said, mltrain("check", config).err)


def test_options_of_the_dataset_that_leave_the_rows_alone_may_be_varied(config: str, work: Path) -> None:
    rows = "\n".join(f"{x},{3 * x % 7},{x * x}" for x in range(24))
    (work / "rows.csv").write_text(f"a,b,y\n{rows}\n")
    text = SWEEP.replace(
        SWEEP.splitlines()[1], "dataset: {type: csv, path: rows.csv, target: y, validation_split: 0.5}"
    )
    options = "dataset.standardize: [true, false]\n    dataset.ignore: [[], [b]]"
    Path(config).write_text(text.replace("training.batch_size: {min: 1, max: 4}", options))
    trials = succeed("sweep", config, "--set", "search.sampler=random", "--json").document["trials"]
    assert {one["state"] for one in trials} == {"complete"}
    assert {one["parameters"]["dataset.ignore"] for one in trials} == {"[]", "[b]"}
    best = succeed("fit", "sweeps/tiny-001/best.yaml", "--json").document
    assert best["val_loss"] == min(one["value"] for one in trials)


def test_a_search_is_for_sweep_and_sweep_is_for_a_search(config: str) -> None:
    assert "mltrain sweep" in mltrain("fit", config).err
    assert succeed("check", config).out == f"{config}: ok\n"
    assert "there is no search" in mltrain("sweep", lesson("iris")).err


def test_two_sweeps_in_one_folder_are_refused(config: str) -> None:
    succeed("sweep", config, "--trials", "1", "--out", "one")
    assert "there is a sweep already" in mltrain("sweep", config, "--out", "one").err
    assert "--resume goes on" in mltrain("sweep", config, "--resume", "one").err


def test_a_storage_that_cannot_be_reached_is_an_error_without_its_password(config: str) -> None:
    done = mltrain("sweep", config, "--storage", "postgresql://user:secret@127.0.0.1:1/nothing")
    assert done.code == 3
    assert "cannot be reached" in done.err
    assert "secret" not in done.err
    assert not Path("sweeps").exists()


@pytest.mark.parametrize("cut", [b'{"op_code":4,"wor', b'{"op_code":4,"worker_id":"' + b"x" * 9000])
def test_a_journal_whose_last_line_was_cut_off_goes_on_without_it(config: str, cut: bytes) -> None:
    succeed("sweep", config, "--trials", "3", "--out", "one")
    with Path("one/journal.log").open("ab") as file:
        file.write(cut)
    assert len(succeed("sweep", "--resume", "one", "--trials", "5", "--json").document["trials"]) == 5
    succeed("sweep", config, "--trials", "5", "--out", "two")
    assert table("one/trials.csv") == table("two/trials.csv")


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        ("", "--storage is empty"),
        ("oracle://user:secret@host/x", "oracle://...: expected postgresql://, mysql://, redis:// or sqlite://"),
        ("mysql://user:secret@host/x", "mysql+pymysql://...: needs the package pymysql; install it with: pip install"),
        ("redis://:secret@host/0", "redis://...: needs the package redis; install it with: pip install 'redis'"),
    ],
)
def test_a_storage_that_is_none_or_lacks_its_driver_is_one_line(
    config: str, storage: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mltrain.search.storage.find_spec", lambda _: None)
    done = mltrain("sweep", config, "--storage", storage)
    assert done.code == 2
    assert said in done.err
    assert "secret" not in done.err
    assert not Path("sweeps").exists()


def test_a_shared_journal_belongs_to_one_config(config: str) -> None:
    succeed("sweep", config, "--trials", "1", "--storage", "shared.log")
    joined = succeed("sweep", config, "--trials", "2", "--storage", "shared.log", "--json").document
    assert len(joined["trials"]) == 2
    done = mltrain("sweep", config, "--set", "seed=1", "--storage", "shared.log")
    assert "of another config" in done.err


@needs_postgres
def test_two_hundred_trials_in_a_database_by_two_commands_of_which_one_is_killed(config: str, work: Path) -> None:
    words = [sys.executable, "-m", "mltrain", "sweep", config, "--trials", "200", "--lost-after", "1", "--json"]
    with postgres() as url:
        words += ["--storage", url, "--set", "search.sampler=random", "--set", "training.epochs=1"]
        first, second = (
            subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
        )
        sweep_folder = work / "sweeps"
        while len(list(sweep_folder.glob("*/sweep.yaml"))) < 2:
            time.sleep(0.05)
        time.sleep(0.5)
        assert first.poll() is None
        first.kill()
        first.communicate()
        _, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    rows = next(iter([table(str(path)) for path in sweep_folder.glob("*/trials.csv")]))
    assert [int(row["trial"]) for row in rows] == list(range(1, 201))
    assert {row["state"] for row in rows} == {"complete"}


def test_runs_lists_sweeps_below_the_runs_and_of_a_sweep_its_trials(config: str) -> None:
    done = succeed("sweep", config, "--json").document
    listed = succeed("runs", "--json").document
    (sweep,) = listed["sweeps"]
    assert sweep["sweep"] == done["sweep"]
    assert (sweep["done"], sweep["best"], sweep["trial"]) == (6, done["best"]["value"], done["best"]["trial"])
    assert [one["run"] for one in listed["runs"]] == [done["run"]]
    assert "sweep     when" in succeed("runs").out
    trials = succeed("runs", done["sweep"], "--json").document["trials"]
    assert [(one["value"], one["parameters"]) for one in trials] == [
        (one["value"], one["parameters"]) for one in done["trials"]
    ]
    best_first = succeed("runs", done["sweep"], "--sort", "best").out.splitlines()
    assert best_first[1].split()[0] == str(done["best"]["trial"])
    assert "sorted by when, best" in mltrain("runs", done["sweep"], "--sort", "rows").err


def test_a_sweep_is_no_model_and_no_run(config: str) -> None:
    folder = succeed("sweep", config, "--trials", "1", "--json").document["sweep"]
    assert "is a sweep" in mltrain("evaluate", folder).err
    assert "is a sweep" in mltrain("runs", "rm", folder, "--yes").err


def test_a_folder_with_a_config_called_sweep_is_no_sweep(config: str, work: Path) -> None:
    (work / "sweep.yaml").write_text(SWEEP)
    succeed("fit", config, "--set", "search=null", "--out", "one")
    assert [one["run"] for one in succeed("runs", ".", "--json").document["runs"]] == ["one"]
    assert "holds no model.npz" in mltrain("plot", ".", "--terminal").err


def test_steps_that_do_not_end_at_the_maximum_are_no_warning(config: str) -> None:
    Path(config).write_text(SWEEP.replace("{min: 1, max: 4}", "{min: 1, max: 4, step: 2}"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trials = succeed("sweep", config, "--set", "search.sampler=random", "--json").document["trials"]
    assert {one["parameters"]["training.batch_size"] for one in trials} == {1, 3}


def test_a_search_over_losses_keeps_both_the_loss_and_its_value(config: str) -> None:
    text = SWEEP.replace("training.batch_size: {min: 1, max: 4}", "loss: [mse, mae]").replace("trials: 6", "trials: 2")
    Path(config).write_text(text)
    said = "two losses cannot be compared; judge by a metric, such as val_mean_absolute_error"
    assert said in mltrain("sweep", config).err
    Path(config).write_text(f"{text.replace('val_loss', 'val_mean_absolute_error')}metrics: [mae]\n")
    succeed("sweep", config, "--set", "search.sampler=random", "--out", "one")
    rows = table("one/trials.csv")
    assert {row["loss (parameter)"] for row in rows} <= {"mse", "mae"}
    assert all(float(row["loss"]) >= 0 for row in rows)


def test_a_sweep_ends_with_its_course_and_what_counted(config: str) -> None:
    done = succeed("sweep", config, "--trials", "12")
    assert re.search(r"course   [▁▂▃▄▅▆▇█]+ \S+ to \S+, the best so far", done.err)
    assert re.search(r"counts   (optimizer\S*|training\.batch_size) \d+%, ", done.err)
    assert "mltrain plot sweeps/tiny-001" in done.err


def test_a_finished_sweep_names_its_run_until_that_is_gone_or_another_trial_is_better(config: str) -> None:
    first = succeed("sweep", config, "--json").document
    succeed("fit", config, "--set", "search=null")  # a newer run, of another config
    again = succeed("sweep", "--resume", first["sweep"])
    best = f"trial {first['best']['trial']}, the best one"
    assert f"nothing is left to do: {first['run']} has the network of {best}" in again.err
    assert "once more" not in again.err
    assert "one after the other" not in again.err
    assert f" --model {first['run']}" in again.err
    assert succeed("sweep", "--resume", first["sweep"], "--json").document["run"] == first["run"]
    more = succeed("sweep", "--resume", first["sweep"], "--trials", "8", "--json").document
    assert (more["best"] == first["best"]) == (more["run"] == first["run"])
    assert more["best"]["trial"] == 7  # or else the line above would not tell much
    network = arrays(more["model"])
    succeed("runs", "rm", more["run"], "--yes")
    succeed("fit", config, "--set", "search=null", "--out", more["run"])  # in its place
    other = succeed("sweep", "--resume", first["sweep"], "--json")
    assert other.document["run"] not in (first["run"], more["run"])
    assert arrays(other.document["model"]) == network
    assert "training the network of trial 7, the best one, once more" in other.err
