"""``checkpoint.npz``: the state of a training after an epoch, complete enough to continue to the same bytes.

The format is that of model files, and like them it is untrusted input: no code in it is run. The expected names, shapes
and types of the arrays follow from a training that is newly made from the config.
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
"""Names of the arrays that are not part of the state. Names of state arrays hold a dot."""


class Background(NamedTuple):
    """The metadata that all checkpoints of a run share.

    ``rows`` is the fingerprint of the dataset, ``frames`` the number of frames that the user asked for.
    """

    config: Config
    rows: str
    frames: int


_MOST_FRAMES = 1_000_000

_MOST_BITS = 128
"""The most bits of an integer in a state. The largest integers are those of random generators."""

_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Meta(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The metadata of a checkpoint besides its config. ``frame_epochs`` is None if the frames are in a separate file.

    Version 0.1.0 had a single ``strategy`` for several processes, and did not write its name.
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
    """Write the file atomically. ``history`` and ``frames`` may be longer than at the time of the snapshot.

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
    """A checkpoint that was read. Every method raises `ModelFileError` if the file is damaged or does not fit."""

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
        """The reports up to this epoch, with the same fields as the given report."""
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
        """The frames up to this epoch, of the given number of parameters; ``beside`` is the separate file of frames."""
        epochs = self._meta.frame_epochs
        if epochs is None:
            return Frames.load(beside, parameters).until(self.epoch)
        if not are_frame_epochs(epochs) or epochs[-1] > self.epoch:
            raise self._damaged("its frames are not those of")
        return Frames(epochs, list(self._read(_FRAMES, (len(epochs), parameters), np.dtype(np.float32))))

    def restore(self, history: Sequence[EpochReport], steps: Sequence[int], trainer: HasState) -> None:
        """Restore the state of a trainer after this ``history``; ``steps`` are those of an epoch of each network."""
        try:
            with ModelFile(self.path) as file:
                state = _put_together(self._meta.state, trainer.state(), "", file)
            self._check(state, history, steps)
            trainer.restore(state)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._damaged("its state does not fit") from error

    def _check(self, state: State, history: Sequence[EpochReport], steps: Sequence[int]) -> None:
        """Check that the state agrees with the history. Raises ValueError or KeyError if it does not."""
        config, epochs = self.config, [report for report in history if report.epoch]
        rate = start(config.optimizer.learning_rate)
        validation = history[0].val_loss is not None if history else "monitor" in state
        monitor = monitor_of(config.training, np.zeros(0, np.float32), validation=validation)
        for report in epochs:
            rate.epoch_ended(report.values)
            if monitor:
                monitor.epoch_ended(report.epoch, report.values, monitor.best)
        if monitor:
            _expect(state["monitor"], {name: value for name, value in monitor.state().items() if name != "best"})
        group = config.training.gradient_accumulation
        for network, count in zip([state, *state.get("folds", {}).values()], steps, strict=True):
            _expect(network["optimizer"], {"step": len(epochs) * -(-count // group), "learning_rate": rate.state()})
            _expect(network["trainer"], {"processes": self._meta.processes})
            if (network["trainer"]["last_finite_loss"] is None) != (not epochs):
                raise ValueError("trainer")

    def _read(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        with ModelFile(self.path) as file:
            return file.read_any(name, shape, dtype).copy()

    def _damaged(self, what: str) -> ModelFileError:
        return ModelFileError(f"{self.path}: {what} the training that it is of; the file is damaged")


def _expect(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raises ValueError or KeyError if one of the expected values is another one, or missing."""
    for name, value in expected.items():
        if found[name] != value:
            raise ValueError(name)


def _taken_apart(state: State, prefix: str, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """The tree of JSON values without its arrays, which are put into ``arrays`` by their paths in the tree."""
    plain: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}{name}"] = value
        else:
            plain[name] = _taken_apart(value, f"{prefix}{name}.", arrays) if isinstance(value, Mapping) else value
    return plain


def _put_together(plain: Mapping[str, Any], like: State, prefix: str, file: ModelFile) -> State:
    """The tree with its arrays. All values must have the types of those in ``like``.

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
            # Vectors of an optimizer may have overflowed to infinity, but a NaN cannot be continued from.
            wrong = np.isnan if prefix.endswith("optimizer.") else _is_not_finite
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
    """Whether a JSON value has the type of ``like`` in a new trainer. ``like`` is None if the type is not known yet."""
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
