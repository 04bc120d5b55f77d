"""One network and all that takes it through the batches of a training: buffers, bound calls, and what they learn."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from mltrain.backends.numpy.portion import Portion
from mltrain.backends.numpy.window import Batch
from mltrain.backends.profiler import Timed
from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.plan import BoundBatch, Call, Plan
from mltrain.random_streams import generator
from mltrain.training.checkpointing import RandomState

Run = Callable[[], None]


class Task(NamedTuple):
    """What is to be learned: the ``batches`` of a window, of at most ``batch_size`` rows, by this loss and optimizer.

    ``weights`` are those of the classes, if they differ; ``seed`` is that of the training.
    """

    batches: Sequence[Batch]
    batch_size: int
    loss: Loss
    weights: Floats | None
    optimizer: Optimizer
    seed: int
    timed: Timed


class Step(NamedTuple):
    """The calls that take one batch of a window through a network and back."""

    forward: list[Run]
    loss: Callable[[], float]
    backward: list[Run]
    rows: int


class Learner:
    """A network that learns: ``steps`` has the calls for each batch of the window.

    ``vectors`` is memory for those of the optimizer. Of a shard, ``owned`` are the parts that count; and after a call,
    forward or backward, there may be ``more`` to do.
    """

    def __init__(
        self,
        network: Network,
        task: Task,
        *,
        vectors: dict[str, Floats] | None = None,
        owned: Sequence[slice] | None = None,
        more: Callable[[Call, bool], Iterable[Run]] = lambda *_: (),
    ):
        gradients = np.zeros(network.parameters.shape, network.parameters.dtype)
        self.portion = Portion(network, gradients, task.optimizer, task.batch_size, vectors, owned)
        self.penalize, self.accumulate = self.portion.penalize, self.portion.accumulate
        self.update: Run = self.portion.update
        self.rate, self.learning_rate = self.portion.rate, self.portion.learning_rate
        self.state, self.restore = self.portion.state, self.portion.restore
        # Where a running mean of the parameters is wanted, the network holds that between epochs.
        self.begin_epoch = self.end_epoch = self.portion.swap_average
        self.rng = generator(task.seed, "dropout")
        self.dropout = RandomState(self.rng)
        plan = Plan(network, task.batch_size, gradients=gradients, fused=task.loss.fused_activation is not None)

        def runs(phase: str, calls: Sequence[Call]) -> list[Run]:
            return [
                task.timed(phase, call.label, run)
                for call in calls
                for run in (call.run, *more(call, phase == "backward"))
            ]

        def step(batch: Batch, bound: BoundBatch) -> Step:
            loss = partial(task.loss.mean, bound.z, bound.y, batch.target, bound.dz, task.weights)
            forward, backward = runs("forward", bound.forward), runs("backward", bound.backward)
            return Step(forward, task.timed("loss", "", loss), backward, len(batch.y))

        self.steps = [step(batch, plan.bind(batch.x, batch.y, self.rng)) for batch in task.batches]
