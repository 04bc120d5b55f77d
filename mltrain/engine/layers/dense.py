from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.activations.base import Activation
from mltrain.engine.activations.linear import Linear
from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.initializers.glorot_uniform import GlorotUniform
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers.base import (
    ArraySpec,
    BiasInitializer,
    BiasRegularizer,
    Buffers,
    KernelRegularizer,
    Layer,
    Parameter,
    ShapeError,
    Trainable,
    shape_text,
)

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Dense(Layer):
    """Every output is a weighted sum of all inputs plus a bias: ``activation(x @ kernel + bias)``.

    Input ``(rows, inputs)``, output ``(rows, units)``; kernel ``(inputs, units)``, bias ``(units,)``, as in Keras.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"units": 4, "activation": "relu"},
        {"units": 3, "use_bias": False, "kernel_initializer": "he_normal"},
        {"units": 2, "kernel_regularizer": "l2", "bias_regularizer": {"type": "l1", "l1": 0.1}},
    )

    units: Annotated[int, Meta(ge=1, description="number of neurons: the width of the output")]
    activation: Annotated[Activation, Meta(description="activation function of the outputs")] = Linear()
    use_bias: Annotated[bool, Meta(description="add a learned constant to each sum")] = True
    kernel_initializer: Annotated[Initializer, Meta(description="first values of the weights")] = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    trainable: Trainable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ShapeError(
                f"dense takes rows of numbers, but its input is {shape_text(input_shape)}; put flatten before it"
            )
        return (self.units,)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        kernel = Parameter((*input_shape, self.units), self.kernel_initializer, self.kernel_regularizer, self.trainable)
        bias = Parameter((self.units,), self.bias_initializer, self.bias_regularizer, self.trainable)
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"ones": ArraySpec((), fill=1)}

    def multiplications(self, input_shape: Shape) -> int:
        return size(input_shape) * self.units

    def stages(self) -> tuple[Layer, ...]:
        return (self,) if isinstance(self.activation, Linear) else (self, self.activation)

    def forward(self, at: Buffers) -> None:
        self.matmul(at.x, at.parameters["kernel"], at.y)
        if self.use_bias:
            np.add(at.y, at.parameters["bias"], out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.matmul(xs[0], parameters["kernel"], parameters.get("bias"))

    def backward(self, at: Buffers) -> None:
        if self.trainable:
            self.matmul(at.x.T, at.dy, at.gradients["kernel"])
            if self.use_bias:
                # A product with ones sums over the rows in half the time that np.sum takes for a small batch.
                np.dot(at.saved["ones"], at.dy, out=at.gradients["bias"])
        if at.needs_dx:
            np.dot(at.dy, at.parameters["kernel"].T, out=at.dx)

    def matmul(self, a: Floats, b: Floats, out: Floats) -> None:
        """``a @ b``: of the input and the kernel, or for the kernel's gradient."""
        np.dot(a, b, out=out)
