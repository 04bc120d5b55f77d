"""What is done with the gradients of a batch, between its backward pass and the next forward pass."""

from collections.abc import Sequence

from mltrain.backends.numpy.gradient_accumulation import Accumulation
from mltrain.backends.numpy.penalty import Penalty
from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.update import Update


class Portion:
    """The gradients of one network, or of a shard of it.

    ``penalize`` adds what large parameters cost, ``accumulate`` adds up the batches of a step, and ``update`` takes it.
    ``rows`` is the size of a batch; ``vectors`` is memory for those of the optimizer. Penalties and the gradient's norm
    are those of what is ``owned``, by default of all.
    """

    def __init__(
        self,
        network: Network,
        gradients: Floats,
        optimizer: Optimizer,
        rows: int,
        vectors: dict[str, Floats] | None = None,
        owned: Sequence[slice] | None = None,
    ):
        self.penalize = Penalty(network, gradients, owned)
        self.accumulate = Accumulation(gradients, network.trainable, rows)
        self.update = Update(optimizer, network.parameters, gradients, network.trainable, vectors, owned)
        self.learning_rate, self.rate = self.update.learning_rate, self.update.rate
        self.swap_average, self.state, self.restore = self.update.swap_average, self.update.state, self.update.restore
