from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.initializers.random_uniform import RandomUniform
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer, Parameter, Trainable
from mltrain.engine.regularizers.base import Regularizer
from mltrain.errors import DataError

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Embedding(Layer):
    """A learned vector for each id of a word, a product, a user ...: whole numbers in, rows of ``embeddings`` out.

    Input ``(rows, ...)``, ids from 0 to ``input_dim - 1``; output ``(rows, ..., output_dim)``. Floats that are whole
    numbers are ids, too.
    """

    takes_integers: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"input_dim": 5, "output_dim": 3},
        {"input_dim": 5, "output_dim": 2, "embeddings_initializer": "ones", "embeddings_regularizer": "l2"},
        {"input_dim": 7, "output_dim": 2, "trainable": False},
    )

    input_dim: Annotated[int, Meta(ge=1, description="how many ids there are: one more than the largest")]
    output_dim: Annotated[int, Meta(ge=1, description="length of the vector of each id")]
    embeddings_initializer: Annotated[Initializer, Meta(description="first values of the vectors")] = RandomUniform()
    embeddings_regularizer: Annotated[
        Regularizer | None, Meta(description="what large vectors add to the loss; by default nothing")
    ] = None
    trainable: Trainable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.output_dim)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        shape = (self.input_dim, self.output_dim)
        return {
            "embeddings": Parameter(shape, self.embeddings_initializer, self.embeddings_regularizer, self.trainable)
        }

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"ids": ArraySpec(input_shape, dtype=np.intp), "slopes": ArraySpec(self.output_shape(input_shape))}

    def input_problem(self, x: npt.NDArray[Any]) -> str | None:
        if not x.size:
            return None
        lowest, highest = x.min(), x.max()
        if x.dtype.kind == "f" and not (x == np.floor(x)).all():
            wrong = x[x != np.floor(x)][0]
            return f"embedding takes ids, which are whole numbers, but there is {wrong:g}"
        if lowest < 0 or highest >= self.input_dim:
            wrong = lowest if lowest < 0 else highest
            return f"embedding has the ids 0 to {self.input_dim - 1}, but there is {wrong:g}; raise input_dim"
        return None

    def forward(self, at: Buffers) -> None:
        if (problem := self.input_problem(at.x)) is not None:
            raise DataError(problem)
        np.copyto(at.scratch["ids"], at.x, casting="unsafe")
        np.take(at.parameters["embeddings"], at.scratch["ids"], axis=0, out=at.y, mode="clip")

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.embedding(xs[0], parameters["embeddings"])

    def backward(self, at: Buffers) -> None:
        if self.trainable:
            np.copyto(at.scratch["ids"], at.x, casting="unsafe")
            ids, slopes = at.scratch["ids"].reshape(-1), at.scratch["slopes"].reshape(-1, self.output_dim)
            order = np.argsort(ids, kind="stable")
            found, starts = np.unique(ids[order], return_index=True)
            gradient = at.gradients["embeddings"]
            gradient[...] = 0
            np.take(at.dy.reshape(slopes.shape), order, axis=0, out=slopes, mode="clip")
            gradient[found] = np.add.reduceat(slopes, starts, axis=0)
        if at.needs_dx:
            at.dx[...] = 0  # an id has no neighbours, and so no slope
