"""A network as a graph of named values: which layer reads which, in which order they run, and every shape.

A layer reads the layer before it, or those that its ``inputs`` name; the first layer reads the dataset's input. So a
chain is the graph in which no layer names its inputs. The last layer is the output, and all others must lead to it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from mltrain.engine.arrays import DType, Inputs, Shape, size
from mltrain.engine.layers.base import Layer, Parameter, ShapeError
from mltrain.errors import ConfigError, Problem
from mltrain.names.nearest import did_you_mean, some

INPUT = "input"
"""The name of the input of a dataset that has only one."""

_HIDDEN = "dataset."
"""Before the name of an input that a layer has, too: no layer can name the input then."""


@dataclass(frozen=True)
class Node:
    """A layer where it stands in a network. ``sources`` names what it reads: layers, or inputs of the dataset."""

    layer: Layer
    name: str
    sources: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    dtype: DType
    parameters: dict[str, Parameter]

    @property
    def input_shape(self) -> Shape:
        """The shape of the first source, which for most layers is the only one."""
        return self.input_shapes[0]

    @property
    def parameter_count(self) -> int:
        return sum(size(parameter.shape) for parameter in self.parameters.values())

    @property
    def is_frozen(self) -> bool:
        """Whether it has parameters that training leaves alone."""
        return any(not (parameter.trainable or parameter.updated) for parameter in self.parameters.values())

    @property
    def trainable_count(self) -> int:
        """How many of the parameters training changes by their gradients."""
        return sum(size(parameter.shape) for parameter in self.parameters.values() if parameter.trainable)


def inputs_read_by(nodes: Sequence[Node], name: str) -> set[str]:
    """The values that a layer reads when what only reshapes them is left out: of layers, or inputs of the dataset."""
    by_name = {node.name: node for node in nodes}
    found, waiting = set[str](), list(by_name[name].sources)
    while waiting:
        source = waiting.pop()
        node = by_name.get(source)
        if node is not None and node.layer.reshapes:
            waiting += node.sources
        else:
            found.add(source)
    return found


def named_inputs(inputs: Shape | Inputs, layers: Sequence[Layer] = ()) -> Inputs:
    """The inputs by names that none of the ``layers`` has. A shape alone is one input of floats, `INPUT`."""
    named = inputs if isinstance(inputs, Mapping) else {INPUT: (inputs, "float")}
    taken = {layer.name for layer in layers}
    return {_HIDDEN + name if name in taken else name: value for name, value in named.items()}


def infer(layers: Sequence[Layer], inputs: Shape | Inputs) -> tuple[Node, ...]:
    """The layers, in their order, with names, sources and shapes. Raises `ConfigError`.

    Unknown names, cycles and layers that are never read are reported together; of shapes that do not fit only the
    first, because it makes all shapes behind it meaningless.
    """
    values = dict(named_inputs(inputs, layers))
    names = layer_names(layers)
    sources = _sources(layers, names, tuple(values))
    nodes: dict[int, Node] = {}
    for index in _execution_order(names, sources):
        nodes[index] = node = _node(index, layers[index], names[index], sources[index], values)
        values[node.name] = node.output_shape, node.dtype
    _refuse_unread(names, sources)
    return tuple(nodes[index] for index in range(len(layers)))


def execution_order(nodes: Sequence[Node]) -> list[Node]:
    """The nodes, each behind all that it reads; a chain is in this order already."""
    order = _execution_order([node.name for node in nodes], [node.sources for node in nodes])
    return [nodes[index] for index in order]


def input_shapes(nodes: Sequence[Node]) -> dict[str, Shape]:
    """The shapes of the inputs of the dataset that the nodes read, by name."""
    names = {node.name for node in nodes}
    read = [pair for node in nodes for pair in zip(node.sources, node.input_shapes, strict=True)]
    return {name: shape for name, shape in read if name not in names}


def is_chain(nodes: Sequence[Node]) -> bool:
    """Whether each layer reads the one before it, and nothing else."""
    before = [node.name for node in nodes[:-1]]
    return all(node.sources == (name,) for node, name in zip(nodes[1:], before, strict=True))


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


def repeated_names(names: Sequence[str | None]) -> list[Problem]:
    """Layers with a name that a layer before them has; None stands for a layer whose name is not known."""
    first: dict[str, int] = {}
    return [
        Problem(("layers", index, "name"), f"layers[{first[name]}] has this name already")
        for index, name in enumerate(names)
        if name is not None and first.setdefault(name, index) < index
    ]


def _sources(layers: Sequence[Layer], names: Sequence[str], inputs: Sequence[str]) -> list[tuple[str, ...]]:
    """What each layer reads, by name. Raises `ConfigError` with all names that do not stand for one value."""
    problems = repeated_names(names)
    sources = []
    for index, layer in enumerate(layers):
        given = layer.inputs
        sources.append(given or (names[index - 1],) if index else given or tuple(inputs))
        if given is None and not index and len(inputs) > 1:
            problems.append(
                Problem(
                    ("layers", 0), f"the dataset has the inputs {', '.join(inputs)}; name those that this layer reads"
                )
            )
        for number, name in enumerate(given or ()):
            path = ("layers", index, "inputs", number)
            if _HIDDEN + name in inputs:
                problems.append(
                    Problem(path, f"both a layer and an input of the dataset are named '{name}'; rename the layer")
                )
            elif name not in names and name not in inputs:
                others = [*inputs, *(other for other in names if other != names[index])]
                told = did_you_mean(name, others, f"; there are {some(others)}")
                problems.append(Problem(path, f"there is no layer or input '{name}'{told}"))
        problems += [
            Problem(
                ("layers", index, "activation", "inputs"),
                "an activation reads the layer that carries it; to name its inputs, make it a layer of its own",
            )
            for stage in layer.stages()
            if stage is not layer and stage.inputs is not None
        ]
    if problems:
        raise ConfigError(problems)
    return sources


def _execution_order(names: Sequence[str], sources: Sequence[Sequence[str]]) -> list[int]:
    """The numbers of the layers, each behind those that it reads, else in order. Raises `ConfigError` of a cycle."""
    numbers = {name: index for index, name in enumerate(names)}
    waits = [{numbers[name] for name in read if name in numbers} for read in sources]
    readers: list[list[int]] = [[] for _ in names]
    for index, before in enumerate(waits):
        for source in before:
            readers[source].append(index)
    order: list[int] = []
    ready = [index for index, before in enumerate(waits) if not before]  # sorted, and so a heap
    while ready:
        order.append(done := heappop(ready))
        for reader in readers[done]:
            waits[reader].discard(done)
            if not waits[reader]:
                heappush(ready, reader)
    if len(order) < len(names):
        raise ConfigError([_cycle(names, waits)])
    return order


def _cycle(names: Sequence[str], waits: Sequence[set[int]]) -> Problem:
    """Each layer that still waits does so for another one: follow one of these ways until it comes back."""
    way = [next(index for index, before in enumerate(waits) if before)]
    while (before := min(waits[way[-1]])) not in way:
        way.append(before)
    cycle = [*way[way.index(before) :], before]
    told = ", which reads ".join(f"'{names[index]}'" for index in cycle)
    return Problem(("layers", min(cycle), "inputs"), f"a layer cannot read its own output: {told}")


def _node(index: int, layer: Layer, name: str, sources: tuple[str, ...], values: Inputs) -> Node:
    shapes = tuple(values[source][0] for source in sources)
    try:
        shape = layer.merged_shape(shapes)
        whole = [source for source in sources if values[source][1] == "int"]
        if whole and not (layer.takes_integers or layer.reshapes):
            raise ShapeError(
                f"{layer.type_name()} takes floats, but '{whole[0]}' holds whole numbers; put embedding before it"
            )
    except ShapeError as error:
        path = ("layers", index, error.option) if error.option else ("layers", index)
        raise ConfigError([Problem(path, str(error))]) from error
    dtype = values[sources[0]][1] if layer.reshapes else layer.output_dtype
    return Node(layer, name, sources, shapes, shape, dtype, layer.parameters(shapes[0]))


def _refuse_unread(names: Sequence[str], sources: Sequence[Sequence[str]]) -> None:
    """Raises `ConfigError` of layers whose output is neither read nor that of the network."""
    read = {name for one in sources for name in one}
    problems = [
        Problem(
            ("layers", index),
            f"no layer reads '{name}', and the output is that of the last layer, '{names[-1]}'; "
            f"name '{name}' among the inputs of a layer, or leave it out",
        )
        for index, name in enumerate(names[:-1])
        if name not in read
    ]
    if problems:
        raise ConfigError(problems)
