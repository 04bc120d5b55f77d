import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.random_normal import RandomNormal
from mltrain.engine.initializers.random_uniform import RandomUniform
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer, Parameter, ShapeError, Trainable, shape_text

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class PeriodicEmbedding(Layer):
    """Makes several numbers of each input: the input itself, and learned sums of cosines of it.

    With them, a network follows a function of one column that rises and falls many times, which dense layers alone
    learn slowly. Of the input x come x and ``cos(2 pi x * frequency + phase) @ kernel + bias``. Every input has its own
    ``frequencies`` and ``phases`` (inputs, frequencies), ``kernel`` (inputs, frequencies, output_dim - 1) and ``bias``
    (inputs, output_dim - 1). Input ``(rows, inputs)``, output ``(rows, inputs * output_dim)``.

    Gorishniy, Rubachev and Babenko 2022, https://arxiv.org/abs/2203.05556; in the form (PBLD) of Holzmueller,
    Grinsztajn and Steinwart 2024, https://arxiv.org/abs/2407.04491
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"frequencies": 4, "output_dim": 3},
        {"frequencies": 3, "output_dim": 2, "stddev": 0.2, "trainable": False},
    )

    output_dim: Annotated[
        int, Meta(ge=2, description="how many numbers each input becomes: itself, and one less sums of cosines")
    ] = 4
    frequencies: Annotated[int, Meta(ge=1, description="cosines of each input")] = 16
    stddev: Annotated[
        float, Meta(gt=0, description="spread of the first frequencies, in waves for each unit of the input")
    ] = 0.5
    trainable: Trainable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ShapeError(
                f"periodic_embedding takes rows of numbers, but its input is {shape_text(input_shape)}; "
                "put flatten before it"
            )
        return (input_shape[0] * self.output_dim,)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        (inputs,), sums, limit = input_shape, self.output_dim - 1, 1 / math.sqrt(self.frequencies)
        return {
            "frequencies": Parameter(
                (inputs, self.frequencies), RandomNormal(stddev=self.stddev), trainable=self.trainable
            ),
            "phases": Parameter(
                (inputs, self.frequencies), RandomUniform(minval=-math.pi, maxval=math.pi), trainable=self.trainable
            ),
            "kernel": Parameter(
                (inputs, self.frequencies, sums), RandomUniform(minval=-limit, maxval=limit), trainable=self.trainable
            ),
            "bias": Parameter((inputs, sums), Zeros(), trainable=self.trainable),
        }

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        (inputs,) = input_shape
        cosines = ArraySpec((inputs * self.frequencies,))
        return {"angles": cosines, "cosines": cosines, "ones": ArraySpec((), fill=1)}

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        (inputs,) = input_shape
        cosines = ArraySpec((inputs * self.frequencies,))
        return {
            "angles": cosines,
            "cosines": cosines,
            "sums": ArraySpec((inputs * (self.output_dim - 1),)),
            "columns": ArraySpec((inputs,)),
            "factors": ArraySpec((inputs, self.frequencies), per_row=False),
        }

    def multiplications(self, input_shape: Shape) -> int:
        return input_shape[0] * self.frequencies * self.output_dim

    # All arrays are computed as (inputs, rows, ...), so that each input's products are one call of the matrix library.

    def forward(self, at: Buffers) -> None:
        kept = at.saved if at.training else at.scratch
        rows, inputs = at.x.shape
        angles, cosines = (kept[name].reshape(inputs, rows, -1) for name in ("angles", "cosines"))
        sums = at.scratch["sums"].reshape(inputs, rows, -1)
        np.multiply(at.parameters["frequencies"], 2 * math.pi, out=at.scratch["factors"])
        np.multiply(at.x.T[:, :, None], at.scratch["factors"][:, None], out=angles)
        np.add(angles, at.parameters["phases"][:, None], out=angles)
        np.cos(angles, out=cosines)
        np.matmul(cosines, at.parameters["kernel"], out=sums)
        y = at.y.reshape(rows, inputs, -1)
        np.copyto(y[:, :, 0], at.x)
        np.add(sums.transpose(1, 0, 2), at.parameters["bias"], out=y[:, :, 1:])

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        x, (inputs, frequencies, _) = xs[0], parameters["kernel"].shape
        # Every input has weights of its own: as kernels of all inputs, these are blocks among zeros.
        number = np.arange(inputs)
        factors = np.zeros((inputs, inputs, frequencies), np.float32)
        factors[number, number] = parameters["frequencies"] * np.float32(2 * math.pi)
        angles = steps.matmul(x, factors.reshape(inputs, -1), parameters["phases"].reshape(-1))
        own = np.zeros((inputs, inputs, self.output_dim), np.float32)
        own[number, number, 0] = 1
        kernel = np.zeros((inputs, frequencies, inputs, self.output_dim), np.float32)
        kernel[number, :, number, 1:] = parameters["kernel"]
        bias = np.zeros((inputs, self.output_dim), np.float32)
        bias[:, 1:] = parameters["bias"]
        both = np.concatenate((own.reshape(inputs, -1), kernel.reshape(inputs * frequencies, -1)))
        return steps.matmul(steps.concatenate([x, steps.activation(angles, "cos")], 0), both, bias.reshape(-1))

    def backward(self, at: Buffers) -> None:
        rows, inputs = at.x.shape
        angles, cosines = (at.saved[name].reshape(inputs, rows, -1) for name in ("angles", "cosines"))
        dy = at.dy.reshape(rows, inputs, -1)
        dsums = at.scratch["sums"].reshape(inputs, rows, -1)
        np.copyto(dsums, dy[:, :, 1:].transpose(1, 0, 2))
        if self.trainable:
            np.matmul(at.saved["ones"], dsums, out=at.gradients["bias"])
            np.matmul(cosines.transpose(0, 2, 1), dsums, out=at.gradients["kernel"])
        # The slope of cos is -sin: the sums' gradients are negated, since they are fewer numbers than the cosines.
        slopes, sines = at.scratch["cosines"].reshape(inputs, rows, -1), angles
        np.negative(dsums, out=dsums)
        np.matmul(dsums, at.parameters["kernel"].transpose(0, 2, 1), out=slopes)
        np.sin(angles, out=sines)
        np.multiply(slopes, sines, out=slopes)
        if self.trainable:
            columns = at.scratch["columns"].reshape(inputs, 1, rows)
            np.copyto(columns, at.x.T[:, None])
            gradient = at.gradients["frequencies"]
            np.matmul(columns, slopes, out=gradient[:, None])
            np.multiply(gradient, 2 * math.pi, out=gradient)
            np.matmul(at.saved["ones"], slopes, out=at.gradients["phases"])
        if at.needs_dx:
            # The factors are those of forward again: scratch memory is shared with other layers.
            np.multiply(at.parameters["frequencies"], 2 * math.pi, out=at.scratch["factors"])
            np.multiply(slopes, at.scratch["factors"][:, None], out=slopes)
            total = at.scratch["columns"].reshape(inputs, rows)
            np.add.reduce(slopes, axis=2, out=total)
            np.add(dy[:, :, 0], total.T, out=at.dx)
