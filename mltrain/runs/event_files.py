"""TensorBoard event files with the numbers of each epoch.

As Keras does, they go to two folders, ``train`` and ``validation``, with the same names in both, so that TensorBoard
draws both curves of a metric into one chart.
"""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mltrain.errors import StorageError, reason
from mltrain.system.extras import needed
from mltrain.training.epoch_report import EpochReport


def need_event_files() -> tuple[Any, Any]:
    """The classes of the event file writer and of an event. Raises `DataError` if tensorboardX is not installed."""
    module, proto = (
        needed(f"tensorboardX.{name}", "writing TensorBoard's event files", "tensorboard")
        for name in ("event_file_writer", "proto.event_pb2")
    )
    return module, proto.Event


class EventFiles:
    """Event files below ``folder``, which is created at the first epoch. The context manager closes them.

    tensorboardX is used without the queue and the thread of its better known `SummaryWriter`, in which a full disk
    would go unnoticed.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._module, self._event = need_event_files()
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, report: EpochReport) -> None:
        """Write the numbers of an epoch. Raises `StorageError`."""
        tracked = {f"parameters/{_tag(label)}": value for label, value in report.tracked.items()}
        training = {"loss": report.loss, **report.metrics, **report.scheduled, **tracked}
        try:
            self._add("train", report.epoch, training)
            self._add("validation", report.epoch, report.validation)
        except OSError as error:
            raise StorageError(f"{self._folder}: event files cannot be written there: {reason(error)}") from error

    def _add(self, part: str, epoch: int, values: Mapping[str, float]) -> None:
        if not values:
            return
        if part not in self._writers:
            folder = self._folder / part
            folder.mkdir(parents=True, exist_ok=True)
            # The writer's own file names have a resolution of one second: resuming within it would overwrite a file.
            unique = f".{time.time_ns()}.{os.getpid()}"
            self._writers[part] = self._module.EventsWriter(str(folder / "events"), unique)
        event = self._event(wall_time=time.time(), step=epoch)
        for name, value in values.items():
            event.summary.value.add(tag=name, simple_value=value)
        self._writers[part].write_event(event)
        self._writers[part].flush()


def _tag(label: str) -> str:
    """A name without the characters that TensorBoard rejects: ``dense.kernel[0, 1]`` becomes ``dense.kernel_0_1``."""
    return re.sub(r"[^\w./-]+", "_", label).strip("_")
