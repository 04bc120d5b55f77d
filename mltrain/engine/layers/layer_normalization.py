from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.initializers.ones import Ones
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer, Parameter, ShapeError, Trainable
from mltrain.engine.regularizers.base import Regularizer

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class LayerNormalization(Layer):
    """Gives the numbers of each row mean 0 and variance 1, along the last axis; then scales and shifts each of them.

    ``(x - mean) / sqrt(variance + epsilon) * gamma + beta``. It depends on no other row, so training and prediction are
    the same. Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"center": False, "epsilon": 0.1}, {"scale": False})

    epsilon: Annotated[float, Meta(gt=0, description="added to the variance, so that nothing is divided by 0")] = 1e-3
    center: Annotated[bool, Meta(description="add a learned beta")] = True
    scale: Annotated[bool, Meta(description="multiply with a learned gamma")] = True
    beta_initializer: Annotated[Initializer, Meta(description="first values of beta")] = Zeros()
    gamma_initializer: Annotated[Initializer, Meta(description="first values of gamma")] = Ones()
    beta_regularizer: Annotated[
        Regularizer | None, Meta(description="what large betas add to the loss; by default nothing")
    ] = None
    gamma_regularizer: Annotated[
        Regularizer | None, Meta(description="what large gammas add to the loss; by default nothing")
    ] = None
    trainable: Trainable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        if not input_shape:
            raise ShapeError("layer_normalization takes rows of numbers, but its input is a single number")
        return input_shape

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        shape = input_shape[-1:]
        gamma = (
            {"gamma": Parameter(shape, self.gamma_initializer, self.gamma_regularizer, self.trainable)}
            if self.scale
            else {}
        )
        beta = (
            {"beta": Parameter(shape, self.beta_initializer, self.beta_regularizer, self.trainable)}
            if self.center
            else {}
        )
        return gamma | beta

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {
            "normal": ArraySpec(input_shape),
            "inverse": ArraySpec((*input_shape[:-1], 1)),
            "ones": ArraySpec((size(input_shape[:-1]),), fill=1),
        }

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        sums = ArraySpec((*input_shape[:-1], 1))
        return {"products": ArraySpec(input_shape), "first": sums, "second": sums}

    def multiplications(self, input_shape: Shape) -> int:
        return size(input_shape)

    def forward(self, at: Buffers) -> None:
        mean, products = at.scratch["first"], at.scratch["products"]
        inverse = at.saved["inverse"] if at.training else at.scratch["second"]
        normal = at.saved["normal"] if at.training else at.y
        _mean(at.x, mean)
        np.subtract(at.x, mean, out=normal)
        np.multiply(normal, normal, out=products)
        _mean(products, inverse)
        np.add(inverse, self.epsilon, out=inverse)
        np.sqrt(inverse, out=inverse)
        np.divide(1, inverse, out=inverse)
        np.multiply(normal, inverse, out=normal)
        if self.scale:
            np.multiply(normal, at.parameters["gamma"], out=at.y)
        elif normal is not at.y:
            np.copyto(at.y, normal)
        if self.center:
            np.add(at.y, at.parameters["beta"], out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.layer_normalization(xs[0], parameters.get("gamma"), parameters.get("beta"), self.epsilon)

    def backward(self, at: Buffers) -> None:
        normal, products = at.saved["normal"], at.scratch["products"]
        ones, width = at.saved["ones"].reshape(-1), at.dy.shape[-1]
        if self.trainable and self.center:
            np.dot(ones, at.dy.reshape(-1, width), out=at.gradients["beta"])
        if self.trainable and self.scale:
            np.multiply(at.dy, normal, out=products)
            np.dot(ones, products.reshape(-1, width), out=at.gradients["gamma"])
        if not at.needs_dx:
            return
        # With g = dy * gamma: dx = (g - mean(g) - normal * mean(g * normal)) * inverse.
        mean, mean_product = at.scratch["first"], at.scratch["second"]
        np.multiply(at.dy, at.parameters["gamma"] if self.scale else 1, out=at.dx)
        np.multiply(at.dx, normal, out=products)
        _mean(products, mean_product)
        _mean(at.dx, mean)
        np.multiply(normal, mean_product, out=products)
        np.subtract(at.dx, mean, out=at.dx)
        np.subtract(at.dx, products, out=at.dx)
        np.multiply(at.dx, at.saved["inverse"], out=at.dx)


def _mean(x: Floats, out: Floats) -> None:
    """The mean along the last axis."""
    np.add.reduce(x, axis=-1, keepdims=True, out=out)
    np.multiply(out, 1 / x.shape[-1], out=out)
