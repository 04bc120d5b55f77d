"""Simplifies the steps of a network for formats that compute them one by one, and finds memory for their values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mltrain.engine.arrays import Shape, size
from mltrain.engine.operations import (
    Activation,
    Affine,
    Convolution,
    DepthwiseConvolution,
    LayerNormalization,
    Matmul,
    Operation,
    Pooling,
    Reshape,
    Softmax,
    Step,
    Value,
)
from mltrain.inference.steps import InferenceSteps

Weighted = Matmul | Convolution | DepthwiseConvolution

IN_PLACE = (Activation, Affine, LayerNormalization, Softmax)
"""Operations that may write over their input."""


def folded(steps: InferenceSteps) -> InferenceSteps:
    """The same with scales and shifts inside of the kernels next to them, as far as float32 loses nothing by it.

    Behind a kernel that is any scale and shift (batch normalization); before one it is a single factor (pixels of 0 to
    255), because a shift that is large beside what differs would round it away.
    """
    found = list(steps.steps)
    index = 0
    while index < len(found):
        step = found[index]
        follower = _only_reader(found, step, steps.output)
        place = found.index(follower) if follower is not None else -1
        match step.operation, follower and follower.operation:
            case (Matmul() | Convolution() | DepthwiseConvolution()) as kernel, Affine() as affine:
                combined = _folded_behind(kernel, affine)
            case Affine() as affine, (Matmul() | Convolution() | DepthwiseConvolution()) as kernel:
                combined = _folded_before(affine, kernel)
            case Affine(), Reshape() if _is_factor(step.operation):  # look behind the reshaping
                assert follower is not None
                found[index] = Step(follower.operation, step.inputs, step.output._replace(shape=follower.output.shape))
                found[place] = Step(step.operation, (found[index].output,), follower.output, step.layer, step.path)
                index += 1
                continue
            case _:
                combined = None
        if combined is None:
            index += 1
            continue
        assert follower is not None
        found[place] = Step(combined, step.inputs, follower.output, step.layer or follower.layer, follower.path)
        del found[index]
    return replace(steps, steps=tuple(found))


@dataclass(frozen=True, eq=False)
class PooledConvolution(Operation):
    """A convolution and the largest of its outputs in each window over them, in one, so that these need no memory."""

    name = "pooled_convolution"
    convolution: Convolution
    pooling: Pooling

    def output_shape(self, *shapes: Shape) -> Shape:
        return self.pooling.output_shape(self.convolution.output_shape(*shapes))


_RISING = ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "softplus", "step")
"""Functions that never fall: the largest of what they give is what they give for the largest."""


def pooled(steps: InferenceSteps) -> InferenceSteps:
    """The same with each convolution and the maximum pooling behind it in one step, an activation between them last.

    Only where the windows of the pooling do not overlap, because nothing is computed twice then.
    """
    found = list(steps.steps)
    for index in reversed(range(len(found))):
        chain = [found[index]]
        while (reader := _only_reader(found, chain[-1], steps.output)) is not None:
            chain.append(reader)
            if not (isinstance(reader.operation, Activation) and reader.operation.function in _RISING):
                break
        first, last = chain[0], chain[-1]
        if len(chain) == 1 or not isinstance(first.operation, Convolution) or not _may_be_first(last.operation):
            continue
        assert isinstance(last.operation, Pooling)
        values = [one.output._replace(shape=last.output.shape) for one in chain[1:]]
        moved = [
            Step(one.operation, (before,), after, one.layer, one.path)
            for one, before, after in zip(chain[1:-1], values, values[1:], strict=False)
        ]
        operation = PooledConvolution(first.operation, last.operation)
        replaced = iter([Step(operation, first.inputs, values[0], first.layer, first.path), *moved])
        found = [next(replaced, one) if one in chain else one for one in found if one is not last]
    return replace(steps, steps=tuple(found))


def _may_be_first(operation: Operation) -> bool:
    """Whether a pooling may come before the activation in front of it, at no cost."""
    if not isinstance(operation, Pooling) or operation.reduce != "maximum":
        return False
    return operation.size[0] <= operation.strides[0] and operation.size[1] <= operation.strides[1]


def _only_reader(steps: Sequence[Step], step: Step, output: Value) -> Step | None:
    readers = [other for other in steps if step.output in other.inputs]
    return readers[0] if len(readers) == 1 and step.output != output else None


def _folded_behind(kernel: Weighted, affine: Affine) -> Weighted | None:
    outputs = len(kernel.bias)
    factor = np.broadcast_to(affine.multiply, outputs)
    weights = kernel.kernel * factor.reshape(kernel.kernel.shape[2:] if _is_depthwise(kernel) else -1)
    bias = (kernel.bias - affine.subtract) * affine.multiply + affine.add
    return replace(kernel, kernel=weights, bias=np.array(np.broadcast_to(bias, outputs), np.float32))


def _folded_before(affine: Affine, kernel: Weighted) -> Weighted | None:
    return replace(kernel, kernel=kernel.kernel * affine.multiply[0]) if _is_factor(affine) else None


def _is_factor(affine: Affine) -> bool:
    return affine.multiply.size == 1 and not affine.subtract.any() and not affine.add.any()


def _is_depthwise(kernel: Operation) -> bool:
    return isinstance(kernel, DepthwiseConvolution)


class Place(NamedTuple):
    """Where a value lies: in the memory ``base`` ("input", "output" or "memory"), from a number of it on."""

    base: str
    offset: int


class Memory(NamedTuple):
    """A place for each value by name, and how many numbers the shared memory has."""

    places: dict[str, Place]
    size: int


def memory_of(steps: InferenceSteps, *, own_input: bool = False) -> Memory:
    """Memory for all values, which share it where their lives do not overlap.

    A value that is reshaped or sliced is seen where it lies, and `IN_PLACE` operations write over an input that nothing
    reads later. The input and the output lie with the caller; with ``own_input`` the input lies in the memory, too.
    """
    last, root = steps.last_reader(), {steps.input.name: (steps.input.name, 0)}
    ends = dict.fromkeys((steps.input.name,), last.get(steps.input.name, 0))
    starts, sizes = {steps.input.name: -1}, {steps.input.name: size(steps.input.shape)}
    for index, step in enumerate(steps.steps):
        name, operation = step.output.name, step.operation
        owner, offset = root[step.inputs[0].name] if step.inputs else ("", 0)
        until = last.get(name, index)
        is_seen = isinstance(operation, Reshape) or operation.name == "slice"
        may_write = owner != steps.input.name and sizes.get(owner) == size(step.output.shape)
        if is_seen or (isinstance(operation, IN_PLACE) and may_write and ends[owner] <= index):
            root[name] = owner, offset + (operation.attributes["start"] if operation.name == "slice" else 0)
            ends[owner] = max(ends[owner], until)
        else:
            root[name], starts[name], ends[name], sizes[name] = (name, 0), index, until, size(step.output.shape)
    outside = {steps.input.name: "input"} if not own_input else {}
    result, offset = root[steps.output.name]
    if result != steps.input.name and offset == 0 and sizes[result] == size(steps.output.shape):
        outside[result] = "output"
    offsets = _offsets({name: (starts[name], ends[name], sizes[name]) for name in sizes if name not in outside})
    places = {
        name: Place(outside.get(owner, "memory"), shift + (0 if owner in outside else offsets[owner]))
        for name, (owner, shift) in root.items()
    }
    return Memory(places, max((offsets[name] + sizes[name] for name in offsets), default=0))


def _offsets(lives: dict[str, tuple[int, int, int]]) -> dict[str, int]:
    """Where each value begins: the largest first, each in the lowest gap between those that live at the same time."""
    found: dict[str, int] = {}
    for name, (start, end, length) in sorted(lives.items(), key=lambda item: -item[1][2]):
        taken: Sequence[tuple[int, int]] = sorted(
            (offset, offset + lives[other][2])
            for other, offset in found.items()
            if lives[other][0] <= end and start <= lives[other][1]
        )
        at = 0
        for begin, stop in taken:
            if begin - at >= length:
                break
            at = max(at, stop)
        found[name] = at
    return found
