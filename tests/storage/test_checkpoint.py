"""Checkpoints: what is read is what was written, and what was not written by mltrain is refused in a line."""

import contextlib
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from saved_models import Members, changed_meta, npy, rewrite, rewrite_meta

from mltrain.backends.base import SINGLE
from mltrain.config.load import parse_config
from mltrain.errors import ModelFileError
from mltrain.inference.model import Model
from mltrain.inference.model_file import ModelFile
from mltrain.job import TrainingJob, prepare
from mltrain.runs.checkpoint import Background, Checkpoint, write_checkpoint
from mltrain.runs.frames import FrameKeeper, Frames
from mltrain.runs.run import history_csv
from mltrain.training import checkpointing as state
from mltrain.training.checkpointing import TrainingRun

TEXT = """
name: noisy
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 40, noise_stddev: 0.5, validation_split: 0.25}
layers: [{type: dense, units: 2, activation: tanh}, {type: dense, units: 1}]
loss: mse
optimizer: adam
metrics: [mae]
training: {epochs: 3, batch_size: 7, track: {b: dense_1.bias}}
"""


WITH_FOLDS = TEXT.replace(", validation_split: 0.25", "").replace(
    "track:", "gradient_accumulation: 2, early_stopping: {patience: 2, folds: 3}, track:"
)

PREPARED, PREPARED_WITH_FOLDS = (prepare(parse_config(text, "noisy.yaml"), Path()) for text in (TEXT, WITH_FOLDS))


def job() -> TrainingJob:
    return PREPARED.fresh()


def trained(training_run: TrainingRun, one: TrainingJob | None = None) -> Frames:
    """Train, and keep the frames."""
    one, keeper = one or job(), FrameKeeper(2, 3)
    keeper.keep_if_chosen(0, one.network.parameters)
    for report in one.train(training_run=training_run):
        keeper.keep_if_chosen(report.epoch, one.network.parameters)
    return keeper.frames


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "checkpoint.npz", job())


@pytest.fixture
def with_folds(tmp_path: Path) -> Path:
    return written(tmp_path / "folds.npz", PREPARED_WITH_FOLDS.fresh())


def written(path: Path, one: TrainingJob) -> Path:
    """The last checkpoint of a training."""
    training_run = TrainingRun()
    frames = trained(training_run, one)
    assert training_run.newest is not None
    write_checkpoint(path, Background(one.config, "rows", 2), training_run.newest, training_run.history, frames)
    return path


def go_on(path: Path) -> TrainingRun:
    """Read everything and put it to use, as `fit --resume` does."""
    found = Checkpoint(path)
    one = (PREPARED_WITH_FOLDS if found.config == PREPARED_WITH_FOLDS.config else PREPARED).fresh()
    history = found.history(one.blank_report)
    found.frames(path.with_name("frames.npz"), one.network.parameters.size)
    restore = partial(found.restore, history, one.steps)
    training_run = TrainingRun(epoch=found.epoch, history=history, parallelism=found.parallelism, restore=restore)
    list(one.train(training_run=training_run))
    return training_run


def test_what_is_read_is_what_was_written(path: Path) -> None:
    training_run = TrainingRun()
    frames = trained(training_run)
    found = Checkpoint(path)
    assert (found.epoch, found.rows, found.frame_count, found.parallelism) == (3, "rows", 2, SINGLE)
    assert found.config == job().config
    read = found.history(replace(job().blank_report, epochs=5))
    assert [report.epochs for report in read] == [5] * 4
    assert [report.values | report.tracked for report in read] == [
        report.values | report.tracked for report in training_run.history
    ]
    assert [(report.epoch, report.steps) for report in read] == [(0, 0), (1, 5), (2, 5), (3, 5)]
    kept = found.frames(path, len(frames.vectors[0]))
    assert (kept.epochs, np.array_equal(kept.vectors, frames.vectors)) == (frames.epochs, True)
    again = go_on(path)
    assert again.newest is not None
    assert training_run.newest is not None
    assert_equal(again.newest.state, training_run.newest.state)


def assert_equal(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_equal(one[name], other[name])
    else:
        assert np.array_equal(one, other)


def test_snapshots_are_not_taken_all_the_time_but_of_the_last_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    take = TrainingRun._snapshot
    monkeypatch.setattr(TrainingRun, "_snapshot", lambda self, epoch: (taken.append(epoch), take(self, epoch)))
    monkeypatch.setattr(state, "SNAPSHOT_EVERY", 1000)
    trained(TrainingRun())
    assert taken == [0, 3]
    monkeypatch.setattr(state, "SNAPSHOT_EVERY", -1)
    monkeypatch.setattr(state, "REST", 0)
    trained(TrainingRun())
    assert taken[2:] == [0, 0, 1, 2, 3]


def test_a_snapshot_is_nobody_elses() -> None:
    """Whatever training does afterwards."""
    one, training_run = job(), TrainingRun()
    training = one.train(training_run=training_run)
    next(training)
    assert training_run.newest is not None
    before = training_run.newest.state["weights"]["parameters"].copy()
    assert training_run.newest.epoch == 0
    list(training)
    assert not np.array_equal(one.network.parameters, before)


def test_frames_in_a_file_of_their_own(path: Path) -> None:
    training_run = TrainingRun()
    frames = trained(training_run)
    assert training_run.newest is not None
    write_checkpoint(path, Background(job().config, "rows", 2), training_run.newest, training_run.history, None)
    found, parameters = Checkpoint(path), len(frames.vectors[0])
    with pytest.raises(ModelFileError, match=r"frames\.npz: there is no such file"):
        found.frames(path.with_name("frames.npz"), parameters)
    frames.save(path.with_name("frames.npz"))
    assert found.frames(path.with_name("frames.npz"), parameters).epochs == [0, 3]


def test_what_came_after_the_snapshot_is_left_out(path: Path) -> None:
    training_run = TrainingRun()
    frames = trained(training_run)
    assert training_run.newest is not None
    early = training_run.newest._replace(epoch=1, reports=2)
    write_checkpoint(path, Background(job().config, "rows", 2), early, training_run.history, frames)
    found = Checkpoint(path)
    assert [report.epoch for report in found.history(job().blank_report)] == [0, 1]
    assert found.frames(path, len(frames.vectors[0])).epochs == [0]


def test_a_model_is_no_checkpoint_and_a_checkpoint_no_model(path: Path) -> None:
    job().model([]).save(path.with_name("model.npz"))
    with pytest.raises(ModelFileError, match="is no checkpoint"):
        Checkpoint(path.with_name("model.npz"))
    with pytest.raises(ModelFileError, match="meta is incomplete"):
        Model.load(path)


def set_in_meta(*place: str, value: Any) -> Callable[[Any], None]:
    def change(meta: Any) -> None:
        *above, last = place
        for name in above:
            meta = meta[name]
        meta[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_in_meta("checkpoint", "epoch", value="three"),
        set_in_meta("checkpoint", "epoch", value=2),
        set_in_meta("checkpoint", "surplus", value=1),
        set_in_meta("checkpoint", "reports", value=5),
        set_in_meta("checkpoint", "reports", value=-1),
        set_in_meta("checkpoint", "metrics", value=[]),
        set_in_meta("checkpoint", "frame_epochs", value=[1, 2, 3]),
        set_in_meta("checkpoint", "state", value={}),
        set_in_meta("checkpoint", "state", "optimizer", "step", value="many"),
        set_in_meta("checkpoint", "state", "optimizer", "step", value=[]),
        set_in_meta("checkpoint", "state", "shuffle", "state", value={"state": -1, "inc": 1}),
        set_in_meta("checkpoint", "state", "shuffle", "state", value={"state": 1 << 200, "inc": 1}),
        set_in_meta("checkpoint", "state", "shuffle", "bit_generator", value="MT19937"),
        set_in_meta("checkpoint", "state", "dropout", "has_uint32", value={}),
        set_in_meta("checkpoint", "state", "monitor", "best_value", value="low"),
        set_in_meta("checkpoint", "state", "trainer", "last_finite_loss", value={}),
        set_in_meta("config", "loss", value={"type": "nothing"}),
    ],
)
def test_meta_that_fits_nothing(path: Path, change: Callable[[Any], None]) -> None:
    rewrite_meta(path, change)
    with pytest.raises(ModelFileError) as caught:
        go_on(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("strategy", "processes", "found"),
    [
        (None, 1, SINGLE),  # version 0.1.0 named no strategy, and had but one for several processes
        (None, 2, ("columns", 2)),
        ("rows", 3, ("rows", 3)),
        ("single", 2, None),
        ("columns", 1, None),
        ("diagonals", 2, None),
    ],
)
def test_how_the_work_was_divided(path: Path, strategy: str | None, processes: int, found: Any) -> None:
    rewrite_meta(path, lambda meta: meta["checkpoint"].update(strategy=strategy, processes=processes))
    if found is not None:
        assert Checkpoint(path).parallelism == found
        return
    with pytest.raises(ModelFileError, match="strategy"):
        Checkpoint(path)


NOT_NUMBERS = (None, True, "x", "\ud800", [], {}, [0], ["x"])
STRANGE = (*NOT_NUMBERS, -1, 0, 7, 20_000, 2**200, -1e308, 1e308, 0.5, math.nan, math.inf)

FREE = ("rows", "frames", "last_finite_loss", "state.state", "inc", "has_uint32", "uinteger", "strategy")
"""Places of which nothing is known but the kind, by their ends. Checkpoints of 0.1.0 do not name their strategy."""


@pytest.mark.parametrize(("kind", "below"), [("path", ()), ("with_folds", ("state", "folds", "2"))])
def test_whatever_is_strange_in_a_checkpoint_is_refused_before_training(
    kind: str, below: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    """Every value of it becomes every strange one; of folds, those of the second one."""
    path: Path = request.getfixturevalue(kind)
    with ModelFile(path) as file:
        places = [place for place in leaves(file.meta["checkpoint"]) if place[: len(below)] == below]
    assert (*(below or ("state",)), "optimizer", "step") in places
    assert len(places) > (10 if below else 25)
    original, trained = path.read_bytes(), 0
    with_meta = changed_meta(path)
    for place in places:
        for value in STRANGE:
            path.write_bytes(with_meta(set_in_meta("checkpoint", *place, value=value)))
            where = ".".join(place)
            with contextlib.suppress(ModelFileError):
                training_run = go_on(path)
                assert where.endswith(FREE) or _is_the_same(original, path, place), (where, value)
                assert history_csv(training_run.history)
                trained += 1
    assert trained > 5


def leaves(tree: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, value in tree.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *rest) for rest in leaves(value))


def _is_the_same(original: bytes, path: Path, place: tuple[str, ...]) -> bool:
    """Whether what was put there is equal to what was there, kind and all."""
    values = []
    for content in (path.read_bytes(), original):
        path.write_bytes(content)
        with ModelFile(path) as file:
            value = file.meta["checkpoint"]
            for name in place:
                value = value[name]
        values.append(value)
    return repr(values[0]) == repr(values[1])


@pytest.mark.parametrize(
    ("column", "value"),
    [(0, -1), (0, math.nan), (0, 1e308), (0, 0.5), (1, -1), (1, 6), (2, -1), (2, math.inf), (5, 0)],
)
def test_a_history_that_is_not_of_these_epochs(path: Path, column: int, value: float) -> None:
    """Epochs, steps, seconds; and val_loss, by which the best epoch is known."""
    with ModelFile(path) as file:
        history = file.read_any("history", (4, 8), np.dtype(np.float64))
    history[2, column] = value
    rewrite(path, lambda members: members.update({"history": npy(history)}))
    with pytest.raises(ModelFileError, match="the file is damaged"):
        go_on(path)


@pytest.mark.parametrize("name", ["weights.parameters", "monitor.best", "optimizer.first_moment"])
def test_arrays_from_which_nothing_goes_on(path: Path, name: str) -> None:
    rewrite(path, lambda members: members.update({name: npy(np.array([np.nan] * 7, np.float32))}))
    with pytest.raises(ModelFileError, match="its state does not fit"):
        go_on(path)


@pytest.mark.parametrize("epochs", [[], [-1, 3], [3, 0], [0, 0], [0, 2**60], [0, 4], [False, 3]])
def test_frames_of_epochs_that_cannot_be(path: Path, epochs: list[int]) -> None:
    rewrite_meta(path, set_in_meta("checkpoint", "frame_epochs", value=epochs))
    with pytest.raises(ModelFileError):
        go_on(path)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("weights.parameters", np.zeros(6, np.float32)),
        ("weights.parameters", np.zeros((1, 7), np.float32)),
        ("optimizer.first_moment", np.zeros(7, np.float64)),
        ("monitor.best", np.zeros((), np.float32)),
        ("history", np.zeros((4, 7))),
        ("frames", np.zeros((2, 6), np.float32)),
        ("optimizer.first_moment", None),
    ],
)
def test_arrays_that_fit_nothing(path: Path, name: str, array: Any) -> None:
    def change(members: Members) -> None:
        del members[name]
        if array is not None:
            members[name] = npy(array)

    rewrite(path, change)
    with pytest.raises(ModelFileError, match=name):
        go_on(path)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("folds.2.weights.parameters", np.full(7, np.nan, np.float32)),
        ("folds.3.weights.parameters", np.zeros(6, np.float32)),
        ("folds.3.optimizer.first_moment", None),
        ("cross_validation.best", np.zeros((2, 7), np.float32)),
        ("cross_validation.best", np.full((3, 7), np.inf, np.float32)),
        ("refit.first", np.full(7, np.nan, np.float32)),
        ("refit.first", None),
    ],
)
def test_arrays_of_folds_that_fit_nothing(with_folds: Path, name: str, array: Any) -> None:
    def change(members: Members) -> None:
        del members[name]
        if array is not None:
            members[name] = npy(array)

    rewrite(with_folds, change)
    with pytest.raises(ModelFileError, match=r"^\S+folds\.npz: .*(damaged|lacks|of shape)") as caught:
        go_on(with_folds)
    assert "\n" not in str(caught.value)


def _without_a_fold(state: Any) -> None:
    del state["folds"]["3"]


def _with_a_fold_more(state: Any) -> None:
    state["folds"]["4"] = state["folds"]["3"]


def _with_steps_of_another(state: Any) -> None:
    """Their sum stays the same."""
    state["optimizer"]["step"] += 1
    state["folds"]["2"]["optimizer"]["step"] -= 1


def _with_folds_of_another_name(state: Any) -> None:
    state["folds"]["two"] = state["folds"].pop("2")


def _without_folds(state: Any) -> None:
    del state["folds"]


@pytest.mark.parametrize(
    "change",
    [_without_a_fold, _with_a_fold_more, _with_steps_of_another, _with_folds_of_another_name, _without_folds],
)
def test_folds_that_are_not_those_of_the_training(with_folds: Path, change: Callable[[Any], None]) -> None:
    rewrite_meta(with_folds, lambda meta: change(meta["checkpoint"]["state"]))
    with pytest.raises(ModelFileError) as caught:
        go_on(with_folds)
    assert str(caught.value) == (
        f"{with_folds}: its state does not fit the training that it is of; the file is damaged"
    )


def test_numbers_that_are_not_finite_are_as_good_as_others(path: Path) -> None:
    """An optimizer's state may well have become infinite."""
    moment = np.array([np.inf] * 7, np.float32)
    rewrite(path, lambda members: members.update({"optimizer.second_moment": npy(moment)}))
    training_run = go_on(path)
    assert training_run.newest is not None
    assert np.isinf(training_run.newest.state["optimizer"]["second_moment"]).all()
