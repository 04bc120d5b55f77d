"""The layer contract. One file here (or in ``activations``) is one layer, complete; see `Layer`."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.regularizers.base import Regularizer
from mltrain.spec import Family, Spec


class Parameter(NamedTuple):
    """An array that training changes: its shape, where its first values come from, and what its size costs.

    One that is not ``trainable`` keeps the values that it has.
    """

    shape: Shape
    initializer: Initializer
    regularizer: Regularizer | None = None
    trainable: bool = True


Trainable = Annotated[bool, Meta(description="whether training changes its parameters; false freezes the layer")]


class ArraySpec(NamedTuple):
    """An array that a layer keeps from one of its calls to the next: the shape of one row, and its first values.

    ``dtype`` None is the network's own.
    """

    row: Shape
    fill: float = 0
    dtype: npt.DTypeLike | None = None


@dataclass(slots=True)
class Buffers:
    """All arrays that one layer works on, planned and allocated by the network. Rows are the first axis.

    ``x`` and ``y`` are what goes in and comes out; ``dx`` and ``dy`` are the gradients of the loss by them. Below the
    first layer with trainable parameters nobody ``needs_dx``, and it is empty. ``gradients`` has an array for each
    trainable parameter: none where a layer is frozen. Outside of training ``saved`` is empty, and ``rng`` None.
    """

    x: Floats
    y: Floats
    parameters: dict[str, Floats]
    saved: dict[str, npt.NDArray[Any]]
    gradients: dict[str, Floats]
    dy: Floats
    dx: Floats
    needs_dx: bool
    rng: Generator | None


class Layer(Spec):
    """A layer's description, and the mathematics that needs nothing else.

    A layer owns no arrays: ``forward`` and ``backward`` write into the buffers that they are handed, and nowhere else.
    The class variables tell the network's planner what it may do with those:

    - ``reshapes``: the output is the input seen with another shape; forward and backward are never called.
    - ``element_wise``: each number is a matter of its own: some columns of ``x`` give these columns of ``y``.
    - ``in_place``: ``y`` may be ``x``, and ``dx`` may be ``dy``; so backward never reads ``x``.
    - ``reads_output``: backward reads ``y``, so the next layer must not overwrite it.
    - ``training_only``: does nothing outside of training, and is left out there.
    """

    family: ClassVar[Family] = Family("layer", __package__, "mltrain.engine.activations")
    reshapes: ClassVar[bool] = False
    element_wise: ClassVar[bool] = False
    in_place: ClassVar[bool] = False
    reads_output: ClassVar[bool] = False
    training_only: ClassVar[bool] = False
    example_input: ClassVar[Shape] = (6,)

    name: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z0-9_]+$", title="a name of letters, digits and '_'")] | None,
        Meta(description="what summaries and model files call it; by default its type, then type_1, type_2"),
    ] = None

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one output row. Raises `ShapeError` when the layer cannot take such an input."""
        return input_shape

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """What the layer learns, by name, in the order in which it lies in the flat vector."""
        return {}

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        """What the layer must remember from forward to backward, by name. There is none outside of training."""
        return {}

    def multiplications(self, input_shape: Shape) -> int:
        """How many multiplications of numbers forward takes for one row, where that is much; 0 where it is little."""
        return 0

    def stages(self) -> "tuple[Layer, ...]":
        """The layers that do the work, in order: a dense layer with an activation is two."""
        return (self,)

    def forward(self, at: Buffers) -> None:
        """Compute ``at.y`` from ``at.x``."""
        raise NotImplementedError

    def backward(self, at: Buffers) -> None:
        """Compute ``at.gradients`` and, if somebody wants it, ``at.dx`` from ``at.dy``.

        Layers without parameters need not ask: below the first layer with trainable ones they are not called.
        """
        raise NotImplementedError


class ShapeError(ValueError):
    """A layer cannot take its input. ``option`` is the layer's field to blame, if any."""

    def __init__(self, message: str, option: str | None = None):
        super().__init__(message)
        self.option = option


def shape_text(shape: Shape) -> str:
    """A shape as messages write it: ``28 x 28``."""
    return " x ".join(map(str, shape)) or "a single number"
