"""Which buffer each layer reads and writes: planned once, then bound to a batch as a list of calls without arguments.

    Network ──> Plan(network, rows)         one set of buffers, for at most so many rows
                   └─ bind(x, y) ──> BoundBatch   the calls that take these rows x to these outputs y, and back

Binding decides everything that is the same at every step (which arrays, how many rows, who needs a gradient), so that a
step of a small network spends its time in NumPy and not in looking things up. A short last batch is bound to the first
rows of the same buffers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.layers.base import Buffers, Layer
from mltrain.engine.network import Network


class Call(NamedTuple):
    """One layer's forward or backward on its buffers: ``run`` has nothing left to look up.

    ``label`` is the layer's name, also for the activation of a dense layer. There is no layer where only the input is
    copied to the output.
    """

    label: str
    run: Callable[[], None]
    layer: Layer | None = None
    at: Buffers | None = None


@dataclass(frozen=True)
class BoundBatch:
    """One batch, bound: run all of ``forward``, let the loss read ``z`` and write ``dz``, run ``backward``.

    ``z`` is ``y`` itself, or the input of the last activation where the loss is fused to it: then it is the loss that
    writes ``y``. Only training needs ``dz``.
    """

    forward: Sequence[Call]
    backward: Sequence[Call]
    z: Floats
    y: Floats
    dz: Floats


class Stage(NamedTuple):
    """One layer's work (a dense layer with an activation has two) and where its arrays lie.

    ``source`` and ``target`` number the buffers of x and y: 0 is the caller's input, the highest one its output.
    ``dy`` and ``dx`` number the two gradient buffers; None where there is no gradient to compute.
    """

    label: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: dict[str, Floats]
    gradients: dict[str, Floats]
    source: int = 0
    target: int = 0
    dy: int | None = None
    dx: int | None = None


_NO_GRADIENT: Floats = np.empty(0, np.float32)


class Plan:
    """Buffers for at most ``rows`` rows of one network; for training where ``gradients``, a flat vector, is given.

    ``fused`` says that the loss takes over the last activation, forward and backward.
    """

    def __init__(
        self,
        network: Network,
        rows: int,
        *,
        gradients: Floats | None = None,
        fused: bool = False,
    ):
        self._training = training = gradients is not None
        stages = _stages(network, gradients)
        fused = fused and bool(stages)
        stages = _place_values(stages, training, fused)
        self.stages = _place_gradients(stages, fused) if training else stages
        self.fused = fused

        dtype = network.parameters.dtype
        self._output = stages[-1].target if stages else 0
        lengths = {stage.target: size(stage.output_shape) for stage in stages}
        self._values = {place: np.empty(rows * lengths[place], dtype) for place in range(1, self._output)}
        widest = max(lengths.values(), default=0) if training else 0
        self._slopes = [np.empty(rows * widest, dtype) for _ in range(2)]
        self._saved = [
            {
                name: np.full((rows, *spec.row), spec.fill, spec.dtype or dtype)
                for name, spec in (stage.layer.saved(stage.input_shape) if training else {}).items()
            }
            for stage in stages
        ]

    def bind(self, x: Floats, y: Floats, rng: Generator | None = None) -> BoundBatch:
        """The calls for the rows ``x``, whose outputs go to ``y``: contiguous arrays, at most ``rows`` rows each.

        ``rng`` feeds the layers that are random in training.
        """
        rows = len(x)
        values = self._values | {0: x, self._output: y}
        forward, backward, z = [], [], y
        for stage, saved in zip(self.stages, self._saved, strict=True):
            at = Buffers(
                x=_rows(x if stage.source == 0 else values[stage.source], rows, stage.input_shape),
                y=_rows(values[stage.target], rows, stage.output_shape),
                parameters=stage.parameters,
                saved={name: array[:rows] for name, array in saved.items()},
                gradients=stage.gradients,
                dy=_NO_GRADIENT if stage.dy is None else _rows(self._slopes[stage.dy], rows, stage.output_shape),
                dx=_NO_GRADIENT if stage.dx is None else _rows(self._slopes[stage.dx], rows, stage.input_shape),
                needs_dx=stage.dx is not None,
                rng=rng,
            )
            if self.fused and stage is self.stages[-1]:
                z = at.x
            elif not stage.layer.reshapes:
                forward.append(Call(stage.label, partial(stage.layer.forward, at), stage.layer, at))
                if stage.dy is not None:
                    backward.append(Call(stage.label, partial(stage.layer.backward, at), stage.layer, at))
        if self._output == 0:  # nothing but reshaping: the output has a place of its own all the same
            forward.append(Call("output", partial(np.copyto, y, x.reshape(y.shape))))
        dz = _rows(self._slopes[0], rows, z.shape[1:]) if self._training else _NO_GRADIENT
        return BoundBatch(forward, backward[::-1], z, y, dz)


def _rows(array: npt.NDArray[Any], rows: int, shape: Shape) -> npt.NDArray[Any]:
    """The first ``rows`` rows of a buffer, each of the given shape."""
    return array.reshape(-1)[: rows * size(shape)].reshape(rows, *shape)


def _stages(network: Network, gradients: Floats | None) -> list[Stage]:
    """What is to be done, in order."""
    slopes = {} if gradients is None else network.views(gradients)
    stages = []
    for node in network.nodes:
        if node.layer.training_only and gradients is None:
            continue
        shape = node.input_shape
        for index, layer in enumerate(node.layer.stages()):
            names = node.parameters if index == 0 else {}
            parameters = {name: network.arrays[f"{node.name}.{name}"] for name in names}
            trained = [name for name in names if node.parameters[name].trainable] if slopes else []
            own = {name: slopes[f"{node.name}.{name}"] for name in trained}
            stages.append(Stage(node.name, layer, shape, node.output_shape, parameters, own))
            shape = node.output_shape
    return stages


def _place_values(stages: list[Stage], training: bool, fused: bool) -> list[Stage]:
    """Number the buffers of x and y: a new one for each stage, unless it can write over its input."""
    placed, place, still_read = [], 0, True
    for stage in stages:
        layer, last = stage.layer, stage is stages[-1]
        may_overwrite = layer.in_place and not still_read and not (fused and last)
        target = place if layer.reshapes or may_overwrite else place + 1
        placed.append(stage._replace(source=place, target=target))
        if not layer.reshapes:
            still_read = training and layer.reads_output
        place = target
    return placed


def _place_gradients(stages: list[Stage], fused: bool) -> list[Stage]:
    """Number the buffers of dy and dx, from the last stage back to the first one that has parameters to train.

    A stage reads one and writes the other, or works in place, so two are enough.
    """
    first = next((index for index, stage in enumerate(stages) if stage.gradients), len(stages))
    placed, place = list(stages), 0
    for index in range(len(stages) - 1, first - 1, -1):
        stage = stages[index]
        if fused and index == len(stages) - 1:
            continue  # the loss has written the gradient of this stage's input
        dy, place = place, place if stage.layer.reshapes or stage.layer.in_place else 1 - place
        placed[index] = stage._replace(dy=dy, dx=place if index > first else None)
    return placed
