"""The steps of a network as nodes of ONNX.

ONNX has images as (rows, channels, height, width), the steps have (rows, height, width, channels): what slides windows
over an image stands between two transpositions, of which onnxruntime removes those that cancel.
"""

from functools import reduce
from typing import Any

import numpy as np

from mltrain.engine.operations import (
    Activation,
    Add,
    Affine,
    Concatenate,
    Convolution,
    DepthwiseConvolution,
    Embedding,
    LayerNormalization,
    Matmul,
    Multiply,
    Padding,
    Pooling,
    Reshape,
    Slice,
    Softmax,
    Step,
    Windowed,
)
from mltrain.export.onnx_graph import Graph
from mltrain.inference.steps import InferenceSteps

_FUNCTIONS = {
    "relu": "Relu",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "gelu": "Gelu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "cos": "Cos",
}
"""The operator for each function of an activation; ``step`` takes two."""


def network(graph: Graph, steps: InferenceSteps, row: str) -> str:
    """Add all steps, which read the value ``row``; the name of the output."""
    names = {steps.input.name: row}
    for step in steps.steps:
        graph.scope = step.output.name
        names[step.output.name] = _add(graph, step, [names[value.name] for value in step.inputs])
    graph.scope = ""
    return names[steps.output.name]


def _add(graph: Graph, step: Step, xs: list[str]) -> str:
    x, operation = xs[0], step.operation
    match operation:
        case Matmul():
            product = graph("MatMul", x, graph.constant(operation.kernel, "kernel"))
            return graph("Add", product, graph.constant(operation.bias, "bias"))
        case Convolution() | DepthwiseConvolution() | Pooling():
            return _windowed(graph, operation, x)
        case Padding():
            (top, bottom), (left, right) = operation.pads
            return graph("Pad", x, np.array([0, top, left, 0, 0, bottom, right, 0]))
        case Affine():
            for operator, constant, neutral in (
                ("Sub", operation.subtract, 0),
                ("Mul", operation.multiply, 1),
                ("Add", operation.add, 0),
            ):
                if (constant != neutral).any():
                    x = graph(operator, x, constant)
            return x
        case LayerNormalization():
            learned = graph.constant(operation.gamma, "gamma"), graph.constant(operation.beta, "beta")
            return graph("LayerNormalization", x, *learned, axis=-1, epsilon=operation.epsilon)
        case Embedding():
            return _embedding(graph, operation, x)
        case Add() | Multiply():
            operator = "Add" if isinstance(operation, Add) else "Mul"
            return reduce(lambda one, other: graph(operator, one, other), _aligned(graph, step, xs))
        case Concatenate():
            return graph("Concat", *xs, axis=operation.axis + 1)
        case Reshape():
            return graph("Reshape", x, np.array([0, *operation.shape]))
        case Slice():
            return graph("Slice", x, np.array([operation.start]), np.array([operation.stop]), np.array([1]))
        case Activation(function="step"):
            return graph("Cast", graph("Greater", x, np.float32(0)), to="float")
        case Activation():
            options: dict[str, dict[str, Any]] = {
                "leaky_relu": {"alpha": operation.slope},
                "elu": {"alpha": operation.alpha},
            }
            return graph(_FUNCTIONS[operation.function], x, **options.get(operation.function, {}))
        case Softmax():
            return graph("Softmax", x, axis=-1)
    raise NotImplementedError(f"{operation.name} has no operator")


def _windowed(graph: Graph, operation: Windowed, x: str) -> str:
    (top, bottom), (left, right) = operation.pads
    attributes: dict[str, Any] = {
        "kernel_shape": operation.window,
        "strides": operation.strides,
        "pads": (top, left, bottom, right),
    }
    x = graph("Transpose", x, perm=(0, 3, 1, 2))
    match operation:
        case Convolution() | DepthwiseConvolution():
            kernel = np.transpose(operation.kernel, (3, 2, 0, 1))
            if isinstance(operation, DepthwiseConvolution):
                channels = operation.kernel.shape[2]
                kernel = np.transpose(operation.kernel, (2, 3, 0, 1)).reshape(-1, 1, *operation.window)
                attributes["group"] = channels
            weights = graph.constant(np.ascontiguousarray(kernel), "kernel"), graph.constant(operation.bias, "bias")
            x = graph("Conv", x, *weights, **attributes)
        case Pooling(reduce="maximum"):
            x = graph("MaxPool", x, **attributes)
        case _:
            x = graph("AveragePool", x, count_include_pad=0, **attributes)
    return graph("Transpose", x, perm=(0, 2, 3, 1))


def _embedding(graph: Graph, operation: Embedding, x: str) -> str:
    """Rows of the table. An id below 0, which would count from the end, becomes one that is an error, too."""
    ids = graph("Cast", x, to="int64")
    ids = graph("Where", graph("Less", ids, 0), len(operation.table), ids)
    return graph("Gather", graph.constant(operation.table, "table"), ids)


def _aligned(graph: Graph, step: Step, xs: list[str]) -> list[str]:
    """The inputs with as many axes as the one that has most, so that rows stay the first axis of each."""
    axes = len(step.output.shape)
    return [
        x
        if len(value.shape) == axes
        else graph("Reshape", x, np.array([0, *(1,) * (axes - len(value.shape)), *value.shape]))
        for x, value in zip(xs, step.inputs, strict=True)
    ]
