"""Starting from the weights of another network: which layers take theirs over, and why others do not."""

from typing import NamedTuple

from mltrain.engine.layers.base import Parameter, shape_text
from mltrain.engine.network import Network, Node


class LayerTransfer(NamedTuple):
    """Where a layer's first weights come from. ``taken``: from the other network; if not, ``why`` says the reason."""

    layer: str
    taken: bool
    why: str = ""


def load_matching_weights(network: Network, given: Network) -> list[LayerTransfer]:
    """Copy the parameters of all layers that both networks have, by name and shape; what became of each layer.

    A layer is taken over whole or not at all. After the network's own layers come those that only the other one has.
    """
    others = {node.name: node for node in given.nodes if node.parameters}
    starts = []
    for node in network.nodes:
        if not node.parameters:
            continue
        other = others.pop(node.name, None)
        why = "new: the model has no such layer" if other is None else _difference(node, other)
        if not why:
            for name in node.parameters:
                network.arrays[f"{node.name}.{name}"][...] = given.arrays[f"{node.name}.{name}"]
        starts.append(LayerTransfer(node.name, not why, why))
    return starts + [LayerTransfer(name, False, "only in the model") for name in others]


def _difference(node: Node, other: Node) -> str:
    """What keeps a layer from taking over the parameters of another one of its name, in words; empty if nothing."""
    here, there = node.parameters, other.parameters
    different = [
        f"{name} is {_shape(here.get(name))} here and {_shape(there.get(name))} there"
        for name in dict.fromkeys([*here, *there])
        if name not in here or name not in there or here[name].shape != there[name].shape
    ]
    return f"left out: {', '.join(different)}" if different else ""


def _shape(parameter: Parameter | None) -> str:
    return "missing" if parameter is None else shape_text(parameter.shape)
