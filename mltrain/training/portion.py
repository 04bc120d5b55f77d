"""What is done with the gradients of a batch, between its backward pass and the next forward pass."""

from collections.abc import Sequence

from mltrain.engine.accumulation import Accumulation
from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.engine.optimizers import Optimizer, Update
from mltrain.engine.penalty import Penalty


class Portion:
    """The ``parts`` of the flat vectors that one process takes care of: all that are trained, if it works alone.

    ``penalize`` adds what large parameters cost, ``accumulate`` adds up the batches of a step, and ``update`` takes it.
    ``rows`` is the size of a batch; ``vectors`` are those of the optimizer, where other processes have parts in them.
    """

    def __init__(
        self,
        network: Network,
        gradients: Floats,
        optimizer: Optimizer,
        rows: int,
        parts: Sequence[slice] | None = None,
        vectors: dict[str, Floats] | None = None,
    ):
        parts = network.trainable if parts is None else parts
        self.penalize = Penalty(network, gradients, parts)
        self.accumulate = Accumulation(gradients, parts, rows)
        self.update = Update(optimizer, network.parameters, gradients, parts, vectors)
        self.learning_rate, self.rate = self.update.learning_rate, self.update.rate
        self.swap_average, self.state, self.restore = self.update.swap_average, self.update.state, self.update.restore
