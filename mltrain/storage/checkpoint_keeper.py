"""When a checkpoint is written: so often that little is lost, and so rarely that it costs little."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from mltrain.config import Config
from mltrain.storage.checkpoint import Background, write_checkpoint
from mltrain.storage.files import remove
from mltrain.storage.frames import FrameKeeper
from mltrain.storage.runs import CHECKPOINT
from mltrain.training.state import Course, Snapshot

EVERY, REST = 2.0, 20
"""Seconds between two checkpoints at least, and so many times as long as the last one took, where disks are slow."""


class CheckpointKeeper:
    """Writes the newest snapshot of a course to a run's folder when it is time to.

    ``rows`` gives the fingerprint of the dataset; it is asked when the first checkpoint is written.
    """

    def __init__(self, folder: Path, config: Config, rows: Callable[[], str], course: Course, keeper: FrameKeeper):
        self._path, self._config, self._rows, self._course, self._keeper = (
            folder / CHECKPOINT,
            config,
            rows,
            course,
            keeper,
        )
        self._background: Background | None = None
        self._written: Snapshot | None = None
        self._due = perf_counter() + EVERY

    def offer(self) -> None:
        """Write a checkpoint if it is time to. Raises `StorageError`."""
        if (began := perf_counter()) >= self._due and self._course.newest is not self._written:
            self._write(with_frames=True)
            now = perf_counter()
            self._due = now + max(EVERY, REST * (now - began))

    def finish(self) -> None:
        """Write the last checkpoint, of a run whose frames and models are saved. Raises `StorageError`."""
        self._write(with_frames=False)

    def discard(self) -> None:
        """Take away what was written, if anything was. Raises `StorageError`."""
        if self._written is not None:
            remove(self._path)

    def _write(self, *, with_frames: bool) -> None:
        snapshot = self._course.newest
        if snapshot is None:
            return
        self._background = self._background or Background(self._config, self._rows(), self._keeper.count)
        frames = self._keeper.frames if with_frames else None
        write_checkpoint(self._path, self._background, snapshot, self._course.history, frames)
        self._written = snapshot
