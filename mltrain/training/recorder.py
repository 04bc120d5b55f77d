"""Makes the report of an epoch, with the numbers on the validation rows and the tracked parameters."""

from collections.abc import Callable, Sequence

from mltrain.backends.base import Backend, EpochNumbers, Evaluation, Rows, Trainer
from mltrain.data.preprocessing import Preprocessing
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network
from mltrain.training.epoch_report import EpochReport
from mltrain.training.options import Training
from mltrain.training.tracking import tracked_values


class Recorder:
    """Makes the reports of one training; ``tracks``: with parameters in them.

    ``validate`` measures on the validation rows, if there are any. Where parameters are tracked, the loss and metrics
    are measured after the epoch, with the parameters reported.
    """

    def __init__(
        self,
        backend: Backend,
        network: Network,
        rows: Rows,
        validate: Callable[[], Evaluation] | None,
        *,
        loss: Loss,
        metrics: Sequence[Metric],
        preprocessing: Preprocessing,
        training: Training,
    ):
        self._epochs = training.epochs
        self._tracked = tracked_values(network, training.track)
        self.tracks = bool(self._tracked)

        self._validate, self._measure = validate, None
        if self.tracks:
            self._measure = backend.evaluator(network, rows, loss=loss, metrics=metrics, preprocessing=preprocessing)

    def before_training(self, trainer: Trainer) -> EpochReport:
        """The report of epoch 0, for the initial weights."""
        return self.report(0, EpochNumbers(0.0, {}), trainer, 0.0)

    def report(self, epoch: int, numbers: EpochNumbers, trainer: Trainer, seconds: float) -> EpochReport:
        """The report of an epoch that took ``seconds``; epoch 0 is the state before training."""
        loss, metrics = numbers
        if self._measure is not None:
            measured = self._measure()
            loss, metrics = measured.loss, measured.metrics
        validated = self._validate() if self._validate is not None else None
        return EpochReport(
            epoch,
            self._epochs,
            trainer.steps if epoch else 0,
            seconds,
            loss,
            metrics,
            validated.loss if validated else None,
            validated.metrics if validated else {},
            {label: float(cell[()]) for label, cell in self._tracked.items()},
            trainer.scheduled_rate(),
        )
