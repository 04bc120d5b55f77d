"""One training step of a network: forward, loss, backward, and then the gradients change the parameters.

    for call in batch.forward: call()       every layer in turn reads its input and writes its output
    loss = batch.loss()                     writes the gradient of the loss by the last output
    for call in batch.backward: call()      every layer in turn, from the last one, writes its gradients
    step.penalize()                         regularizers add theirs
    step.accumulate(rows, complete)         where several batches make a step
    step.update()                           the optimizer

All calls are bound to their arrays before the first step (see `mltrain.engine.plan`). The loop that calls them is in
`mltrain.backends.numpy.trainer`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from mltrain.backends.base import HasState, State, TrainingTask
from mltrain.backends.numpy.gradient_accumulation import GradientSums
from mltrain.backends.numpy.penalty import Penalty
from mltrain.backends.numpy.random_state import RandomState
from mltrain.backends.numpy.update import Update
from mltrain.backends.numpy.window import Batch
from mltrain.backends.profiler import Timed
from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.engine.plan import Call, Plan
from mltrain.random_streams import generator

Run = Callable[[], None]


class BatchStep(NamedTuple):
    """The calls that take one batch of the window through a network and back."""

    forward: list[Run]
    loss: Callable[[], float]
    backward: list[Run]
    rows: int


class TrainStep:
    """The step of one process that trains alone: the strategy ``single``. ``batches`` has the calls for each batch.

    Several processes have one each (see `mltrain.backends.numpy.parallel.strategy`). Then ``gradients`` and ``vectors``
    are buffers for these. ``parts`` are the slices of the parameters that this process penalizes and updates, ``owned``
    the slices whose penalty and gradient norm it counts. ``more`` has additional calls after a forward or backward.
    """

    def __init__(
        self,
        network: Network,
        task: TrainingTask,
        batches: Sequence[Batch],
        timed: Timed,
        *,
        gradients: Floats | None = None,
        parts: Sequence[slice] | None = None,
        vectors: dict[str, Floats] | None = None,
        owned: Sequence[slice] | None = None,
        more: Callable[[Call, bool], Iterable[Run]] = lambda *_: (),
    ):
        self.network = network
        if gradients is None:
            gradients = np.zeros(network.parameters.shape, network.parameters.dtype)
        self.penalize = Penalty(network, gradients, owned, parts)
        self.accumulate = GradientSums(gradients, network.trainable, task.batch_size)
        self.update = Update(
            task.optimizer, network.parameters, gradients, network.trainable if parts is None else parts, vectors, owned
        )
        self.learning_rate, self.rate = self.update.learning_rate, self.update.rate
        self.rng = generator(task.seed, "dropout")
        self.dropout: HasState = RandomState(self.rng)
        most_rows = max((len(batch.y) for batch in batches), default=0)
        plan = Plan(network, most_rows, gradients=gradients, fused=task.loss.fused_activation is not None)

        def runs(phase: str, calls: Sequence[Call]) -> list[Run]:
            return [
                timed(phase, call.label, run) for call in calls for run in (call.run, *more(call, phase == "backward"))
            ]

        def bound(batch: Batch) -> BatchStep:
            calls, rows = plan.bind(batch.x, batch.y, self.rng, batch.share), batch.share.batch_rows
            loss = partial(task.loss.mean, calls.z, calls.y, batch.target, calls.dz, task.class_weights, rows)
            forward, backward = runs("forward", calls.forward), runs("backward", calls.backward)
            return BatchStep(forward, timed("loss", "", loss), backward, len(batch.y))

        self.batches = [bound(batch) for batch in batches]

    def start(self, work: Run) -> None:
        """Does nothing: there are no workers."""

    def begin_epoch(self) -> None:
        """Put the parameters back, if the network has their running mean between epochs."""
        self.update.swap_average()

    def end_epoch(self) -> None:
        """Store the result in the network: the parameters, or with ``use_ema`` their running mean."""
        self.update.swap_average()

    def state(self) -> State:
        return self.update.state()

    def restore(self, state: State) -> None:
        self.update.restore(state)

    def close(self) -> None:
        """Does nothing: there are no resources to release."""
