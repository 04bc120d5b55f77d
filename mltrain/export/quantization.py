"""Weights as bytes: int8 with a scale for each output channel, symmetric around 0. Activations stay floats."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.engine.operations import Convolution, DepthwiseConvolution, Embedding, Matmul, Operation
from mltrain.inference.steps import InferenceSteps

_LARGEST = 127


class Quantized(NamedTuple):
    """Weights ``(channels, ...)`` as bytes, and the factor ``(channels,)`` that makes numbers of them."""

    weights: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float32]


def quantize(weights: npt.NDArray[np.float32]) -> Quantized:
    """The bytes nearest to the weights, whose first axis are the channels."""
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    scale = np.where(largest > 0, largest / _LARGEST, 1).astype(np.float32)
    rounded = np.rint(weights / scale.reshape(-1, *(1,) * (weights.ndim - 1)))
    return Quantized(np.clip(rounded, -_LARGEST, _LARGEST).astype(np.int8), scale)


def by_channel(operation: Operation) -> npt.NDArray[np.float32] | None:
    """The weights of an operation with the output channels first; None if it has none."""
    match operation:
        case Matmul():
            return np.ascontiguousarray(operation.kernel.T)
        case Convolution():
            return np.ascontiguousarray(np.moveaxis(operation.kernel, 3, 0))
        case DepthwiseConvolution():
            return np.ascontiguousarray(np.transpose(operation.kernel, (2, 3, 0, 1))).reshape(
                len(operation.bias), *operation.window
            )
        case Embedding():
            return operation.table
    return None


def with_rounded_weights(steps: InferenceSteps) -> InferenceSteps:
    """The same steps with the weights that their bytes stand for: what they lose is measured with these."""
    return replace(steps, steps=tuple(one._replace(operation=_rounded(one.operation)) for one in steps.steps))


def _rounded(operation: Operation) -> Operation:
    weights = by_channel(operation)
    if weights is None:
        return operation
    found = quantize(weights)
    values = found.weights * found.scale.reshape(-1, *(1,) * (weights.ndim - 1))
    match operation:
        case Matmul():
            return replace(operation, kernel=np.ascontiguousarray(values.T))
        case Convolution():
            return replace(operation, kernel=np.ascontiguousarray(np.moveaxis(values, 0, 3)))
        case DepthwiseConvolution():
            height, width, channels, several = operation.kernel.shape
            shaped = values.reshape(channels, several, height, width)
            return replace(operation, kernel=np.ascontiguousarray(np.transpose(shaped, (2, 3, 0, 1))))
        case Embedding():
            return replace(operation, table=values)
    return operation
