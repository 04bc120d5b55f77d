"""The gradient of a network's scores by its input, computed by the layers' own backward passes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.numpy.evaluation import block_rows
from mltrain.data.preprocessing import AS_IS, Scaling
from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan

_SCORES = ("softmax", "sigmoid", "step")
"""Activations behind the scores of classes: far from a tie, their gradient is 0 in float32."""


def input_gradients(network: Network, x: npt.NDArray[Any], weights: Floats, inputs: Scaling = AS_IS.inputs) -> Floats:
    """See `mltrain.backends.base.Backend.input_gradients`."""
    network = network.for_inference()
    dtype = network.parameters.dtype
    fused = bool(network.nodes) and network.nodes[-1].layer.stages()[-1].type_name() in _SCORES
    found = np.empty((len(x), *network.input_shape), dtype)
    most = max(1, min(len(x), block_rows(network)))
    plan = Plan(network, most, gradients=np.zeros_like(network.parameters), fused=fused, input_gradients=True)
    for first in range(0, len(x), most):
        block = slice(first, first + most)
        rows = inputs.applied(x[block]).astype(dtype, copy=False)
        batch = plan.bind(rows, np.empty((len(rows), *network.output_shape), dtype))
        with np.errstate(all="ignore"):
            for call in batch.forward:
                call.run()
            np.copyto(batch.dz, weights[block].reshape(batch.dz.shape))
            for call in batch.backward:
                call.run()
        np.copyto(found[block], batch.dxs[0])
    return found
