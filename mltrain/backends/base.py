"""What a backend does for a training job: the seam between what is the same for all and how numbers are computed.

    job ──> training/loop.py ──> Trainer: run an epoch, parameters by name, state and restore ──┐
    job, inference, views ─────> Backend: evaluate, predict ───────────────────────────────────┴─> backends/numpy, ...

The same for all backends are the descriptions (layers, losses, optimizers), the names and shapes of the parameters, the
first weights, the reports and the files. A `Network` is where both sides meet: its arrays, by name, hold the first
weights when a trainer is made, and what was learned whenever an epoch ends, however it ends. What a backend keeps
besides (buffers, devices, processes) stays behind the seam.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mltrain.backends.profiler import Profile
from mltrain.data.preprocessing import AS_IS, Preprocessing, Scaling
from mltrain.engine.arrays import Floats
from mltrain.engine.graph import Node
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer

State = Mapping[str, Any]
"""A tree of mappings whose leaves are NumPy arrays or plain JSON values."""


class HasState(Protocol):
    """Whatever carries something from step to step, or from epoch to epoch."""

    def state(self) -> State:
        """What it carries now. Arrays are its own, not copies."""
        ...

    def restore(self, state: State) -> None:
        """Carry what ``state`` says, from an object made in the same way.

        Raises KeyError, TypeError, ValueError or OverflowError if that is no such state.
        """
        ...


Progress = Callable[[int, int, float], None]
"""Called between steps with the steps done, the steps of the epoch, and the mean loss so far."""


class Rows(NamedTuple):
    """Rows with their targets in the form that the loss takes."""

    x: npt.NDArray[Any]
    target: npt.NDArray[Any]


StrategyName = Literal["single", "columns", "rows"]

MOST_PROCESSES = 4
"""Processes that train one network together: each reads what all others hand in, so there is no gain in ever more."""


class Parallelism(NamedTuple):
    """How the work of a step is divided: results depend on this, and on no core that there is.

    columns: each process has some columns of the large kernels. rows: each process takes some rows of every batch.
    """

    strategy: StrategyName = "single"
    processes: int = 1


SINGLE = Parallelism()


class TrainingTask(NamedTuple):
    """What is to be learned, and from what: ``network`` is trained in place.

    ``class_weights``, ``(classes,)``, say how much a row of each class counts. The weights change once for
    ``gradient_accumulation`` batches of ``batch_size`` rows.
    """

    network: Network
    rows: Rows
    loss: Loss
    optimizer: Optimizer
    batch_size: int
    metrics: Sequence[Metric] = ()
    gradient_accumulation: int = 1
    shuffle: bool = True
    preprocessing: Preprocessing = AS_IS
    class_weights: Floats | None = None
    seed: int = 0


class EpochNumbers(NamedTuple):
    """The mean loss and the metrics of an epoch's batches, weighted by rows, as they were while training."""

    loss: float
    metrics: dict[str, float]


class Stopped(Exception):
    """An epoch ended after so many whole steps, because it was asked to."""

    def __init__(self, step: int):
        super().__init__(step)
        self.step = step


class NotFinite(Exception):
    """In this step the loss became infinite or not a number. ``last`` is the last finite one, if there ever was one."""

    def __init__(self, step: int, loss: float, last: float | None, *, rate: float, largest_input: float):
        super().__init__(step, loss)
        self.step, self.loss, self.last, self.rate, self.largest_input = step, loss, last, rate, largest_input


class Trainer(HasState, Protocol):
    """One training on a backend. Between epochs, the network has what was learned."""

    steps: int
    """Batches of an epoch."""
    parallelism: Parallelism

    @property
    def parameters(self) -> Mapping[str, npt.NDArray[Any]]:
        """The parameters by name, as they are now: arrays that stay up to date from epoch to epoch."""
        ...

    def start(self) -> None:
        """Make ready for the first epoch, after a `restore` if there is one. Raises `WorkerLost`."""
        ...

    def run_epoch(self, stop: Callable[[], bool], progress: Progress) -> EpochNumbers:
        """Go through all rows once. ``stop`` is asked between steps.

        Raises `Stopped` or `NotFinite`, with the parameters of the last whole step, or `WorkerLost`, with those of the
        last whole epoch.
        """
        ...

    def epoch_ended(self, values: Mapping[str, float]) -> None:
        """Let the learning rate react to what the epoch came to, by name."""
        ...

    def scheduled_rate(self) -> float | None:
        """The learning rate of the last step; None if it is always the same."""
        ...

    def close(self) -> None:
        """Release what the training has taken. May be called twice."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """How good a network's outputs are on some rows.

    ``confusion[true, predicted]`` counts rows, where classes were asked for.
    """

    loss: float
    metrics: dict[str, float]
    confusion: npt.NDArray[np.int64] | None = None


class Backend(Protocol):
    """A way to compute."""

    name: str

    def parallelism(self, nodes: Sequence[Node], batch_size: int, gradient_accumulation: int = 1) -> Parallelism:
        """How the work of training these layers is divided on this machine."""
        ...

    def trainer(
        self, task: TrainingTask, parallelism: Parallelism | None = None, profile: Profile | None = None
    ) -> Trainer:
        """What trains a network. ``parallelism`` is that of the training to go on with; by default the best here."""
        ...

    def evaluator(
        self,
        network: Network,
        rows: Rows,
        *,
        loss: Loss,
        metrics: Sequence[Metric] = (),
        preprocessing: Preprocessing = AS_IS,
        classes: int = 0,
    ) -> Callable[[], Evaluation]:
        """What measures a network, as it is when it is called, on rows. ``classes`` asks for the confusion matrix."""
        ...

    def predict(self, network: Network, x: npt.NDArray[Any], inputs: Scaling = AS_IS.inputs) -> Floats:
        """What the network gives, ``(rows, *output_shape)``, for rows that are scaled for it here."""
        ...
