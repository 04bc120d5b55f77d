"""A network cut into narrower ones, its shards, which compute it together.

    whole x ──> dense ───────> activation, dropout ──> dense ──> sum of all shards ──> whole y
                kernel[:, own]   of own columns        kernel[own]

Each shard has some columns of a large kernel and the rows that belong to them of the next one. So kernels, gradients,
optimizer state and all values between two sums belong to one shard, and what shards exchange is small. (This is the
tensor parallelism of Shoeybi et al. 2019, https://arxiv.org/abs/1909.08053, and so are the names of the layers.) Every
shard has small layers whole, and computes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec.structs import asdict, replace

from mltrain.backends.numpy.parallel.choice import is_large
from mltrain.engine.activations.linear import Linear
from mltrain.engine.arrays import Allocator, Floats, Shape
from mltrain.engine.blocked_matmul import matmul
from mltrain.engine.graph import Node
from mltrain.engine.layers.base import Buffers, Layer
from mltrain.engine.layers.dense import Dense
from mltrain.engine.layers.dropout import Dropout
from mltrain.engine.network import Network
from mltrain.engine.plan import Call

FEWEST_COLUMNS = 64
"""Units of a layer that is cut by them; one with fewer, but a large kernel, is cut by its many inputs."""


Index = tuple[slice, ...]
"""An index of a part of an array."""


@dataclass(frozen=True)
class Shard:
    """One of the narrower networks.

    ``places`` says for each of its arrays, by name, which part of the whole network's array it is. ``owned`` are the
    parts of its flat vector that no shard before it has.
    """

    network: Network
    places: dict[str, Index]
    owned: list[slice]


class Shards:
    """A network, cut into ``count`` shards whose parameters, all 0, are in arrays that ``zeros`` makes."""

    def __init__(self, network: Network, count: int, zeros: Allocator = np.zeros):
        self._network = network
        self.all = [_shard(network, rank, count, zeros) for rank in range(count)]

    def parts(self, whole: Floats) -> list[Floats]:
        """A flat vector of the network, cut into the flat vectors of the shards."""
        arrays, parts = self._network.views(whole), [np.empty_like(shard.network.parameters) for shard in self.all]
        for shard, part in zip(self.all, parts, strict=True):
            for name, own in shard.network.views(part).items():
                np.copyto(own, arrays[name][shard.places[name]])
        return parts

    def whole(self, parts: Iterable[Floats], out: Floats | None = None) -> Floats:
        """The flat vectors of the shards, put together to one of the network; written to ``out``, if given."""
        whole = np.empty_like(self._network.parameters) if out is None else out
        arrays = self._network.views(whole)
        for shard, part in zip(self.all, parts, strict=True):
            for name, own in shard.network.views(part).items():
                np.copyto(arrays[name][shard.places[name]], own)
        return whole


class Exchange(NamedTuple):
    """An array that each shard has computed, to be summed over all shards (all-reduce).

    Where ``own`` says which columns of it this shard has computed, the columns are put side by side (all-gather).
    """

    array: Floats
    own: slice | None = None


def exchange_after(call: Call, *, backward: bool = False) -> Exchange | None:
    """The exchange of a layer's ``y`` (or, backward, ``dx``) before the next layer reads it; None: there is none."""
    layer, at = call.layer, call.at
    if at is None or (backward and not at.needs_dx):
        return None
    array = at.dx if backward else at.y
    if isinstance(layer, ColumnParallelDense if backward else RowParallelDense):
        return Exchange(array)
    return Exchange(array, layer.own) if isinstance(layer, SliceColumns if backward else AllGather) else None


class _Part(Dense):
    """A part of a dense layer, whose products are computed on one core."""

    def matmul(self, a: Floats, b: Floats, out: Floats) -> None:
        matmul(a, b, out)


class ColumnParallelDense(_Part):
    """Some columns of a dense layer's kernel: some of its outputs, and a partial sum of ``dx``."""


class RowParallelDense(_Part):
    """Some rows of a dense layer's kernel: a partial sum of its outputs."""


class SliceColumns(Layer):
    """Some columns of its input."""

    own: slice

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.own.stop - self.own.start,)

    def forward(self, at: Buffers) -> None:
        np.copyto(at.y, at.x[:, self.own])

    def backward(self, at: Buffers) -> None:
        np.copyto(at.dx[:, self.own], at.dy)


class AllGather(Layer):
    """Its input as some columns of its output, which is ``width`` numbers wide."""

    own: slice
    width: int

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.width,)

    def forward(self, at: Buffers) -> None:
        np.copyto(at.y[:, self.own], at.x)

    def backward(self, at: Buffers) -> None:
        np.copyto(at.dx, at.dy[:, self.own])


class DropoutOfColumns(Dropout):
    """Some columns of a dropout layer of ``width``. Every shard draws for all columns, so that each has its own."""

    own: slice
    width: int

    def bits(self, at: Buffers) -> npt.NDArray[np.uint16]:
        return at.random_bits((self.width,))[:, self.own]


def _shard(network: Network, rank: int, count: int, zeros: Allocator) -> Shard:
    cutter = _Cutter(rank, count)
    for node in network.nodes:
        cutter.add(node)
    cutter.make_whole("output")
    narrow = Network(cutter.layers, network.inputs, dtype=network.parameters.dtype, zeros=zeros)
    owned = [place for name, (place, _) in narrow.places.items() if name in cutter.owned]
    return Shard(narrow, {name: cutter.places[name] for name in narrow.places}, owned)


class _Cutter:
    """Makes the layers of one shard, one after the other."""

    def __init__(self, rank: int, count: int):
        self._rank, self._count = rank, count
        self.layers: list[Layer] = []
        self.places: dict[str, Index] = {}
        self.owned: set[str] = set()
        # Which columns of the values the shard has at this point, and of how many; None: it has all of them.
        self._own: slice | None = None
        self._width = 0

    def add(self, node: Node) -> None:
        layer = replace(node.layer, name=node.name, inputs=None)  # other layers may come between
        if isinstance(layer, Dense):
            if self._own is None and is_large(node):
                if layer.units >= FEWEST_COLUMNS:
                    self._add_columns(layer)
                    return
                self.layers.append(SliceColumns(name=f"{node.name} (take)", own=self._split(node.input_shape[0])))
            if self._own is not None:
                self._add_rows(layer, self._own)
                return
        elif layer.reshapes and node.input_shape == node.output_shape:
            return  # it is the identity, and would separate a column-parallel layer from its row-parallel one
        elif not layer.element_wise:
            self.make_whole(node.name)
        elif self._own is not None and isinstance(layer, Dropout):
            layer = DropoutOfColumns(**asdict(layer), own=self._own, width=self._width)
        self._keep(layer, dict.fromkeys(node.parameters, ()), owned=self._rank == 0)

    def make_whole(self, name: str) -> None:
        """From here on the shard has all values. ``name`` is that of the layer that needs them."""
        if self._own is not None:
            self.layers.append(AllGather(name=f"{name} (gather)", own=self._own, width=self._width))
        self._own = None

    def _add_columns(self, layer: Dense) -> None:
        own, activation = self._split(layer.units), layer.activation
        inside = activation if activation.element_wise else Linear()
        narrow = ColumnParallelDense(**asdict(layer) | {"units": own.stop - own.start, "activation": inside})
        self._keep(narrow, {"kernel": (slice(None), own), "bias": (own,)})
        if inside is not activation:
            self.make_whole(f"{layer.name}")
            self.layers.append(replace(activation, name=f"{layer.name} (activation)"))

    def _add_rows(self, layer: Dense, own: slice) -> None:
        # The bias is added once, by the first shard.
        narrow = RowParallelDense(**asdict(layer) | {"use_bias": layer.use_bias and self._rank == 0})
        self._keep(narrow, {"kernel": (own,), "bias": ()})
        self._own = None

    def _split(self, width: int) -> slice:
        """From here on the shard has some of ``width`` columns; the slice of these."""
        own = slice(self._rank * width // self._count, (self._rank + 1) * width // self._count)
        self._own, self._width = own, width
        return own

    def _keep(self, layer: Layer, places: Mapping[str, Index], *, owned: bool = True) -> None:
        """Add a layer whose parameters, by name, are these parts of the whole network's."""
        self.layers.append(layer)
        names = {f"{layer.name}.{name}": place for name, place in places.items()}
        self.places |= names
        if owned:
            self.owned |= names.keys()
