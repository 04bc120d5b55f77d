"""Layers put together: every shape inferred, every parameter in its place in one flat vector."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from mltrain.engine.arrays import Allocator, Floats, Shape, size
from mltrain.engine.layers.base import Layer, Parameter, ShapeError
from mltrain.engine.regularizers.base import Regularizer
from mltrain.errors import ConfigError, Problem


@dataclass(frozen=True)
class Node:
    """A layer where it stands in a network."""

    layer: Layer
    name: str
    input_shape: Shape
    output_shape: Shape
    parameters: dict[str, Parameter]

    @property
    def parameter_count(self) -> int:
        return sum(size(parameter.shape) for parameter in self.parameters.values())

    @property
    def trainable_count(self) -> int:
        """How many of the parameters training changes."""
        return sum(size(parameter.shape) for parameter in self.parameters.values() if parameter.trainable)


def infer(layers: Sequence[Layer], input_shape: Shape) -> tuple[Node, ...]:
    """The layers with names and shapes, for rows of ``input_shape``. Raises `ConfigError` at the first mismatch.

    One mismatch makes all shapes behind it meaningless, so there is nothing to be gained by looking further.
    """
    nodes: list[Node] = []
    given = [layer.name for layer in layers]
    for index, name in enumerate(given):
        if name is not None and (first := given.index(name)) < index:
            raise ConfigError([Problem(("layers", index, "name"), f"layers[{first}] has this name already")])
    for index, (layer, name) in enumerate(zip(layers, layer_names(layers), strict=True)):
        try:
            output_shape = layer.output_shape(input_shape)
        except ShapeError as error:
            path = ("layers", index, error.option) if error.option else ("layers", index)
            raise ConfigError([Problem(path, str(error))]) from error
        nodes.append(Node(layer, name, input_shape, output_shape, layer.parameters(input_shape)))
        input_shape = output_shape
    return tuple(nodes)


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """The names of the layers: their own, or their type counted as Keras does: dense, dense_1, dense_2."""
    given = {layer.name for layer in layers}
    counts: Counter[str] = Counter()
    names = []
    for layer in layers:
        name = layer.name
        while name is None or (layer.name is None and name in given):
            kind = layer.type_name()
            name = f"{kind}_{counts[kind]}" if counts[kind] else kind
            counts[kind] += 1
        names.append(name)
    return names


class Network:
    """Layers with parameters. ``parameters`` is one flat vector; ``arrays`` are named views into it.

    Array names are ``<layer name>.<parameter>``, as in ``dense_1.kernel``. ``zeros`` makes the vector.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        *,
        dtype: npt.DTypeLike = np.float32,
        zeros: Allocator = np.zeros,
    ):
        self.nodes = infer(layers, input_shape)
        self.input_shape = input_shape
        self.output_shape = self.nodes[-1].output_shape if self.nodes else input_shape
        self.parameters: Floats = zeros((sum(node.parameter_count for node in self.nodes),), dtype)

    def initialize(self, rng: Generator) -> None:
        """Draw the first values of all parameters. Raises `ConfigError` where given values do not fit."""
        for index, node in enumerate(self.nodes):
            for name, parameter in node.parameters.items():
                try:
                    values = parameter.initializer.values(parameter.shape, rng)
                except ValueError as error:
                    raise ConfigError([Problem(("layers", index, f"{name}_initializer"), str(error))]) from error
                self.arrays[f"{node.name}.{name}"][...] = values

    @cached_property
    def arrays(self) -> dict[str, Floats]:
        """All parameters by name, as views of the flat vector."""
        return self.views(self.parameters)

    def views(self, vector: Floats) -> dict[str, Floats]:
        """A flat vector (of parameters, gradients or an optimizer's state) cut into named arrays, without copying."""
        return {name: vector[place].reshape(shape) for name, (place, shape) in self.places.items()}

    @cached_property
    def places(self) -> dict[str, tuple[slice, Shape]]:
        """Where each parameter lies in the flat vector, and its shape."""
        places, start = {}, 0
        for node in self.nodes:
            for name, parameter in node.parameters.items():
                stop = start + size(parameter.shape)
                places[f"{node.name}.{name}"] = slice(start, stop), parameter.shape
                start = stop
        return places

    @cached_property
    def trainable(self) -> list[slice]:
        """The parts of the flat vector that training changes, each as long as can be."""
        parts: list[slice] = []
        for place, parameter in self._placed():
            if not parameter.trainable:
                continue
            if parts and parts[-1].stop == place.start:
                place = slice(parts.pop().start, place.stop)
            parts.append(place)
        return parts

    @cached_property
    def regularized(self) -> list[tuple[Regularizer, slice]]:
        """Where parameters lie that a regularizer keeps small. It has no say over those that training leaves alone."""
        return [
            (parameter.regularizer, place)
            for place, parameter in self._placed()
            if parameter.regularizer is not None and parameter.trainable
        ]

    def _placed(self) -> Iterator[tuple[slice, Parameter]]:
        parameters = (parameter for node in self.nodes for parameter in node.parameters.values())
        return ((place, parameter) for (place, _), parameter in zip(self.places.values(), parameters, strict=True))
