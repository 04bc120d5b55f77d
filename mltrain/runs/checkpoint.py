"""``checkpoint.npz``: a training after some epoch, with all that it takes to go on from there to the same bytes.

The format is that of model files, and so is the caution: nothing in it is ever run, and what the arrays must be follows
from the training that wants to go on, which is made anew from the config.
"""

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
from mltrain.errors import ConfigError, ModelFileError
from mltrain.inference.model_file import ModelFile, write_model_file
from mltrain.runs.frames import Frames
from mltrain.training.checkpointing import Snapshot
from mltrain.training.epoch_report import EpochReport

_HISTORY, _FRAMES = "history", "frames"
"""Arrays besides those of the state, whose names hold a dot."""


class Background(NamedTuple):
    """What stays the same from one checkpoint of a run to the next.

    ``rows`` is the fingerprint of the dataset, ``frames`` how many were asked for.
    """

    config: Config
    rows: str
    frames: int


class _Meta(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says besides its config. ``frame_epochs`` is None where the frames are in a file beside it.

    Version 0.1.0 knew one ``strategy`` for several processes, and did not name it.
    """

    epoch: int
    processes: Annotated[int, msgspec.Meta(ge=1, le=MOST_PROCESSES)]
    strategy: StrategyName | None = None
    rows: str
    frames: int
    frame_epochs: list[int] | None
    reports: int
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
    arrays[_HISTORY] = np.array([_numbers(report) for report in history], np.float64).reshape(
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
            except (msgspec.ValidationError, ConfigError) as error:
                raise ModelFileError(f"{path}: its meta cannot be used: {str(error).splitlines()[0]}") from error
        self.epoch = self._meta.epoch
        strategy = self._meta.strategy or ("columns" if self._meta.processes > 1 else "single")
        self.parallelism = Parallelism(strategy, self._meta.processes)
        if (strategy == "single") != (self.parallelism == SINGLE):
            raise self._damaged()
        self.rows, self.frame_count = self._meta.rows, self._meta.frames

    def history(self, epochs: int) -> list[EpochReport]:
        """The reports up to here, of a training that is planned to have so many epochs."""
        meta = self._meta
        numbers = 4 + (1 + meta.validation) * len(meta.metrics) + meta.validation + len(meta.tracked) + meta.rate
        shape = (meta.reports, numbers if meta.reports else 0)
        table: list[list[float]] = self._read(_HISTORY, shape, np.dtype(np.float64)).tolist()
        try:
            history = [self._report(row, epochs) for row in table]
        except (ValueError, OverflowError) as error:
            raise self._damaged() from error
        if meta.epoch != (history[-1].epoch if history else 0):
            raise self._damaged()
        return history

    def _report(self, row: list[float], epochs: int) -> EpochReport:
        epoch, steps, seconds, loss, *rest = row
        names, values = self._meta.metrics, iter(rest)
        return EpochReport(
            int(epoch),
            epochs,
            int(steps),
            seconds,
            loss,
            {name: next(values) for name in names},
            next(values) if self._meta.validation else None,
            {name: next(values) for name in names} if self._meta.validation else {},
            {name: next(values) for name in self._meta.tracked},
            next(values) if self._meta.rate else None,
        )

    def frames(self, beside: Path, parameters: int) -> Frames:
        """The frames up to here of a network with so many parameters; ``beside`` is the file that may hold them."""
        epochs = self._meta.frame_epochs
        if epochs is None:
            return Frames.load(beside, parameters).until(self.epoch)
        return Frames(epochs, list(self._read(_FRAMES, (len(epochs), parameters), np.dtype(np.float32))))

    def restore(self, trainer: HasState) -> None:
        """Give a trainer the state that it had."""
        try:
            with ModelFile(self.path) as file:
                trainer.restore(_put_together(self._meta.state, trainer.state(), "", file))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._damaged() from error

    def _read(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        with ModelFile(self.path) as file:
            return file.read_any(name, shape, dtype).copy()

    def _damaged(self) -> ModelFileError:
        return ModelFileError(f"{self.path}: its state does not fit the training that it is of; the file is damaged")


def _numbers(report: EpochReport) -> list[float]:
    held_back = [] if report.val_loss is None else [report.val_loss]
    rate = [] if report.learning_rate is None else [report.learning_rate]
    measured = [*report.metrics.values(), *held_back, *report.val_metrics.values()]
    return [report.epoch, report.steps, report.seconds, report.loss, *measured, *report.tracked.values(), *rate]


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
    """The tree with its arrays, which must be as those of ``like`` are."""
    state: dict[str, Any] = {}
    for name, value in like.items():
        if isinstance(value, np.ndarray):
            state[name] = file.read_any(f"{prefix}{name}", value.shape, value.dtype)
        elif isinstance(value, Mapping):
            state[name] = _put_together(plain[name], value, f"{prefix}{name}.", file)
        else:
            state[name] = plain[name]
    return state
