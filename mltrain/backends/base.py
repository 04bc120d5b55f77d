"""The interface of compute backends for a training job.

    job ──> training/loop.py ──> Trainer: run an epoch, parameters by name, state and restore ──┐
    job, inference, views ─────> Backend: evaluate, predict ───────────────────────────────────┴─> backends/numpy, ...

The same for all backends are the descriptions (layers, losses, optimizers), the names and shapes of the parameters, the
first weights, the reports and the files. A `Network` is where both sides meet: its arrays, by name, hold the first
weights when a trainer is made, and the trained parameters at the end of each epoch, also after an interrupt. Buffers,
devices and processes are private to the backend.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from mltrain.backends.profiler import Profile
from mltrain.data.preprocessing import AS_IS, Preprocessing, Scaling
from mltrain.engine.arrays import Floats
from mltrain.engine.graph import Node
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric, Statistics
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer

State = Mapping[str, Any]
"""A tree of mappings whose leaves are NumPy arrays or plain JSON values."""


class HasState(Protocol):
    """An object with state that lasts from step to step, or from epoch to epoch."""

    def state(self) -> State:
        """The current state. Arrays are not copied."""
        ...

    def restore(self, state: State) -> None:
        """Restore a ``state`` of an object that was made in the same way.

        Raises KeyError, TypeError, ValueError or OverflowError if the state does not fit.
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
"""The most processes for one network: each reads the results of all others, so the cost of exchange grows."""


class Parallelism(NamedTuple):
    """The division of a step among processes. Results depend on it, but not on the number of cores.

    columns: each process has some columns of the large kernels. rows: each process takes some rows of every batch.
    """

    strategy: StrategyName = "single"
    processes: int = 1


SINGLE = Parallelism()


class TrainingTask(NamedTuple):
    """The network, rows and options of a training. ``network`` is trained in place.

    ``class_weights``, ``(classes,)``, are the weights of the classes in the loss. Parameters change once for
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
    """The epoch was stopped on request, after the given number of whole steps."""

    def __init__(self, step: int):
        super().__init__(step)
        self.step = step


class NotFinite(Exception):
    """The loss became infinite or NaN in this step. ``last`` is the last finite loss, if there was one."""

    def __init__(self, step: int, loss: float, last: float | None, *, rate: float, largest_input: float):
        super().__init__(step, loss)
        self.step, self.loss, self.last, self.rate, self.largest_input = step, loss, last, rate, largest_input


class Trainer(HasState, Protocol):
    """One training on a backend. Between epochs, the network has the trained parameters."""

    steps: int
    """Batches of an epoch."""
    parallelism: Parallelism

    @property
    def last_loss(self) -> float | None:
        """The mean loss of the last step's batch, before the step; None before the first one."""
        ...

    @property
    def parameters(self) -> Mapping[str, npt.NDArray[Any]]:
        """The parameters by name, as arrays that are updated with each epoch."""
        ...

    def start(self) -> None:
        """Prepare the first epoch; called after `restore` if training resumes. Raises `WorkerLost`."""
        ...

    def run_epoch(self, stop: Callable[[], bool], progress: Progress) -> EpochNumbers:
        """Go through all rows once. ``stop`` is called between steps.

        Raises `Stopped` or `NotFinite`, with the parameters of the last whole step, or `WorkerLost`, with those of the
        last whole epoch.
        """
        ...

    def epoch_ended(self, values: Mapping[str, float]) -> None:
        """Update the learning rate from the epoch's numbers by name."""
        ...

    def scheduled_rate(self) -> float | None:
        """The learning rate of the last step; None if it is always the same."""
        ...

    def close(self) -> None:
        """Release the resources of the training. May be called twice."""
        ...


class Evaluation(msgspec.Struct, frozen=True):
    """Loss and metrics of a network on some rows.

    ``confusion[true, predicted]`` counts rows, if classes were given.
    """

    loss: float
    metrics: dict[str, float]
    confusion: npt.NDArray[np.int64] | None = None


class Evaluator(Protocol):
    """Evaluates a network on the same rows whenever it is called, with the parameters that it has then.

    ``statistics`` are the sums of which each of the metrics was computed the last time. Those of other rows can be
    added to them (`Metric.merge`).
    """

    statistics: list[Statistics]

    def __call__(self) -> Evaluation: ...


class Backend(Protocol):
    """A compute backend."""

    name: str

    def parallelism(self, nodes: Sequence[Node], batch_size: int, gradient_accumulation: int = 1) -> Parallelism:
        """The division of the training of these layers among processes on this machine."""
        ...

    def trainer(
        self, task: TrainingTask, parallelism: Parallelism | None = None, profile: Profile | None = None
    ) -> Trainer:
        """The trainer of a network. ``parallelism`` is that of a resumed training; by default the best one."""
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
    ) -> Evaluator:
        """What evaluates the network's current parameters; with ``classes``, also the confusion matrix."""
        ...

    def predict(self, network: Network, x: npt.NDArray[Any], inputs: Scaling = AS_IS.inputs) -> Floats:
        """The network's outputs ``(rows, *output_shape)``; the rows are preprocessed here."""
        ...

    def one_row_predictor(
        self, network: Network, inputs: Scaling = AS_IS.inputs
    ) -> Callable[[npt.NDArray[Any]], Floats]:
        """As `predict` for a single row, any number of times and from several threads, without preparing anew.

        The parameters of the network stay where they are meanwhile.
        """
        ...

    def input_gradients(
        self, network: Network, x: npt.NDArray[Any], weights: Floats, inputs: Scaling = AS_IS.inputs
    ) -> Floats:
        """The gradient of ``(scores * weights).sum()`` by the preprocessed rows, ``(rows, *input_shape)``.

        ``weights`` are ``(rows, *output_shape)``. Scores are what the last softmax, sigmoid or step takes, or else the
        outputs. Layers work as in `predict`.
        """
        ...
