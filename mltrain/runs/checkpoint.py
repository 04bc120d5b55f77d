"""``checkpoint.npz``: a training after some epoch, with all that it takes to go on from there to the same bytes.

The format is that of model files, and so is the caution: nothing in it is ever run, and what the arrays must be follows
from the training that wants to go on, which is made anew from the config.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from mltrain import __version__
from mltrain.backends.base import MOST_PROCESSES, SINGLE, HasState, Parallelism, State, StrategyName
from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.dump import to_builtins
from mltrain.engine.schedules.base import start
from mltrain.errors import ConfigError, ModelFileError
from mltrain.inference.model_file import ModelFile, write_model_file
from mltrain.runs.frames import Frames, are_frame_epochs
from mltrain.training.checkpointing import Snapshot
from mltrain.training.epoch_report import EpochReport
from mltrain.training.monitor import monitor_of

_HISTORY, _FRAMES = "history", "frames"
"""Arrays besides those of the state, whose names hold a dot."""


class Background(NamedTuple):
    """What stays the same from one checkpoint of a run to the next.

    ``rows`` is the fingerprint of the dataset, ``frames`` how many were asked for.
    """

    config: Config
    rows: str
    frames: int


_MOST_FRAMES = 1_000_000

_MOST_BITS = 128
"""Of a whole number in a state: those of random generators are the largest."""

_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Meta(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says besides its config. ``frame_epochs`` is None where the frames are in a file beside it.

    Version 0.1.0 knew one ``strategy`` for several processes, and did not name it.
    """

    epoch: _Count
    processes: Annotated[int, msgspec.Meta(ge=1, le=MOST_PROCESSES)]
    strategy: StrategyName | None = None
    rows: str
    frames: Annotated[int, msgspec.Meta(ge=1, le=_MOST_FRAMES)]
    frame_epochs: list[_Count] | None
    reports: _Count
    metrics: list[str]
    validation: bool
    tracked: list[str]
    rate: bool
    state: dict[str, Any]


def write_checkpoint(
    path: Path, of: Background, snapshot: Snapshot, history: Sequence[EpochReport], frames: Frames | None
) -> None:
    """Write the file, whole or not at all. ``history`` and ``frames`` may be longer than they were at the snapshot.

    Without ``frames``, they are in a file of their own. Raises `StorageError`.
    """
    history = history[: snapshot.reports]
    frames = frames.until(snapshot.epoch) if frames else None
    first = history[0] if history else None
    arrays: dict[str, npt.NDArray[Any]] = {}
    meta = _Meta(
        epoch=snapshot.epoch,
        processes=snapshot.parallelism.processes,
        strategy=snapshot.parallelism.strategy,
        rows=of.rows,
        frames=of.frames,
        frame_epochs=frames.epochs if frames else None,
        reports=len(history),
        metrics=list(first.metrics) if first else [],
        validation=first is not None and first.val_loss is not None,
        tracked=list(first.tracked) if first else [],
        rate=first is not None and first.learning_rate is not None,
        state=_taken_apart(snapshot.state, "", arrays),
    )
    arrays[_HISTORY] = np.array([report.numbers() for report in history], np.float64).reshape(
        len(history), -1 if history else 0
    )
    if frames:
        arrays[_FRAMES] = np.stack(frames.vectors)
    text = {"mltrain": __version__, "config": to_builtins(of.config), "checkpoint": msgspec.structs.asdict(meta)}
    write_model_file(path, text, arrays)


class Checkpoint:
    """A checkpoint that was read. Every method raises `ModelFileError` if the file is not what it should be."""

    def __init__(self, path: Path):
        self.path = path
        with ModelFile(path) as file:
            try:
                self._meta = msgspec.convert(file.meta["checkpoint"], _Meta)
                self.config = convert(Config, file.meta["config"])
            except KeyError:
                raise ModelFileError(f"{path}: is no checkpoint") from None
            except (msgspec.ValidationError, ConfigError, ValueError, TypeError, OverflowError) as error:
                raise ModelFileError(f"{path}: its meta cannot be used: {str(error).splitlines()[0]}") from error
        self.epoch = self._meta.epoch
        strategy = self._meta.strategy or ("columns" if self._meta.processes > 1 else "single")
        self.parallelism = Parallelism(strategy, self._meta.processes)
        if (strategy == SINGLE.strategy) != (self._meta.processes == SINGLE.processes):
            raise self._damaged("its strategy is not one of")
        self.rows, self.frame_count = self._meta.rows, self._meta.frames

    def history(self, like: EpochReport) -> list[EpochReport]:
        """The reports up to here, of a training whose reports are like this one."""
        meta = self._meta
        names = (list(like.metrics), like.val_loss is not None, list(like.tracked), like.learning_rate is not None)
        if meta.reports and names != (meta.metrics, meta.validation, meta.tracked, meta.rate):
            raise self._damaged("its history has other columns than")
        shape = (meta.reports, len(like.numbers()) if meta.reports else 0)
        table: list[list[float]] = self._read(_HISTORY, shape, np.dtype(np.float64)).tolist()
        try:
            history = [like.with_numbers(row) for row in table]
        except (ValueError, OverflowError) as error:
            raise self._damaged("its history does not fit") from error
        first = 0 if like.tracked else 1  # where parameters are tracked, the state before training is reported, too
        expected = [(epoch, like.steps if epoch else 0) for epoch in range(first, first + meta.reports)]
        if [(report.epoch, report.steps) for report in history] != expected or meta.epoch != max(
            [0, *(report.epoch for report in history)]
        ):
            raise self._damaged("its history is not that of the epochs of")
        if not all(0 <= report.seconds < math.inf for report in history):
            raise self._damaged("its history does not fit")
        return history

    def frames(self, beside: Path, parameters: int) -> Frames:
        """The frames up to here of a network with so many parameters; ``beside`` is the file that may hold them."""
        epochs = self._meta.frame_epochs
        if epochs is None:
            return Frames.load(beside, parameters).until(self.epoch)
        if not are_frame_epochs(epochs) or epochs[-1] > self.epoch:
            raise self._damaged("its frames are not those of")
        return Frames(epochs, list(self._read(_FRAMES, (len(epochs), parameters), np.dtype(np.float32))))

    def restore(self, history: Sequence[EpochReport], trainer: HasState) -> None:
        """Give a trainer the state that it had after this ``history``."""
        try:
            with ModelFile(self.path) as file:
                state = _put_together(self._meta.state, trainer.state(), "", file)
            self._check(state, history)
            trainer.restore(state)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._damaged("its state does not fit") from error

    def _check(self, state: State, history: Sequence[EpochReport]) -> None:
        """What follows from the history must be as it says. Raises ValueError or KeyError if it is not."""
        config, epochs = self.config, [report for report in history if report.epoch]
        rate = start(config.optimizer.learning_rate)
        validation = history[0].val_loss is not None if history else "monitor" in state
        monitor = monitor_of(config.training, np.zeros(0, np.float32), validation=validation)
        for report in epochs:
            rate.epoch_ended(report.values)
            if monitor:
                monitor.see(report.epoch, report.values, monitor.best)
        steps = sum(-(-report.steps // config.training.gradient_accumulation) for report in epochs)
        expected = {"optimizer": {"step": steps, "learning_rate": rate.state()}}
        if monitor:
            expected["monitor"] = {name: value for name, value in monitor.state().items() if name != "best"}
        for part, values in expected.items():
            if any(state[part][name] != value for name, value in values.items()):
                raise ValueError(part)
        last = state["trainer"]["last_finite_loss"]
        if state["trainer"]["processes"] != self._meta.processes or (last is None) != (not epochs):
            raise ValueError("trainer")

    def _read(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        with ModelFile(self.path) as file:
            return file.read_any(name, shape, dtype).copy()

    def _damaged(self, what: str) -> ModelFileError:
        return ModelFileError(f"{self.path}: {what} the training that it is of; the file is damaged")


def _taken_apart(state: State, prefix: str, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """The tree of JSON values without its arrays, which go to ``arrays`` under the names of their places."""
    plain: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}{name}"] = value
        else:
            plain[name] = _taken_apart(value, f"{prefix}{name}.", arrays) if isinstance(value, Mapping) else value
    return plain


def _put_together(plain: Mapping[str, Any], like: State, prefix: str, file: ModelFile) -> State:
    """The tree with its arrays. All must be of the kinds that ``like`` has.

    Raises ValueError, KeyError or `ModelFileError`.
    """
    if not isinstance(plain, dict) or plain.keys() != {
        name for name, value in like.items() if not isinstance(value, np.ndarray)
    }:
        raise ValueError(prefix)
    state: dict[str, Any] = {}
    for name, value in like.items():
        if isinstance(value, np.ndarray):
            state[name] = file.read_any(f"{prefix}{name}", value.shape, value.dtype)
            # Vectors of an optimizer may have overflowed, but nothing goes on from a NaN.
            wrong = np.isnan if prefix == "optimizer." else _is_not_finite
            if np.issubdtype(value.dtype, np.inexact) and wrong(state[name]).any():
                raise ValueError(f"{prefix}{name}")
        elif isinstance(value, Mapping):
            state[name] = _put_together(plain[name], value, f"{prefix}{name}.", file)
        elif not _is_like(plain[name], value):
            raise ValueError(f"{prefix}{name}")
        else:
            state[name] = plain[name]
    return state


def _is_not_finite(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return ~np.isfinite(array)


def _is_like(value: Any, like: Any) -> bool:
    """Whether a JSON value may stand where a new trainer has ``like``, which is None where nothing is known yet."""
    if isinstance(value, bool) or isinstance(like, bool):
        return type(value) is type(like)
    if isinstance(value, int) and not 0 <= value < 2**_MOST_BITS and not isinstance(like, float | None):
        return False
    if like is None:
        return value is None or isinstance(value, int | float)
    if isinstance(like, str):
        return bool(value == like)
    if isinstance(like, float):
        return isinstance(value, int | float) and abs(value) < math.inf
    return isinstance(value, int)
