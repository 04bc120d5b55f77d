"""Buffers for one network: planned once, then bound to a batch as a list of calls without arguments.

    Network ──> Plan(network, rows)         one set of buffers, for at most so many rows
                   └─ bind(x, y) ──> BoundBatch   the calls that take these rows x to these outputs y, and back

Binding decides everything that is the same at every step (which arrays, how many rows, who needs a gradient), so that a
step of a small network spends its time in NumPy and not in Python look-ups. A short last batch is bound to the first
rows of the same buffers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from mltrain.engine.arrays import DType, Floats, Shape, size
from mltrain.engine.layers.base import WHOLE, ArraySpec, BatchShare, Buffers, Layer
from mltrain.engine.layout import ALIGNMENT, FIRST_INPUT, OUTPUT, Layout, Stage, scratch_sizes
from mltrain.engine.network import Network


class Call(NamedTuple):
    """One layer's forward or backward pass on its buffers, as a call without arguments: ``run``.

    ``label`` is the layer's name, also for the activation of a dense layer. There is no layer where only gradients are
    added up, or the input is copied to the output.
    """

    label: str
    run: Callable[[], None]
    layer: Layer | None = None
    at: Buffers | None = None


class BoundBatch(msgspec.Struct, frozen=True):
    """One batch, bound: run all of ``forward``, let the loss read ``z`` and write ``dz``, run ``backward``.

    ``z`` is ``y`` itself, or the input of the last activation where the loss is fused to it: then it is the loss that
    writes ``y``. Only training needs ``dz``. ``dxs`` are the gradients of the inputs, where the plan has them.
    """

    forward: Sequence[Call]
    backward: Sequence[Call]
    z: Floats
    y: Floats
    dz: Floats
    dxs: Sequence[Floats] = ()


_NO_GRADIENT: Floats = np.empty(0, np.float32)


class Plan:
    """Buffers for at most ``rows`` rows of one network; for training where ``gradients``, a flat vector, is given.

    ``fused`` says that the loss takes over the last activation, forward and backward. ``input_gradients``: backward
    goes on to the inputs.
    """

    def __init__(
        self,
        network: Network,
        rows: int,
        *,
        gradients: Floats | None = None,
        fused: bool = False,
        input_gradients: bool = False,
    ):
        training = gradients is not None
        self._layout = layout = Layout(
            network.nodes, network.inputs, training=training, fused=fused, input_gradients=input_gradients
        )
        self._network, self._dtype, self.fused = network, network.parameters.dtype, layout.fused
        self._gradients = {} if gradients is None else network.views(gradients)
        self._values = [np.empty(rows * numbers, self._number(dtype)) for numbers, dtype in layout.buffers]
        dtypes = [dtype for _, dtype in network.inputs.values()]
        whole = [value for value, dtype in zip(layout.inputs.values(), dtypes, strict=True) if dtype == "int"]
        self._integers = {value.number: np.empty((rows, *value.shape), np.int32) for value in whole}
        self._slopes = [np.empty(rows * numbers, self._dtype) for numbers in layout.gradients]
        self._saved = [
            {name: np.full(_shape(spec, rows), spec.fill, spec.dtype or self._dtype) for name, spec in saved.items()}
            for saved in (stage.saved if training else {} for stage in layout.stages)
        ]
        block = np.empty(layout.scratch_bytes(rows, self._dtype.itemsize) + ALIGNMENT, np.uint8)
        self._scratch = block[-block.ctypes.data % ALIGNMENT :]

    def bind(
        self,
        x: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]],
        y: Floats,
        rng: Generator | None = None,
        share: BatchShare = WHOLE,
    ) -> BoundBatch:
        """The calls for the rows ``x``, whose outputs go to ``y``: contiguous arrays, at most ``rows`` rows each.

        Of a network with several inputs, ``x`` has them by name, or one behind the other in each row. ``rng`` feeds the
        layers that are random in training. ``share`` says which rows of the batch these are, where other processes have
        more.
        """
        layout = self._layout
        rows, output = len(y), layout.places[layout.output.number]
        places: dict[int, npt.NDArray[Any]] = dict(enumerate(self._values)) | {OUTPUT: y}
        forward: list[Call] = []
        for value, array in zip(layout.inputs.values(), self._inputs(x), strict=True):
            place = FIRST_INPUT - value.number
            places[place] = array
            if value.number in self._integers and array.dtype.kind == "f":
                places[place] = ids = self._integers[value.number][:rows]
                forward.append(Call("input", partial(np.copyto, ids, array.reshape(ids.shape), "unsafe")))

        def view(number: int, shape: Shape) -> npt.NDArray[Any]:
            return _rows(places[layout.places[number]], rows, shape)

        def slope(place: int | None, shape: Shape) -> Floats | None:
            return None if place is None else _rows(self._slopes[place], rows, shape)

        backward: list[list[Call]] = []
        z = view(*layout.loss_reads) if layout.fused else y
        for stage, saved in zip(layout.stages, self._saved, strict=True):
            if layout.fused and stage is layout.stages[-1]:
                continue
            xs = tuple(view(*source) for source in stage.sources)
            dy = slope(stage.dy, stage.target.shape)
            dxs = tuple(slope(place, source.shape) for place, source in zip(stage.dxs, stage.sources, strict=False))
            at = Buffers(
                x=xs[0],
                y=view(*stage.target),
                parameters=self._parameters(stage, self._network.arrays),
                saved={name: kept[:rows] if stage.saved[name].per_row else kept for name, kept in saved.items()},
                gradients=self._parameters(stage, self._gradients, trained=True),
                dy=_NO_GRADIENT if dy is None else dy,
                dx=_NO_GRADIENT if not dxs or dxs[0] is None else dxs[0],
                needs_dx=any(dx is not None for dx in dxs),
                rng=rng,
                xs=xs,
                dxs=dxs,
                scratch=dict(self._scratch_arrays(stage.scratch, rows)),
                training=layout.training,
                share=share,
            )
            name = stage.node.name
            forward.append(Call(name, partial(stage.layer.forward, at), stage.layer, at))
            if dy is not None:
                calls = [Call(name, partial(stage.layer.backward, at), stage.layer, at)]
                for total, place, index in stage.sums:
                    whole, more = (_rows(self._slopes[one], rows, stage.sources[index].shape) for one in (total, place))
                    calls.append(Call(name, partial(np.add, whole, more, whole)))
                backward.append(calls)
        if output <= FIRST_INPUT:  # only reshaping layers: the output still needs a buffer of its own
            source = places[output]
            forward.append(Call("output", partial(np.copyto, y, source.reshape(y.shape))))
        dz = _rows(self._slopes[0], rows, z.shape[1:]) if layout.training else _NO_GRADIENT
        slopes = [
            _rows(self._slopes[place], rows, value.shape)
            for place, value in zip(layout.input_slopes, layout.inputs.values(), strict=False)
        ]
        return BoundBatch(forward, [call for calls in reversed(backward) for call in calls], z, y, dz, slopes)

    def _inputs(self, x: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """The arrays of all inputs, in order."""
        inputs = self._layout.inputs
        if isinstance(x, Mapping):
            return [x[name] for name in inputs]
        if len(inputs) == 1:
            return [x]
        stops = list(accumulate(size(value.shape) for value in inputs.values()))
        return [x[:, stop - size(value.shape) : stop] for value, stop in zip(inputs.values(), stops, strict=True)]

    def _number(self, dtype: DType) -> npt.DTypeLike:
        return self._dtype if dtype == "float" else np.int32

    def _parameters(self, stage: Stage, arrays: Mapping[str, Floats], *, trained: bool = False) -> dict[str, Floats]:
        """The network's arrays that belong to the stage, by their names in the layer."""
        parameters = stage.node.parameters if stage.owns_parameters and arrays else {}
        return {
            name: arrays[f"{stage.node.name}.{name}"]
            for name, parameter in parameters.items()
            if parameter.trainable or not trained
        }

    def _scratch_arrays(self, specs: dict[str, ArraySpec], rows: int) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """The scratch arrays of a layer, consecutive in the block of memory that all layers share."""
        start = 0
        for (name, spec), length in zip(specs.items(), scratch_sizes(specs, rows, self._dtype.itemsize), strict=True):
            dtype, shape = np.dtype(spec.dtype or self._dtype), _shape(spec, rows)
            yield name, self._scratch[start : start + size(shape) * dtype.itemsize].view(dtype).reshape(shape)
            start += length


def _shape(spec: ArraySpec, rows: int) -> Shape:
    return (rows, *spec.shape) if spec.per_row else spec.shape


def _rows(array: npt.NDArray[Any], rows: int, shape: Shape) -> npt.NDArray[Any]:
    """The first ``rows`` rows of a buffer, each of the given shape."""
    if array.size == rows * size(shape):  # also where rows are some columns of an array
        return array.reshape(rows, *shape)
    return array.reshape(-1)[: rows * size(shape)].reshape(rows, *shape)
