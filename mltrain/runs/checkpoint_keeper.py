"""Decides when checkpoints are written: at bounded cost, and often enough that a crash loses little work."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from mltrain.errors import StorageError
from mltrain.runs.checkpoint import Background, write_checkpoint
from mltrain.runs.frames import FrameKeeper
from mltrain.runs.run import CHECKPOINT, Run
from mltrain.system.files import remove
from mltrain.training.checkpointing import Snapshot, TrainingRun

EVERY, REST = 2.0, 20
"""Least seconds between two checkpoints, and the least interval as a multiple of the last write's duration."""


class CheckpointKeeper:
    """Writes the newest snapshot of a training run to a run's folder when it is time to.

    ``background`` is called when the first checkpoint is written. ``complain`` is called once if writing fails; the
    training continues.
    """

    def __init__(
        self,
        run: Run,
        background: Callable[[], Background],
        training_run: TrainingRun,
        keeper: FrameKeeper,
        complain: Callable[[str], None],
    ):
        self._run, self._background, self._training_run, self._keeper = run, background, training_run, keeper
        self._complain: Callable[[str], None] | None = complain
        self._written: Snapshot | None = None
        self._due = perf_counter() + EVERY

    def write_if_due(self) -> None:
        """Write a checkpoint if it is time to."""
        snapshot = self._training_run.newest
        if (began := perf_counter()) < self._due or snapshot is None or snapshot is self._written:
            return
        try:
            if not self._run.stands():
                raise StorageError(f"{self._run.folder}: was removed during the training")
            write_checkpoint(
                self._run.folder / CHECKPOINT,
                self._background(),
                snapshot,
                self._training_run.history,
                self._keeper.frames,
            )
            self._written = snapshot
        except StorageError as error:
            if self._complain:
                self._complain(f"what was learned is safe only at the end: {error}")
            self._complain = None
        now = perf_counter()
        self._due = now + max(EVERY, REST * (now - began))

    def finish(self, path: Path) -> None:
        """Write the last checkpoint to ``path``, where the frames are in a file beside it. Raises `StorageError`."""
        if self._training_run.newest is not None:
            write_checkpoint(path, self._background(), self._training_run.newest, self._training_run.history, None)

    def discard(self) -> None:
        """Delete the checkpoint, if there is one. Raises `StorageError`."""
        if self._written is not None and self._run.stands():
            remove(self._run.folder / CHECKPOINT)
