"""Temperature scaling: the scores of classes are divided by one number before softmax or sigmoid.

A temperature above 1 makes the probabilities of all answers less extreme, one below 1 more; which class is the
likeliest stays the same (Guo et al. 2017, https://arxiv.org/abs/1706.04599). The last layer's kernel and bias are
divided by it, which is the same, so that whatever runs the network, also as an exported file, has the calibrated
probabilities.
"""

from dataclasses import replace

import numpy as np

from mltrain.engine.network import Network
from mltrain.errors import DataError
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model

_LINEAR = ("flatten", "reshape", "dropout", "global_average_pooling1d", "global_average_pooling2d")
"""Layers through which the scores may go: what is divided before them is divided behind them."""


def with_temperature(model: Model, temperature: float) -> Model:
    """The same model at another temperature, in place of the one that it has. Raises `DataError` if it cannot have one.

    Members of an ensemble have the same temperature each; their probabilities are averaged, as before.
    """
    if model.classes is None or not model.gives_probabilities:
        raise DataError(
            "this model gives no probabilities to calibrate: its last layer is no softmax or sigmoid for classes"
        )
    if isinstance(model, Ensemble):
        members = tuple(with_temperature(member, temperature) for member in model.members)
        return replace(model, members=members, network=members[0].network, temperature=temperature)
    network = Network(model.config.layers, model.row_spec.inputs)
    network.parameters[...] = model.network.parameters
    for name in _last_parameters(network):
        network.arrays[name][...] *= np.float32(model.temperature / temperature)
    return replace(model, network=network, temperature=temperature)


def _last_parameters(network: Network) -> list[str]:
    """The names of the arrays that are divided to divide the scores. Raises `DataError` if there are none."""
    nodes = {node.name: node for node in network.nodes}
    node = network.nodes[-1]
    while True:
        layer = node.layer
        before_activation, *activations = layer.stages()
        kinds = [stage.type_name() for stage in activations]
        if node.parameters and set(node.parameters) <= {"kernel", "bias"} and set(kinds) <= {"softmax", "sigmoid"}:
            return [f"{node.name}.{name}" for name in node.parameters]
        passes = before_activation.type_name() in (*_LINEAR, "softmax", "sigmoid") and not node.parameters
        if not passes or len(node.sources) != 1 or node.sources[0] not in nodes:
            raise DataError(
                f"the scores of this network come from its layer '{node.name}' ({layer.type_name()}); a temperature "
                "can be saved where they come from a dense or convolutional layer without another activation"
            )
        node = nodes[node.sources[0]]
