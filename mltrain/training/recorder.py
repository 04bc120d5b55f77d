"""Makes the report of an epoch, with the numbers on the validation rows and the tracked parameters."""

from collections.abc import Callable

from mltrain.backends.base import EpochNumbers, Evaluation, Trainer
from mltrain.engine.network import Network
from mltrain.training.epoch_report import EpochReport
from mltrain.training.options import Training
from mltrain.training.tracking import tracked_values


class Recorder:
    """Makes the reports of one training; ``tracks``: with parameters in them.

    ``validate`` measures on the validation rows, if there are any. Where parameters are tracked, ``measure`` gives the
    loss and metrics on the training rows after the epoch, with the parameters reported.
    """

    def __init__(
        self,
        network: Network,
        training: Training,
        *,
        measure: Callable[[], Evaluation] | None,
        validate: Callable[[], Evaluation] | None,
    ):
        self._epochs = training.epochs
        self._tracked = tracked_values(network, training.track)
        self._measure, self._validate = measure, validate

    @property
    def tracks(self) -> bool:
        return bool(self._tracked)

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
