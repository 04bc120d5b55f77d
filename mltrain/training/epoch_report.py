"""The report of an epoch: `EpochReport`."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mltrain.engine.metrics.base import on_validation


class EpochReport(msgspec.Struct, frozen=True):
    """The results of one epoch. Epoch 0, reported where parameters are tracked, is the state before training.

    ``loss`` and ``metrics`` are means over the epoch's batches, weighted by rows and seen while training. Where
    parameters are tracked they are measured after the epoch instead, so that they belong to the ``tracked`` values
    beside them. ``val_loss`` and ``val_metrics`` are always measured after it. ``seconds`` is the time spent training,
    measuring left out. ``learning_rate`` is that of the epoch's last step, where a schedule changes it.
    """

    epoch: int
    epochs: int
    steps: int
    seconds: float
    loss: float
    metrics: dict[str, float]
    val_loss: float | None = None
    val_metrics: dict[str, float] = msgspec.field(default_factory=dict)
    tracked: dict[str, float] = msgspec.field(default_factory=dict)
    learning_rate: float | None = None

    @property
    def validation(self) -> dict[str, float]:
        """The loss and the metrics on the validation rows, by name; empty where there are none."""
        return {} if self.val_loss is None else {"loss": self.val_loss, **self.val_metrics}

    @property
    def values(self) -> dict[str, float]:
        """The loss and the metrics by name, then those on the validation rows, as ``val_loss`` and so on."""
        validation = {on_validation(name): value for name, value in self.validation.items()}
        return {"loss": self.loss, **self.metrics, **validation}

    @property
    def scheduled(self) -> dict[str, float]:
        """The learning rate by name, where a schedule changes it."""
        return {} if self.learning_rate is None else {"learning_rate": self.learning_rate}

    def numbers(self) -> list[float]:
        """Every number that was reported, in the order of the fields; ``epochs``, the planned number, is left out."""
        values = (getattr(self, name) for name in self.__struct_fields__ if name != "epochs")
        return [
            number
            for value in values
            if value is not None
            for number in (value.values() if isinstance(value, dict) else [value])
        ]

    def with_numbers(self, numbers: Iterable[float]) -> "EpochReport":
        """A report of the same names with other `numbers`. Raises ValueError or OverflowError if they do not fit."""
        rest = iter(numbers)
        fields = {name: _filled(getattr(self, name), rest) for name in self.__struct_fields__ if name != "epochs"}
        return EpochReport(epochs=self.epochs, **fields)


def _filled(value: Any, numbers: Iterator[float]) -> Any:
    """A value of the same form as ``value``: the next number, a mapping of the next numbers, or None."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {name: next(numbers) for name in value}
    return type(value)(next(numbers))
