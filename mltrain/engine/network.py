"""A network of layers, with all parameters in one flat vector."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from numpy.random import Generator

from mltrain.engine.arrays import Allocator, Floats, Inputs, Shape, size
from mltrain.engine.graph import Node, execution_order, infer, named_inputs, unhidden_names
from mltrain.engine.layers.base import Layer, Parameter
from mltrain.engine.regularizers.base import Regularizer
from mltrain.errors import ConfigError, Problem


class Network:
    """Layers with parameters. ``parameters`` is one flat vector; ``arrays`` are named views into it.

    Array names are ``<layer name>.<parameter>``, as in ``dense_1.kernel``. ``inputs`` are those of the dataset, by
    name; a shape is a single input of floats. ``zeros`` allocates the vector.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        inputs: Shape | Inputs,
        *,
        nodes: tuple[Node, ...] | None = None,
        dtype: npt.DTypeLike = np.float32,
        zeros: Allocator = np.zeros,
    ):
        self.inputs = named_inputs(inputs, layers)
        self.nodes = infer(layers, self.inputs) if nodes is None else nodes
        shapes = [shape for shape, _ in self.inputs.values()]
        # Several inputs are concatenated in each row.
        self.input_shape = shapes[0] if len(shapes) == 1 else (sum(map(size, shapes)),)
        self.output_shape = self.nodes[-1].output_shape if self.nodes else self.input_shape
        self.parameters: Floats = zeros((sum(node.parameter_count for node in self.nodes),), dtype)

    def initialize(self, rng: Generator) -> None:
        """Draw the initial values of all parameters. Raises `ConfigError` if given values do not fit."""
        for node in self.nodes:
            for name, parameter in node.parameters.items():
                try:
                    values = parameter.initializer.values(parameter.shape, rng)
                except ValueError as error:
                    raise ConfigError([Problem((*node.path, f"{name}_initializer"), str(error))]) from error
                self.arrays[f"{node.name}.{name}"][...] = values

    def copy(self) -> "Network":
        """The same layers with copies of the parameters."""
        network = Network(
            [node.layer for node in self.nodes], self.inputs, nodes=self.nodes, dtype=self.parameters.dtype
        )
        np.copyto(network.parameters, self.parameters)
        return network

    def ending_at(self, name: str) -> "Network":
        """The layers that lead to the one with this name, as a network with copies of their parameters."""
        wanted, layers = {name}, []
        for node in reversed(execution_order(self.nodes)):
            if node.name in wanted:
                wanted.update(node.sources)
                layers.append(replace(node.layer, name=node.name, inputs=node.sources))
        return self._of(layers[::-1])

    def for_inference(self) -> "Network":
        """The network as it predicts: frozen, without layers that only training has; its parameters are copies."""
        replaced: dict[str, str] = {}
        layers = []
        for node in execution_order(self.nodes):
            sources = tuple(replaced.get(name, name) for name in node.sources)
            if node.layer.training_only:
                replaced[node.name] = sources[0]
                continue
            frozen = {"trainable": False} if "trainable" in node.layer.__struct_fields__ else {}
            layers.append(replace(node.layer, name=node.name, inputs=sources, **frozen))
        return self._of(layers)

    def _of(self, layers: Sequence[Layer]) -> "Network":
        """A network of layers with the names and shapes of some of this one's, and copies of their parameters."""
        read = set[str]().union(*(layer.inputs or () for layer in layers))
        names = unhidden_names(self.inputs, layers)
        part = Network(
            [replace(layer, inputs=tuple(names.get(name, name) for name in layer.inputs or ())) for layer in layers],
            {names[name]: value for name, value in self.inputs.items() if name in read},
            dtype=self.parameters.dtype,
        )
        for array, values in part.arrays.items():
            values[...] = self.arrays[array]
        return part

    @cached_property
    def arrays(self) -> dict[str, Floats]:
        """All parameters by name, as views of the flat vector."""
        return self.views(self.parameters)

    def views(self, vector: Floats) -> dict[str, Floats]:
        """A flat vector (of parameters, gradients or an optimizer's state) as named arrays, which are views."""
        return {name: vector[place].reshape(shape) for name, (place, shape) in self.places.items()}

    @cached_property
    def places(self) -> dict[str, tuple[slice, Shape]]:
        """Each parameter's slice of the flat vector, and its shape."""
        places, start = {}, 0
        for node in self.nodes:
            for name, parameter in node.parameters.items():
                stop = start + size(parameter.shape)
                places[f"{node.name}.{name}"] = slice(start, stop), parameter.shape
                start = stop
        return places

    @cached_property
    def trainable(self) -> list[slice]:
        """The parts of the flat vector that training changes by gradients, each as long as can be."""
        return self._slices(lambda parameter: parameter.trainable)

    @cached_property
    def statistics(self) -> list[slice]:
        """The parts of the flat vector that training's forward passes update, each as long as can be."""
        return self._slices(lambda parameter: parameter.updated)

    def _slices(self, wanted: Callable[[Parameter], bool]) -> list[slice]:
        slices: list[slice] = []
        for place, parameter in self._placed():
            if not wanted(parameter):
                continue
            if slices and slices[-1].stop == place.start:
                place = slice(slices.pop().start, place.stop)
            slices.append(place)
        return slices

    @cached_property
    def regularized(self) -> list[tuple[Regularizer, slice]]:
        """The regularizers with the slices of their parameters, without frozen parameters."""
        return [
            (parameter.regularizer, place)
            for place, parameter in self._placed()
            if parameter.regularizer is not None and parameter.trainable
        ]

    def _placed(self) -> Iterator[tuple[slice, Parameter]]:
        parameters = (parameter for node in self.nodes for parameter in node.parameters.values())
        return ((place, parameter) for (place, _), parameter in zip(self.places.values(), parameters, strict=True))
