"""A case as `mltrain code` writes it for a peer: pieces of a script, which the peer executes in float32 and float64.

So a peer needs no table of layers, losses and optimizers of its own, and what `mltrain code` prints is compared to the
last digit. What a script does by itself is left out, since the peer is given it: rows, batches, first weights.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from campaigns.differential.case import Case
from mltrain.code import keras, torch
from mltrain.code.plan import Plan
from mltrain.code.text import statement
from mltrain.code.torch.network import TorchNetwork
from mltrain.code.torch.training import loss_expression, optimizer_code, penalty_code, update_code
from mltrain.engine.layers.dropout import Dropout

LACKING = {"keras": keras.LACKING, "torch": torch.LACKING}
"""Members that `mltrain code` cannot write for a peer."""


def script_of(peer: str, case: Case) -> dict[str, Any]:
    """The pieces by their names, each as text, with what a peer has to find in them."""
    return _WRITERS[peer](_plan(case))


def _plan(case: Case) -> Plan:
    """The plan of a script that copies weights; the peer itself makes a step of several batches."""
    training = msgspec.structs.replace(case.config.training, gradient_accumulation=1)
    config = msgspec.structs.replace(case.config, training=training)
    return Plan(Case(case.number, config).job(), Path(), weights=Path("weights.npz"))


def _dropouts(plan: Plan) -> dict[str, str]:
    """The names of dropout layers by their index in the config, in the order in which scripts make them."""
    index = {node.name: str(number) for number, node in enumerate(plan.nodes)}
    return {index[node.name]: node.name for node in plan.execution_order if isinstance(node.layer, Dropout)}


def _keras(plan: Plan) -> dict[str, Any]:
    return {
        "network": _text(*keras.HELPERS.values(), *keras.network_code(plan)),
        "weights": _text(*keras.COPY_WEIGHTS),
        "training": _text(*keras.loss_code(plan), *keras.optimizer_code(plan)),
        "dropouts": list(_dropouts(plan)),
    }


def _torch(plan: Plan) -> dict[str, Any]:
    network = TorchNetwork(plan)
    loss = statement(loss_expression(plan.config.loss, each_row=True), "loss_function = ")
    frozen = [f"{module}.eval()" for module in network.frozen_statistics]
    return {
        "helpers": _text(*torch.HELPERS.values()),
        "network": _text(*network.lines),
        "weights": _text(*network.copied_weights()),
        "training": _text(*loss, *penalty_code(network), *optimizer_code(plan, network), *frozen),
        "step": _text(*update_code(plan)),
        "arrays": network.array_code,
        "dropouts": {index: network.places[name] for index, name in _dropouts(plan).items()},
    }


def _text(*lines: str) -> str:
    return "\n".join(lines)


_WRITERS: Mapping[str, Callable[[Plan], dict[str, Any]]] = {"keras": _keras, "torch": _torch}
