"""What training tells the world: one `EpochReport` an epoch."""

from dataclasses import dataclass, field

from mltrain.engine.metrics.base import on_validation


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to. Epoch 0, present where parameters are tracked, is the state before training.

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
    val_metrics: dict[str, float] = field(default_factory=dict)
    tracked: dict[str, float] = field(default_factory=dict)
    learning_rate: float | None = None

    @property
    def values(self) -> dict[str, float]:
        """The loss and the metrics by name, then those on the validation rows, as ``val_loss`` and so on."""
        held_back = {} if self.val_loss is None else {"loss": self.val_loss, **self.val_metrics}
        return {"loss": self.loss, **self.metrics, **{on_validation(name): held_back[name] for name in held_back}}
