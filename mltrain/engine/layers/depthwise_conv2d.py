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
from mltrain.engine.layers._windows import ConvolutionPadding, Lengths, Windows, image_shape, pair
from mltrain.engine.layers.base import (
    ArraySpec,
    BiasInitializer,
    BiasRegularizer,
    Buffers,
    KernelRegularizer,
    Layer,
    Parameter,
    Trainable,
)

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class DepthwiseConv2d(Layer):
    """Convolves each channel of an image with kernels of its own; channels are not mixed.

    Input ``(rows, height, width, channels)``, or ``(rows, height, width)`` for grey images; output ``(rows, height,
    width, channels * depth_multiplier)``; kernel ``(height, width, channels, depth_multiplier)``, as in Keras. With
    conv2d of ``kernel_size`` 1 behind it, it is a separable convolution (Chollet 2017, https://arxiv.org/abs/1610.02357).
    """

    example_input: ClassVar[Shape] = (6, 5, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kernel_size": 3, "activation": "relu"},
        {"kernel_size": [3, 2], "strides": 2, "padding": "same", "depth_multiplier": 2, "use_bias": False},
    )

    kernel_size: Annotated[Lengths, Meta(description="height and width of a window, or one number for both")]
    strides: Annotated[Lengths, Meta(description="distance from one window to the next, down and across")] = 1
    padding: ConvolutionPadding = "valid"
    depth_multiplier: Annotated[int, Meta(ge=1, description="kernels for each channel of the input")] = 1
    activation: Annotated[Activation, Meta(description="activation function of the outputs")] = Linear()
    use_bias: Annotated[bool, Meta(description="add a learned constant to each channel of the output")] = True
    depthwise_initializer: Annotated[Initializer, Meta(description="first values of the kernels")] = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    depthwise_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    trainable: Trainable = True

    def windows(self, input_shape: Shape) -> Windows:
        """How windows lie over the input. Raises `ShapeError` where it cannot be taken."""
        image = image_shape("depthwise_conv2d", input_shape)
        return Windows(image, pair(self.kernel_size), pair(self.strides), self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        windows.check("depthwise_conv2d", "kernel_size")
        return (*windows.output, windows.image[2] * self.depth_multiplier)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        channels = image_shape("depthwise_conv2d", input_shape)[2]
        shape = (*pair(self.kernel_size), channels, self.depth_multiplier)
        kernel = Parameter(shape, self.depthwise_initializer, self.depthwise_regularizer, self.trainable)
        outputs = (channels * self.depth_multiplier,)
        bias = Parameter(outputs, self.bias_initializer, self.bias_regularizer, self.trainable)
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"ones": ArraySpec((size(self.windows(input_shape).output),), fill=1)}

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        windows = self.windows(input_shape)
        return {"products": ArraySpec((*windows.output, windows.image[2], self.depth_multiplier))}

    def multiplications(self, input_shape: Shape) -> int:
        return size(self.output_shape(input_shape)) * size(pair(self.kernel_size))

    def stages(self) -> tuple[Layer, ...]:
        return (self,) if isinstance(self.activation, Linear) else (self, self.activation)

    def forward(self, at: Buffers) -> None:
        windows, kernel = self.windows(at.x.shape[1:]), at.parameters["kernel"]
        x, y = at.x.reshape(-1, *windows.image, 1), at.y.reshape(at.scratch["products"].shape)
        y[...] = 0
        for tap, ((down, across), (rows, columns)) in zip(np.ndindex(*windows.size), windows.taps(), strict=True):
            sums, products = y[:, down, across], at.scratch["products"][:, down, across]
            np.multiply(x[:, rows, columns], kernel[tap], out=products)
            np.add(sums, products, out=sums)
        if self.use_bias:
            np.add(at.y, at.parameters["bias"], out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        windows = self.windows(xs[0].shape)
        image = steps.reshape(xs[0], windows.image)
        bias = parameters.get("bias")
        return steps.depthwise_convolution(image, parameters["kernel"], bias, windows.strides, windows.pads)

    def backward(self, at: Buffers) -> None:
        windows, kernel, products = self.windows(at.x.shape[1:]), at.parameters["kernel"], at.scratch["products"]
        x, dy = at.x.reshape(-1, *windows.image, 1), at.dy.reshape(products.shape)
        ones, channels = at.saved["ones"].reshape(-1), windows.image[2]
        if self.trainable and self.use_bias:
            np.dot(ones, dy.reshape(len(ones), -1), out=at.gradients["bias"])
        if at.needs_dx:
            dx = at.dx.reshape(x.shape[:-1])
            dx[...] = 0
        for tap, ((down, across), (rows, columns)) in zip(np.ndindex(*windows.size), windows.taps(), strict=True):
            if self.trainable:
                products[...] = 0  # windows that have padding here add nothing
                np.multiply(x[:, rows, columns], dy[:, down, across], out=products[:, down, across])
                sums = np.dot(ones, products.reshape(len(ones), -1))
                at.gradients["kernel"][tap] = sums.reshape(channels, self.depth_multiplier)
            if at.needs_dx:
                slopes, image = products[:, down, across], dx[:, rows, columns]
                np.multiply(dy[:, down, across], kernel[tap], out=slopes)
                for multiple in range(self.depth_multiplier):
                    np.add(image, slopes[..., multiple], out=image)
