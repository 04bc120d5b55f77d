"""Copies weights from another network, layer by layer, with the reason for each layer that is left out.

The first layer's weights belong to the inputs, those of the last one to the outputs. Where both networks name these,
weights follow the names: the same names in another order move them, other names leave the layer out. Where the
scaling of inputs or targets differs, it is folded into the weights, so that the same row gives the same output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.base import RowSpec
from mltrain.data.columns.index import FIRST
from mltrain.data.preprocessing import Preprocessing, Scaling
from mltrain.engine.activations.linear import Linear
from mltrain.engine.graph import INPUT, Node
from mltrain.engine.layers.base import Parameter, shape_text
from mltrain.engine.layers.concatenate import Concatenate
from mltrain.engine.layers.dense import Dense
from mltrain.engine.layers.embedding import Embedding
from mltrain.engine.losses.base import Loss
from mltrain.engine.network import Network
from mltrain.training.targets import class_names, target_scaling

Arrays = dict[str, npt.NDArray[np.float32]]

_MOST_NAMED = 3
_PASS_ON = ("flatten", "reshape", "dropout")
"""Layers that pass the network's inputs on without changing their meaning."""


class LayerTransfer(NamedTuple):
    """The origin of a layer's initial weights. ``taken``: from the other network.

    ``why`` is the reason if not, and otherwise notes on changes of the weights.
    """

    layer: str
    taken: bool
    why: str = ""


@dataclass(frozen=True)
class Ends:
    """The meaning of a network's inputs and outputs.

    ``inputs`` and ``outputs`` are their names, or None where they have only positions; ``kind`` of the outputs is
    "classes" or "numbers". ``names`` are those that the indices of each column stand for that an embedding reads; such
    columns are no ``inputs``.
    """

    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...] | None
    kind: str
    input_scaling: Scaling
    target_scaling: Scaling
    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, loss: Loss, row_spec: RowSpec, preprocessing: Preprocessing, outputs: int) -> "Ends":
        table, classes = preprocessing.table, class_names(loss, row_spec, outputs)
        names = table.index_names if table else {}
        return cls(
            tuple(name for name in table.features if name not in names) if table else None,
            classes or (table.targets if table else None),
            "classes" if classes else "numbers",
            preprocessing.inputs,
            target_scaling(loss, preprocessing),
            names,
        )


class _LeftOut(Exception):
    """A layer is left out; the message is the reason."""


def load_matching_weights(network: Network, given: Network, here: Ends, there: Ends) -> list[LayerTransfer]:
    """Copy the parameters of all layers that both networks have, by name and shape; the result for each layer.

    A layer is copied whole or not at all. Layers that only the other network has come last.
    """
    others = {node.name: node for node in given.nodes if node.parameters}
    own = [node for node in network.nodes if node.parameters]
    starts = []
    for node in own:
        other = others.pop(node.name, None)
        try:
            if other is None:
                raise _LeftOut("new: the model has no such layer")
            if different := _difference(node, other):
                raise _LeftOut(f"left out: {different}")
            arrays = {name: given.arrays[f"{node.name}.{name}"] for name in node.parameters}
            notes = []
            if isinstance(node.layer, Embedding) and here.names:
                arrays, changes = _follow_names(network, given, node, arrays, here, there)
                notes += changes
            elif node is own[0] or (here.names and INPUT in _read_by(network, node)):
                arrays, changes = _follow_inputs(network, node, arrays, here, there)
                notes += changes
            if node is own[-1]:
                arrays, changes = _follow_outputs(network, node, arrays, here, there)
                notes += changes
            for name, array in arrays.items():
                network.arrays[f"{node.name}.{name}"][...] = array
            starts.append(LayerTransfer(node.name, True, "; ".join([*notes, *_other_activation(node, other)])))
        except _LeftOut as reason:
            starts.append(LayerTransfer(node.name, False, str(reason)))
    return starts + [LayerTransfer(name, False, "only in the model") for name in others]


def _difference(node: Node, other: Node) -> str:
    """The differences of parameters between two layers of the same name, as text; empty if there are none."""
    here, there = node.parameters, other.parameters
    return ", ".join(
        f"{name} is {_shape(here.get(name))} here and {_shape(there.get(name))} there"
        for name in dict.fromkeys([*here, *there])
        if name not in here or name not in there or here[name].shape != there[name].shape
    )


def _shape(parameter: Parameter | None) -> str:
    return "missing" if parameter is None else shape_text(parameter.shape)


def _other_activation(node: Node, other: Node) -> list[str]:
    here, there = ([stage.type_name() for stage in one.layer.stages()[1:]] or ["linear"] for one in (node, other))
    return [] if here == there else [f"its activation is {here[0]} here and {there[0]} there"]


def _follow_inputs(network: Network, node: Node, arrays: Arrays, here: Ends, there: Ends) -> tuple[Arrays, list[str]]:
    """The weights of the first layer, adapted to this network's inputs. Raises `_LeftOut`."""
    order = _order(here.inputs, there.inputs, "its inputs are other columns")
    scaling, old = here.input_scaling, there.input_scaling
    if order is None and scaling == old:
        return arrays, []
    before = network.nodes[: network.nodes.index(node)]
    is_first = all(earlier.layer.type_name() in _PASS_ON for earlier in before)
    rows = _rows_of_inputs(network, node) if here.names else slice(None) if is_first else None
    if rows is None or not isinstance(node.layer, Dense):
        raise _LeftOut("left out: its inputs are in another order or scaled in another way")
    kernel = arrays["kernel"][rows].astype(np.float64)
    width = len(kernel)
    (shift, scale), (old_shift, old_scale) = _numbers(scaling, width), _numbers(old, width)
    notes = []
    if order is not None:
        kernel, old_shift, old_scale = kernel[order], old_shift[order], old_scale[order]
        notes.append("its columns are in another order here, and the weights follow")
    if not (np.array_equal(shift, old_shift) and np.array_equal(scale, old_scale)):
        moved = ((shift - old_shift) * old_scale) @ kernel
        kernel = kernel * (old_scale / scale)[:, None]
        arrays = _with_bias(arrays, moved, 1.0, "its inputs are")
        notes.append("its inputs are scaled in another way here, and the weights make up for it")
        notes += _strange_units(here.inputs, (shift - old_shift) * old_scale, old_scale / scale)
    whole = arrays["kernel"].copy()
    whole[rows] = kernel
    return {**arrays, "kernel": whole}, notes


def _rows_of_inputs(network: Network, node: Node) -> slice | None:
    """Which rows of a kernel the inputs have that are not embedded, where they are beside others; else None."""
    nodes = {one.name: one for one in network.nodes}
    beside = nodes.get(node.sources[0])
    if beside is None:
        return slice(None)
    start = 0
    for source, shape in zip(beside.sources, beside.input_shapes, strict=True):
        if source == INPUT and isinstance(beside.layer, Concatenate) and len(shape) == 1:
            return slice(start, start + shape[0])
        start += shape[-1]
    return None


def _follow_names(
    network: Network, given: Network, node: Node, arrays: Arrays, here: Ends, there: Ends
) -> tuple[Arrays, list[str]]:
    """The vectors of an embedding, each for the name that it was learned for. Raises `_LeftOut`."""
    column = next(iter(_read_by(network, node)))
    other = next(iter(_read_by(given, next(one for one in given.nodes if one.name == node.name))))
    if column != other:
        raise _LeftOut(f"left out: it reads another column ({column} here, {other} there)")
    if column not in here.names or column not in there.names:
        return arrays, []
    order = _order(here.names[column], there.names[column], f"the names in '{column}' are others")
    if order is None:
        return arrays, []
    vectors = arrays["embeddings"].copy()
    vectors[FIRST : FIRST + len(order)] = arrays["embeddings"][FIRST + order]
    return {"embeddings": vectors}, [f"the names in '{column}' are in another order here, and the vectors follow"]


def _read_by(network: Network, node: Node) -> set[str]:
    """The inputs of the dataset that a layer reads, directly or through layers without parameters."""
    nodes = {one.name: one for one in network.nodes}
    found, waiting = set[str](), list(node.sources)
    while waiting:
        source = waiting.pop()
        if source not in nodes:
            found.add(source)
        elif not nodes[source].parameters:
            waiting += nodes[source].sources
    return found


def _follow_outputs(network: Network, node: Node, arrays: Arrays, here: Ends, there: Ends) -> tuple[Arrays, list[str]]:
    """The weights of the last layer, adapted to this network's outputs. Raises `_LeftOut`."""
    if here.kind != there.kind:
        raise _LeftOut(f"left out: its outputs are {here.kind} here and {there.kind} there")
    order = _order(here.outputs, there.outputs, f"its outputs are for other {here.kind}")
    scaling, old = here.target_scaling, there.target_scaling
    if order is None and scaling == old:
        return arrays, []
    if not isinstance(node.layer, Dense):
        raise _LeftOut("left out: its outputs are in another order or scaled in another way")
    width = node.layer.units
    (shift, scale), (old_shift, old_scale) = _numbers(scaling, width), _numbers(old, width)
    notes = []
    if order is not None:
        if width != len(order):
            raise _LeftOut(f"left out: its {here.kind} are in another order")
        arrays = {name: array[..., order] for name, array in arrays.items()}
        old_shift, old_scale = old_shift[order], old_scale[order]
        notes.append(f"its {here.kind} are in another order here, and the weights follow")
    if not (np.array_equal(shift, old_shift) and np.array_equal(scale, old_scale)):
        if not isinstance(node.layer.activation, Linear) or node is not network.nodes[-1]:
            raise _LeftOut("left out: its targets are scaled in another way")
        factor = scale / old_scale
        arrays = _with_bias(arrays, (old_shift - shift) * scale, factor, "its targets are")
        arrays = {**arrays, "kernel": (arrays["kernel"] * factor).astype(np.float32)}
        notes.append("its targets are scaled in another way here, and the weights make up for it")
    return arrays, notes


def _order(here: Sequence[str] | None, there: Sequence[str] | None, other: str) -> npt.NDArray[np.intp] | None:
    """The index of each name in the other network; None if the order is the same. Raises `_LeftOut` for other names."""
    if here is None or there is None or tuple(here) == tuple(there):
        return None
    if sorted(here) != sorted(there) or len(set(here)) != len(here):
        new, old = ([name for name in one if name not in two] for one, two in ((here, there), (there, here)))
        raise _LeftOut(f"left out: {other} ({_listed(new or here)} here, {_listed(old or there)} there)")
    places = {name: place for place, name in enumerate(there)}
    return np.array([places[name] for name in here])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")


def _numbers(scaling: Scaling, width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The shift and the scale of each of the first numbers of a row."""
    shift, scale = (np.atleast_1d(np.array(one, np.float64))[:width] for one in (scaling.shift, scaling.scale))
    return np.broadcast_to(shift, width), np.broadcast_to(scale, width)


def _with_bias(
    arrays: Arrays, added: npt.NDArray[np.float64], factor: npt.NDArray[np.float64] | float, what: str
) -> Arrays:
    """The arrays with their bias times ``factor``, plus ``added``. Raises `_LeftOut` if there is no bias to change."""
    if "bias" in arrays:
        return {**arrays, "bias": (arrays["bias"] * factor + added).astype(np.float32)}
    if added.any():
        raise _LeftOut(f"left out: {what} scaled in another way, and it has no bias to make up for it")
    return arrays


def _strange_units(
    names: Sequence[str] | None, moved: npt.NDArray[np.float64], spread: npt.NDArray[np.float64]
) -> list[str]:
    """A note on columns whose mean or spread differs from the model's training data by a large factor."""
    strange = np.flatnonzero((np.abs(moved) > 10) | (spread > 10) | (spread < 0.1))
    if names is None or not strange.size:
        return []
    return [f"are the units of {_listed([names[index] for index in strange.tolist()])} the same? Their numbers are not"]
