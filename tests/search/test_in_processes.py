"""Work in processes: results in any order and with any number of them, errors as they were raised, nobody left."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from mltrain.config import Config
from mltrain.config.load import parse_config
from mltrain.errors import ConfigError, DataError, Problem, TrainingDiverged, TrainingInterrupted, WorkerLost
from mltrain.inference.ensemble import Role
from mltrain.search.processes import START, Context, Start, in_processes
from mltrain.search.trainings import FoldOf, Task, train_all
from mltrain.system.threads import cores

PETS = "age,colour,kind\n" + "".join(
    f"{n},{'red' if n % 3 else 'blue'},{'cat' if n % 2 else 'dog'}\n" for n in range(12)
)
CONFIG = """
dataset: {type: csv, path: pets.csv, target: kind}
layers: [{type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
training: {epochs: 2}
"""

both = pytest.mark.parametrize("start", ["fork", "spawn"] if START == "fork" else ["spawn"])


def squared(number: int, context: object) -> tuple[int, int]:
    time.sleep(0.02 * (3 - number))
    return number**2, cores()


def dies(number: int, context: object) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
    return number


def fails(error: Exception, context: object) -> None:
    raise error


def waits(context: object) -> None:
    time.sleep(60)


def tells(number: int, context: Context) -> int:
    for share in (0.25, 0.5):
        context.tell(share)
    return number


def test_results_come_with_their_numbers_and_each_process_uses_one_core() -> None:
    found = dict(in_processes([partial(squared, number) for number in range(4)], 3))
    assert found == {number: (number**2, 1) for number in range(4)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_work_tells_how_far_it_is(jobs: int) -> None:
    told: list[tuple[int, float]] = []
    work = [partial(tells, number) for number in range(3)]
    assert dict(in_processes(work, jobs, told=lambda *what: told.append(what))) == {0: 0, 1: 1, 2: 2}
    assert sorted(told) == [(number, share) for number in range(3) for share in (0.25, 0.5)]


def test_one_job_works_in_this_process() -> None:
    assert [number for number, _ in in_processes([partial(lambda n, _: os.getpid(), n) for n in range(3)], 1)] == [
        0,
        1,
        2,
    ]
    assert {pid for _, pid in in_processes([lambda _: os.getpid()] * 2, 1)} == {os.getpid()}


def test_a_process_that_is_killed_is_said_and_the_others_end() -> None:
    began = time.monotonic()
    with pytest.raises(WorkerLost):
        list(in_processes([partial(dies, number) for number in range(3)], 3))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "error",
    [
        DataError("rows.csv: row 3", path="rows.csv", line=4, row=3, column="a"),
        ConfigError([Problem(("layers", 0), "is wrong")]),
        TrainingDiverged("the loss is nan", epoch=1, step=2, last_finite_loss=0.5),
        TrainingInterrupted(epoch=1, step=2, steps=3),
        WorkerLost(),
        ValueError("anything"),
    ],
)
def test_errors_come_back_whole(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        list(in_processes([partial(fails, error)] * 2, 2))
    assert str(caught.value) == str(error)
    assert caught.value.__dict__ == error.__dict__


def test_stopping_ends_all_processes() -> None:
    began = time.monotonic()
    assert list(in_processes([waits] * 3, 2, lambda: time.monotonic() > began + 0.2)) == []
    assert time.monotonic() - began < 30


def folds_of(folder: Path) -> tuple[Config, list[Task]]:
    (folder / "pets.csv").write_text(PETS)
    config = parse_config(CONFIG, folder / "some.yaml")
    raw = config.dataset.read(0, folder)
    drawn = config.dataset.draw_folds(raw, 0, 2, raw.labels)
    return config, [(Role(seed=0, repeat=1, fold=fold), FoldOf(raw, parts)) for fold, parts in enumerate(drawn, 1)]


def test_a_training_that_is_stopped_says_how_many_were_done(tmp_path: Path) -> None:
    config, tasks = folds_of(tmp_path)
    done: list[int | None] = []
    trained = train_all(config, tmp_path, tasks, jobs=1, name="fold", stop=lambda: bool(done))
    with pytest.raises(TrainingInterrupted, match="stopped after 1 of 2 folds; nothing was saved"):
        done.extend(one.role.fold for one in trained)
    assert done == [1]


@both
def test_trainings_are_the_same_however_processes_start(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, tasks = folds_of(tmp_path)
    here = list(train_all(config, tmp_path, tasks, jobs=1, name="fold"))
    monkeypatch.setattr("mltrain.search.trainings.in_processes", partial(in_processes, start=start))
    there = list(train_all(config, tmp_path, tasks, jobs=2, name="fold"))
    for one, other in zip(here, there, strict=True):
        assert one.parameters.tobytes() == other.parameters.tobytes()
        assert one.preprocessing == other.preprocessing
        assert one.held_out is not None
        assert other.held_out is not None
        assert one.held_out.values == other.held_out.values
        assert one.held_out.outputs.tobytes() == other.held_out.outputs.tobytes()
