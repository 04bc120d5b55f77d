"""Runs the steps of a model in NumPy, one after another: what every format is compared with in tests."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.operations import Activation, Operation, Slice
from mltrain.export.runtime import numpy_operations
from mltrain.inference.steps import InferenceSteps


def run_steps(steps: InferenceSteps, x: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The outputs ``(rows, ...)`` for rows of the steps' input, bytes or floats."""
    values = {steps.input.name: np.asarray(x, np.float32)}
    for step in steps.steps:
        function, arguments = call(step.operation)
        inputs = [values[value.name] for value in step.inputs]
        values[step.output.name] = getattr(numpy_operations, function)(*inputs, **arguments)
    return values[steps.output.name]


def call(operation: Operation) -> tuple[str, dict[str, Any]]:
    """The function of the runtime that computes an operation, and its arguments besides the inputs."""
    match operation:
        case Activation(function="leaky_relu"):
            return "leaky_relu", {"slope": operation.slope}
        case Activation(function="elu"):
            return "elu", {"alpha": operation.alpha}
        case Activation():
            return operation.function, {}
        case Slice():
            return "slice_row", operation.attributes
        case _:
            return operation.name, {**operation.constants, **operation.attributes}
