from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.initializers.ones import Ones
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer, Parameter, Trainable
from mltrain.engine.regularizers.base import Regularizer

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class BatchNormalization(Layer):
    """Scales each feature to mean 0 and variance 1, and then by a learned ``gamma``, and moves it by ``beta``.

    Features are the last axis. In training the mean and the variance are those of the batch, over all other axes, and
    ``moving_mean`` and ``moving_variance`` follow them. Outside of training, and with ``trainable: false``, these take
    their place. Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167
    """

    in_place: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {},
        {"momentum": 0.5, "epsilon": 0.01, "beta_initializer": "ones", "gamma_regularizer": "l2"},
        {"center": False, "scale": False},
        {"trainable": False},
    )

    momentum: Annotated[
        float, Meta(ge=0, lt=1, description="how much of the moving mean and variance is kept at each step")
    ] = 0.99
    epsilon: Annotated[float, Meta(gt=0, description="added to the variance, so that nothing is divided by 0")] = 1e-3
    center: Annotated[bool, Meta(description="add a learned beta to each feature")] = True
    scale: Annotated[bool, Meta(description="multiply each feature by a learned gamma")] = True
    beta_initializer: Annotated[Initializer, Meta(description="first values of beta")] = Zeros()
    gamma_initializer: Annotated[Initializer, Meta(description="first values of gamma")] = Ones()
    moving_mean_initializer: Annotated[Initializer, Meta(description="first values of the moving mean")] = Zeros()
    moving_variance_initializer: Annotated[Initializer, Meta(description="first values of the moving variance")] = (
        Ones()
    )
    beta_regularizer: Annotated[
        Regularizer | None, Meta(description="what a large beta adds to the loss; by default nothing")
    ] = None
    gamma_regularizer: Annotated[
        Regularizer | None, Meta(description="what a large gamma adds to the loss; by default nothing")
    ] = None
    trainable: Trainable = True

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        shape = input_shape[-1:]
        learned = {
            "gamma": (self.scale, self.gamma_initializer, self.gamma_regularizer),
            "beta": (self.center, self.beta_initializer, self.beta_regularizer),
        }
        moving = {"moving_mean": self.moving_mean_initializer, "moving_variance": self.moving_variance_initializer}
        return {
            name: Parameter(shape, initializer, regularizer, self.trainable)
            for name, (wanted, initializer, regularizer) in learned.items()
            if wanted
        } | {
            name: Parameter(shape, initializer, trainable=False, updated=self.trainable)
            for name, initializer in moving.items()
        }

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        if not self.trainable:
            return {}
        features = input_shape[-1:]
        return {
            "normalized": ArraySpec(input_shape),
            "factor": ArraySpec(features, per_row=False),
            "ones": ArraySpec(input_shape[:-1], fill=1),
        }

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {
            "products": ArraySpec(input_shape),
            "sums": ArraySpec((2, *input_shape[-1:]), per_row=False),
        }

    def all_reduce_size(self, input_shape: Shape) -> int:
        return 2 * input_shape[-1] if self.trainable else 0

    def multiplications(self, input_shape: Shape) -> int:
        return size(input_shape)

    def forward(self, at: Buffers) -> None:
        if at.training and self.trainable:
            self._normalize(at)
            return
        shift, factor = at.scratch["sums"]
        self._factor(at, at.parameters["moving_variance"], factor)
        np.multiply(at.parameters["moving_mean"], factor, out=shift)
        np.multiply(at.x, factor, out=at.y)
        np.subtract(at.y, shift, out=at.y)
        if self.center:
            np.add(at.y, at.parameters["beta"], out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        factor = parameters.get("gamma", 1) / np.sqrt(parameters["moving_variance"] + np.float32(self.epsilon))
        return steps.affine(xs[0], subtract=parameters["moving_mean"], multiply=factor, add=parameters.get("beta", 0))

    def backward(self, at: Buffers) -> None:
        if not self.trainable:
            _, factor = at.scratch["sums"]
            self._factor(at, at.parameters["moving_variance"], factor)
            np.multiply(at.dy, factor, out=at.dx)
            return
        normalized, products, sums = at.saved["normalized"], at.scratch["products"], at.scratch["sums"]
        np.multiply(at.dy, normalized, out=products)
        self._sum(at, at.dy, sums[0])
        self._sum(at, products, sums[1])
        for name, total in (("beta", sums[0]), ("gamma", sums[1])):
            if name in at.gradients:
                np.copyto(at.gradients[name], total)
        if at.needs_dx:
            # Each x moves the mean and the variance of the whole batch, too.
            at.all_reduce(sums)
            np.multiply(sums, 1 / self._count(at), out=sums)
            np.multiply(normalized, sums[1], out=products)
            np.subtract(at.dy, sums[0], out=at.dx)
            np.subtract(at.dx, products, out=at.dx)
            np.multiply(at.dx, at.saved["factor"], out=at.dx)

    def _normalize(self, at: Buffers) -> None:
        normalized, factor = at.saved["normalized"], at.saved["factor"]
        products, (mean, variance) = at.scratch["products"], at.scratch["sums"]
        self._sum(at, at.x, mean)
        at.all_reduce(mean)
        np.multiply(mean, 1 / self._count(at), out=mean)
        np.subtract(at.x, mean, out=normalized)
        np.multiply(normalized, normalized, out=products)
        self._sum(at, products, variance)
        at.all_reduce(variance)
        np.multiply(variance, 1 / self._count(at), out=variance)
        for name, value in (("moving_mean", mean), ("moving_variance", variance)):
            moving = at.parameters[name]
            np.multiply(moving, self.momentum, out=moving)
            np.add(moving, (1 - self.momentum) * value, out=moving)
        np.add(variance, self.epsilon, out=factor)
        np.sqrt(factor, out=factor)
        np.divide(normalized, factor, out=normalized)
        np.copyto(at.y, normalized)
        if self.scale:
            np.multiply(at.y, at.parameters["gamma"], out=at.y)
        if self.center:
            np.add(at.y, at.parameters["beta"], out=at.y)
        # Backward multiplies by gamma over the standard deviation.
        np.divide(at.parameters["gamma"] if self.scale else 1, factor, out=factor)

    def _factor(self, at: Buffers, variance: Floats, out: Floats) -> None:
        """Write the factor on an input: gamma over the standard deviation."""
        np.add(variance, self.epsilon, out=out)
        np.sqrt(out, out=out)
        np.divide(at.parameters["gamma"] if self.scale else 1, out, out=out)

    def _sum(self, at: Buffers, values: Floats, out: Floats) -> None:
        """Add up each feature over all rows and positions; a product with ones does that in half the time."""
        np.dot(at.saved["ones"].reshape(-1), values.reshape(-1, values.shape[-1]), out=out)

    def _count(self, at: Buffers) -> int:
        """How many numbers of each feature the whole batch has."""
        return at.batch_rows * size(at.x.shape[1:-1])
