"""Which memory each layer reads and writes: planned from shapes alone, before any of it is taken.

A value lives from the layer that computes it to its last reader, which in training may be a backward pass. Values whose
lives do not overlap share a buffer; a layer that can work in place writes over its input where nothing reads that
later. The gradient of a value that several layers read is added up: the backward pass of the last reader writes it, and
those of the others write beside it what is then added. A relu whose only reader takes a maximum runs behind that, and a
convolution that only a max pooling reads is one stage with it.

    a chain      x ──> dense ──> relu (in place) ──> dense ──> y          two gradient buffers, in turn
    a branch     x ──> dense ──┬──> dense ──> add ──> y                   dense's gradient: that of add, and then
                               └──────────────┘                           what the second dense adds to it
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from mltrain.engine.arrays import DType, Inputs, Shape, size
from mltrain.engine.graph import Node, execution_order, named_inputs
from mltrain.engine.layers.base import ArraySpec, Layer

OUTPUT, FIRST_INPUT = -1, -2
"""The places of what is the caller's: of further inputs they are below that of the first."""

ALIGNMENT = 64
"""Bytes: where each scratch array begins, as NumPy's own arrays do on most machines."""


class Value(NamedTuple):
    """A value by its number, seen in a shape: what only reshapes it has another shape and the same number."""

    number: int
    shape: Shape


class Stage(msgspec.Struct):
    """One layer's work (a dense layer with an activation has two), and where its gradients lie.

    ``dy`` is the gradient buffer of the target; None where no gradient is computed. ``dxs`` are those that backward
    writes, one for each source; None where none is needed. ``sums`` are pairs of gradient buffers and the source's
    place: after backward, the second is added to the first.
    """

    node: Node
    layer: Layer
    sources: tuple[Value, ...]
    target: Value
    owns_parameters: bool
    dy: int | None = None
    dxs: list[int | None] = msgspec.field(default_factory=list)
    sums: list[tuple[int, int, int]] = msgspec.field(default_factory=list)

    @property
    def trains(self) -> bool:
        """Whether gradients of its own parameters are to be computed."""
        return self.owns_parameters and self.node.trainable_count > 0

    @property
    def saved(self) -> dict[str, ArraySpec]:
        return self.layer.saved(self.sources[0].shape)

    @property
    def scratch(self) -> dict[str, ArraySpec]:
        return self.layer.scratch(self.sources[0].shape)


class Layout:
    """The stages of a network in the order in which they run, and the buffers that they need.

    ``places`` has the buffer of each value, by its number: its place in ``buffers``, which has the numbers of a row in
    each buffer and what they are, or `OUTPUT`, or `FIRST_INPUT` less the number of the input. ``gradients`` has the
    numbers of a row in each buffer of gradients.

    ``fused`` says that the loss does the work of the last activation, forward and backward. With ``input_gradients``,
    those of the inputs are computed, too: ``input_slopes`` has their places in ``gradients``.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        inputs: Shape | Inputs,
        *,
        training: bool,
        fused: bool = False,
        input_gradients: bool = False,
    ):
        self.training = training
        self.inputs = {
            name: Value(number, shape) for number, (name, (shape, _)) in enumerate(named_inputs(inputs).items())
        }
        self._dtypes: list[DType] = [dtype for _, dtype in named_inputs(inputs).values()]
        self.stages: list[Stage] = []
        self.output = self._add_stages(execution_order(nodes))
        self.fused = fused and bool(self.stages)
        self._end = self.stages[-1].sources[0] if self.fused else self.output
        self._needed = self._with_gradient(range(len(self.inputs) if input_gradients else 0))
        self.buffers: list[tuple[int, DType]] = []
        self.places = self._place_values()
        self.gradients: list[int] = []
        self.input_slopes = self._place_gradients() if training else []

    @property
    def loss_reads(self) -> Value:
        """What the loss reads, and by which it gives the gradient: the output, or what its activation would take."""
        return self._end

    def nbytes(self, rows: int, itemsize: int) -> int:
        """Bytes for so many rows, of ``itemsize`` bytes a float: all that is not the caller's."""
        values = sum(numbers * (itemsize if dtype == "float" else 4) for numbers, dtype in self.buffers)
        saved = [spec for stage in self.stages for spec in stage.saved.values()] if self.training else []
        return (
            rows * (values + itemsize * sum(self.gradients))
            + sum(_bytes(spec, rows, itemsize) for spec in saved)
            + self.scratch_bytes(rows, itemsize)
        )

    def scratch_bytes(self, rows: int, itemsize: int) -> int:
        """Bytes of the block that the scratch arrays of all layers share."""
        return max((sum(scratch_sizes(stage.scratch, rows, itemsize)) for stage in self.stages), default=0)

    def _add_stages(self, nodes: Sequence[Node]) -> Value:
        values = dict(self.inputs)
        output = next(iter(values.values()))
        readers = Counter(name for node in nodes for name in node.sources)
        for node in nodes:
            sources = tuple(values[name] for name in node.sources)
            if node.layer.reshapes:
                output = Value(sources[0].number, node.output_shape)
            elif node.layer.training_only and not self.training:
                output = sources[0]
            elif node.layer.takes_maximum and self.stages and self.stages[-1].node.name == node.sources[0]:
                output = self._add_maximum(node, readers)
            else:
                for index, layer in enumerate(node.layer.stages()):
                    output = self._add_stage(node, layer, sources, node.output_shape, owns_parameters=index == 0)
                    sources = (output,)
            values[node.name] = output
        return output

    def _add_stage(
        self, node: Node, layer: Layer, sources: tuple[Value, ...], shape: Shape, *, owns_parameters: bool
    ) -> Value:
        output = Value(len(self._dtypes), shape)
        self._dtypes.append(node.dtype)
        self.stages.append(Stage(node, layer, sources, output, owns_parameters))
        return output

    def _add_maximum(self, node: Node, readers: Mapping[str, int]) -> Value:
        """Add a layer that takes a maximum. Work of the layers before it may wait for it, or be done with it.

        The relu of the largest number is the largest relu, and there are fewer to compute; gradients are the same, too.
        A convolution finds the largest outputs of a block of rows at once, and keeps no others.
        """
        behind, source = None, self.stages[-1].target
        if self.stages[-1].layer.commutes_with_maximum and readers[node.sources[0]] == 1:
            behind = self.stages.pop()
            source = behind.sources[0]
        joined = None
        if self.stages and self.stages[-1].target == source:
            before = self.stages[-1]
            if readers[before.node.name] == 1:
                joined = before.layer.with_pooling(node.layer, before.sources[0].shape)
        if joined is not None:
            before = self.stages.pop()
            output = self._add_stage(before.node, joined, before.sources, node.output_shape, owns_parameters=True)
        else:
            output = self._add_stage(node, node.layer, (source,), node.output_shape, owns_parameters=True)
        if behind is None:
            return output
        return self._add_stage(
            behind.node, behind.layer, (output,), node.output_shape, owns_parameters=behind.owns_parameters
        )

    def _with_gradient(self, inputs: Iterable[int]) -> set[int]:
        """The numbers of the values whose gradients are needed: parameters to train, or ``inputs``, lead to them."""
        needed = set(inputs)
        for stage in self.stages if self.training else ():
            if stage.trains or any(source.number in needed for source in stage.sources):
                needed.add(stage.target.number)
        return needed

    def _last_uses(self) -> dict[int, int]:
        """When each value is last read: stage i runs forward at i, and backward at 2 n - i; the loss reads at n."""
        count = len(self.stages)
        last = {self._end.number: count, self.output.number: 2 * count + 1}
        for index, stage in enumerate(self.stages):
            backward = 2 * count - index if stage.target.number in self._needed else index
            for source in stage.sources:
                use = index if stage.layer.in_place else backward
                last[source.number] = max(last.get(source.number, 0), use)
            if stage.layer.reads_output:
                last[stage.target.number] = max(last.get(stage.target.number, 0), backward)
        return last

    def _place_values(self) -> dict[int, int]:
        """The buffer of each value: that of a value which a layer may write over, one that is free, or a new one."""
        last = self._last_uses()
        # A chain of values that write over one another is one group, named after the first of them.
        group = {number: number for number in range(len(self._dtypes))}
        for index, stage in enumerate(self.stages):
            source, *others = stage.sources
            is_input = source.number < len(self.inputs)
            read_again = last[source.number] > index or any(other.number == source.number for other in others)
            same = size(source.shape) == size(stage.target.shape) and self._dtypes[source.number] == stage.node.dtype
            if stage.layer.in_place and same and not is_input and not read_again:
                group[stage.target.number] = group[source.number]
        ends: dict[int, int] = {}
        for number, first in group.items():
            ends[first] = max(ends.get(first, 0), last.get(number, 0))
        places = {value.number: FIRST_INPUT - value.number for value in self.inputs.values()}
        if self.output.number not in places:
            places[group[self.output.number]] = OUTPUT
        used: list[int] = []  # until when each buffer is
        for index, stage in enumerate(self.stages):
            first, numbers, dtype = group[stage.target.number], size(stage.target.shape), stage.node.dtype
            if first not in places:
                free = [place for place, (_, kind) in enumerate(self.buffers) if used[place] < index and kind == dtype]
                # The smallest that is large enough, or else the largest, which grows.
                place = min(free, key=lambda one: _fitness(self.buffers[one][0], numbers), default=len(self.buffers))
                if place == len(self.buffers):
                    self.buffers.append((numbers, dtype))
                    used.append(0)
                self.buffers[place] = max(self.buffers[place][0], numbers), dtype
                used[place] = ends[first]
                places[first] = place
            places[stage.target.number] = places[first]
        return places

    def _place_gradients(self) -> list[int]:
        """The buffers of dy and dx, from the output back: one is free again when backward has read it.

        Returns the buffers of the inputs' gradients; empty where these are not needed.
        """
        free: list[int] = []

        def take(numbers: int) -> int:
            place = min(free, key=lambda one: _fitness(self.gradients[one], numbers), default=None)
            if place is None:
                self.gradients.append(numbers)
                return len(self.gradients) - 1
            free.remove(place)
            self.gradients[place] = max(self.gradients[place], numbers)
            return place

        places = {self._end.number: take(size(self._end.shape))}  # the loss writes it in any case
        for stage in reversed(self.stages[:-1] if self.fused else self.stages):
            if stage.target.number not in self._needed:
                continue
            stage.dy = dy = places.pop(stage.target.number)
            released = [dy]
            for index, source in enumerate(stage.sources):
                if source.number not in self._needed:
                    stage.dxs.append(None)
                    continue
                if index == 0 and stage.layer.in_place and size(source.shape) == size(stage.target.shape):
                    place = dy
                    released.remove(dy)
                else:
                    place = take(size(source.shape))
                stage.dxs.append(place)
                if source.number in places:
                    stage.sums.append((places[source.number], place, index))
                    released.append(place)
                else:
                    places[source.number] = place
            free += released
        return [places[value.number] for value in self.inputs.values() if value.number in self._needed]


def scratch_sizes(specs: dict[str, ArraySpec], rows: int, itemsize: int) -> list[int]:
    """Bytes that each array takes in the block of scratch memory, up to where the next one may begin."""
    sizes = [_bytes(spec, rows, itemsize) for spec in specs.values()]
    return [-(-one // ALIGNMENT) * ALIGNMENT for one in sizes]


def _bytes(spec: ArraySpec, rows: int, itemsize: int) -> int:
    each = itemsize if spec.dtype is None else np.dtype(spec.dtype).itemsize
    return size(spec.shape) * each * (rows if spec.per_row else 1)


def _fitness(has: int, numbers: int) -> tuple[bool, int]:
    return (False, has) if has >= numbers else (True, -has)
