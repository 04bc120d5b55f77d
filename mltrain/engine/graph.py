"""A network as a graph of named values: the sources of each layer, the order of the layers, and all shapes.

A layer reads the layer before it, or those that its ``inputs`` name; the first layer reads the dataset's input. So a
chain is the graph in which no layer names its inputs. The last layer is the output, and all others must lead to it.

A residual layer is a description of others: the graph has these, its projection if there is one, and the sum.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from mltrain.engine.arrays import DType, Inputs, Shape, size
from mltrain.engine.layers.base import Layer, Parameter, ShapeError
from mltrain.errors import ConfigError, ConfigPath, Problem, dotted
from mltrain.names.nearest import did_you_mean, some

INPUT = "input"
"""The name of the input of a dataset that has only one."""

_HIDDEN = "dataset."
"""Before the name of an input that a layer has, too: no layer can name the input then."""


class Node(msgspec.Struct, frozen=True):
    """A layer in a network. ``sources`` names its inputs: layers, or inputs of the dataset.

    ``path`` is where the config has it.
    """

    layer: Layer
    name: str
    sources: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    dtype: DType
    parameters: dict[str, Parameter]
    path: ConfigPath

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


class _Entry(NamedTuple):
    """A layer of the graph before shapes are known, or a residual layer, which stands for its projection and sum."""

    layer: Layer
    name: str
    sources: tuple[str, ...]
    path: ConfigPath


def inputs_read_by(nodes: Sequence[Node], name: str) -> set[str]:
    """The sources of a layer, with layers that only reshape replaced by their own sources."""
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


def unhidden_names(inputs: Inputs, layers: Sequence[Layer]) -> dict[str, str]:
    """For each input's name one that layers can read, also where a layer has the name of the input."""
    taken = {layer.name for layer in layers}
    names = {}
    for name in inputs:
        free = name.replace(_HIDDEN, "dataset_")
        while free in taken:
            free += "_"
        names[name] = free
    return names


def infer(layers: Sequence[Layer], inputs: Shape | Inputs) -> tuple[Node, ...]:
    """The layers, in their order, with names, sources and shapes. Raises `ConfigError`.

    Unknown names, cycles and layers that are never read are reported together; of shapes that do not fit only the
    first, because it makes all shapes behind it meaningless.
    """
    values = dict(named_inputs(inputs, layers))
    entries = _entries(layers, tuple(values))
    order = _execution_order([entry.name for entry in entries], [entry.sources for entry in entries])
    if len(order) < len(entries):
        raise ConfigError([_cycle(entries, order)])
    nodes: dict[int, list[Node]] = {}
    for index in order:
        nodes[index] = list(_nodes(entries[index], values))
    _refuse_unread(entries)
    return tuple(node for index in range(len(entries)) for node in nodes[index])


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
    """Whether each layer reads only the one before it."""
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


def repeated_names(names: Sequence[tuple[ConfigPath, str | None]]) -> list[Problem]:
    """Layers with a name that a layer before them has; None stands for a layer whose name is not known."""
    first: dict[str, ConfigPath] = {}
    return [
        Problem((*path, "name"), f"{dotted(first[name])} has this name already")
        for path, name in names
        if name is not None and first.setdefault(name, path) is not path
    ]


def _entries(layers: Sequence[Layer], inputs: Sequence[str]) -> list[_Entry]:
    """The layers with the names of their sources. Raises `ConfigError` with all unknown or ambiguous names."""
    names, problems = layer_names(layers), list[Problem]()
    entries: list[_Entry] = []
    for index, (layer, name) in enumerate(zip(layers, names, strict=True)):
        before = (names[index - 1],) if index else tuple(inputs)
        entries += _expanded(_Entry(layer, name, layer.inputs or before, ("layers", index)))
        if layer.inputs is None and not index and len(inputs) > 1:
            problems.append(
                Problem(
                    ("layers", 0), f"the dataset has the inputs {', '.join(inputs)}; name those that this layer reads"
                )
            )
    names = [entry.name for entry in entries]
    problems += repeated_names([(entry.path, entry.name) for entry in entries])
    for entry in entries:
        if entry.layer.inputs is not None and len(entry.path) > len(("layers", 0)):
            told = "the layers of a residual read one another in order; write branches with 'inputs' and add instead"
            problems.append(Problem((*entry.path, "inputs"), told))
            continue
        for number, name in enumerate(entry.layer.inputs or ()):
            path = (*entry.path, "inputs", number)
            if _HIDDEN + name in inputs:
                problems.append(
                    Problem(path, f"both a layer and an input of the dataset are named '{name}'; rename the layer")
                )
            elif name not in names and name not in inputs:
                others = [*inputs, *(other for other in names if other != entry.name)]
                told = did_you_mean(name, others, f"; there are {some(others)}")
                problems.append(Problem(path, f"there is no layer or input '{name}'{told}"))
        problems += [
            Problem(
                (*entry.path, "activation", "inputs"),
                "an activation reads the layer that carries it; to name its inputs, make it a layer of its own",
            )
            for stage in entry.layer.stages()
            if stage is not entry.layer and stage.inputs is not None
        ]
    if problems:
        raise ConfigError(problems)
    return entries


def _expanded(entry: _Entry) -> Iterator[_Entry]:
    """The entry itself; before a residual layer also its layers, the last of which it reads before its own inputs."""
    layer, name, sources, path = entry
    if inner_layers := layer.inner_layers:
        before = sources
        for index, (inner, inner_name) in enumerate(zip(inner_layers, layer_names(inner_layers), strict=True)):
            full = f"{name}_{inner_name}"
            yield from _expanded(_Entry(inner, full, before, (*path, "layers", index)))
            before = (full,)
        sources = (*before, *sources)
    yield _Entry(layer, name, sources, path)


def _execution_order(names: Sequence[str], sources: Sequence[Sequence[str]]) -> list[int]:
    """The numbers of the layers, each behind those that it reads, else in order; without those in or behind a cycle."""
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
    return order


def _cycle(entries: Sequence[_Entry], order: Sequence[int]) -> Problem:
    """Each unordered layer depends on another unordered one: follow these dependencies to a cycle."""
    done = set(order)
    waiting = {entry.name: entry for index, entry in enumerate(entries) if index not in done}
    way = [next(iter(waiting))]
    while (before := next(name for name in waiting if name in waiting[way[-1]].sources)) not in way:
        way.append(before)
    cycle = [*way[way.index(before) :], before]
    told = ", which reads ".join(f"'{name}'" for name in cycle)
    first = next(entry for name, entry in waiting.items() if name in cycle)
    return Problem((*first.path[:2], "inputs"), f"a layer cannot read its own output: {told}")


def _nodes(entry: _Entry, values: dict[str, tuple[Shape, DType]]) -> Iterator[Node]:
    """The nodes that an entry stands for, whose outputs become ``values``. Raises `ConfigError` where shapes misfit."""
    layer, name, sources, path = entry
    if layer.inner_layers:
        from mltrain.engine.layers.add import Add  # few networks have residual layers

        last, *own = sources
        try:
            shape = layer.merged_shape([values[source][0] for source in own])
            projection = layer.projection(values[own[0]][0])
        except ShapeError as error:
            raise _as_config_error(error, path) from error
        assert shape == values[last][0]
        if projection is not None:
            own = [f"{name}_projection"]
            yield _node(projection, own[0], sources[1:], path, values)
        layer, sources = Add(), (last, *own)
    yield _node(layer, name, sources, path, values)


def _node(
    layer: Layer, name: str, sources: tuple[str, ...], path: ConfigPath, values: dict[str, tuple[Shape, DType]]
) -> Node:
    shapes = tuple(values[source][0] for source in sources)
    try:
        shape = layer.merged_shape(shapes)
        whole = [source for source in sources if values[source][1] == "int"]
        if whole and not (layer.takes_integers or layer.reshapes):
            raise ShapeError(
                f"{layer.type_name()} takes floats, but '{whole[0]}' holds whole numbers; put embedding before it"
            )
    except ShapeError as error:
        raise _as_config_error(error, path) from error
    dtype = values[sources[0]][1] if layer.reshapes else layer.output_dtype
    values[name] = shape, dtype
    return Node(layer, name, sources, shapes, shape, dtype, layer.parameters(shapes[0]), path)


def _as_config_error(error: ShapeError, path: ConfigPath) -> ConfigError:
    return ConfigError([Problem((*path, error.option) if error.option else path, str(error))])


def _refuse_unread(entries: Sequence[_Entry]) -> None:
    """Raises `ConfigError` of layers whose output is neither read nor that of the network."""
    read = {name for entry in entries for name in entry.sources}
    problems = [
        Problem(
            entry.path,
            f"no layer reads '{entry.name}', and the output is that of the last layer, '{entries[-1].name}'; "
            f"name '{entry.name}' among the inputs of a layer, or leave it out",
        )
        for entry in entries[:-1]
        if entry.name not in read
    ]
    if problems:
        raise ConfigError(problems)
