"""The layer contract. One file beside this one (or in ``activations``) is one layer, complete; see `Layer`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import DType, Floats, Shape
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.regularizers.base import Regularizer
from mltrain.random_streams import random_bits
from mltrain.spec import Family, Spec

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Parameter(NamedTuple):
    """An array of a layer that is kept: its shape, where its first values come from, and what its size costs.

    Training changes those that are ``trainable`` by their gradients. Those that are ``updated`` are running statistics:
    they have no gradient, and ``forward`` may write them in training. The others keep their values. Model files,
    checkpoints and frames hold all of them.
    """

    shape: Shape
    initializer: Initializer
    regularizer: Regularizer | None = None
    trainable: bool = True
    updated: bool = False


Trainable = Annotated[bool, Meta(description="whether training changes its parameters; false freezes the layer")]

KernelRegularizer = Annotated[
    Regularizer | None, Meta(description="what large weights add to the loss; by default nothing")
]
BiasRegularizer = Annotated[
    Regularizer | None, Meta(description="what large biases add to the loss; by default nothing")
]
BiasInitializer = Annotated[Initializer, Meta(description="first values of the biases")]


class ArraySpec(NamedTuple):
    """An array that a layer asks for: its shape, for each row or (not ``per_row``) as it is, and its first values.

    ``dtype`` None is the network's own.
    """

    shape: Shape
    per_row: bool = True
    fill: float = 0
    dtype: npt.DTypeLike | None = None


def _alone(array: Floats) -> None:
    """The sum over one process: the array itself."""


class BatchShare(NamedTuple):
    """Which rows of a batch a process has: by default all of them.

    ``first_row`` is that of its rows in the batch, which has ``batch_rows`` (0: as many as the process has).
    ``all_reduce`` makes an array, in place, the sum of those that all processes hand in. It is called in the same order
    in all of them, and takes contiguous arrays of any shape.
    """

    first_row: int = 0
    batch_rows: int = 0
    all_reduce: Callable[[Floats], None] = _alone


WHOLE = BatchShare()
"""All rows of a batch, in one process."""


class Buffers(msgspec.Struct):
    """All arrays that one layer works on, planned and allocated by the network. Rows are the first axis.

    ``x`` and ``y`` are what goes in and comes out; ``dx`` and ``dy`` are the gradients of the loss by them. A layer of
    several inputs finds them in ``xs``, and their gradients in ``dxs``, where None stands for one that is not needed.
    Where no gradient of any input is needed (below the first layer with trainable parameters), ``needs_dx`` is false.
    ``gradients`` has an array for each trainable parameter: none where a layer is frozen.

    ``saved`` arrays keep their values from forward to backward, in training only; ``scratch`` arrays keep none from one
    call to the next. ``rng`` is there in training only.

    Several processes may share the rows of a batch: see ``share``.
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
    xs: tuple[Floats, ...]
    dxs: tuple[Floats | None, ...]
    scratch: dict[str, npt.NDArray[Any]]
    training: bool
    share: BatchShare

    @property
    def batch_rows(self) -> int:
        """The rows of the whole batch, over all processes."""
        return self.share.batch_rows or len(self.y)

    def all_reduce(self, array: Floats) -> None:
        """Make an array the sum of those of all processes, in place."""
        self.share.all_reduce(array)

    def random_bits(self, row: Shape) -> npt.NDArray[np.uint16]:
        """Sixteen random bits for each number of rows of this shape.

        They are drawn for the whole batch, so that what is random does not depend on which process has which rows.
        """
        assert self.rng is not None
        first, rows = self.share.first_row, len(self.y)
        return random_bits(self.rng, (self.batch_rows, *row))[first : first + rows]


class Layer(Spec):
    """A layer's description, and the mathematics that needs nothing else.

    A layer owns no arrays: ``forward`` and ``backward`` write into the buffers that they are handed, and nowhere else.
    The class variables tell the network's planner what it may do with those:

    - ``reshapes``: the output is the input seen with another shape; forward and backward are never called.
    - ``element_wise``: ``y[i]`` depends on ``x[i]`` only: some columns of ``x`` give these columns of ``y``.
    - ``in_place``: ``y`` may be ``x``, and ``dx`` may be ``dy``; so backward never reads ``x``. Of several inputs, this
      is about the first: the gradients of the others are written before its own.
    - ``reads_output``: backward reads ``y``, so the next layer must not overwrite it.
    - ``training_only``: does nothing outside of training, and is left out there.
    - ``takes_integers``: the input may be whole numbers; other layers take floats.
    - ``takes_maximum``: each output is the largest of some numbers of ``x``; the gradient goes to the first of them.
    - ``commutes_with_maximum``: it and such a layer may change places: outputs and gradients are the same to the bit.
    - ``output_dtype``: what the output holds.

    The contract tests run each of the ``examples`` on rows of the shape ``example_input``. A layer of several inputs
    has ``example_inputs`` in its place, and as many of them are used as an example names.
    """

    family: ClassVar[Family] = Family("layer", __package__, "mltrain.engine.activations")
    reshapes: ClassVar[bool] = False
    element_wise: ClassVar[bool] = False
    in_place: ClassVar[bool] = False
    reads_output: ClassVar[bool] = False
    training_only: ClassVar[bool] = False
    takes_integers: ClassVar[bool] = False
    takes_maximum: ClassVar[bool] = False
    commutes_with_maximum: ClassVar[bool] = False
    output_dtype: ClassVar[DType] = "float"
    example_input: ClassVar[Shape] = (6,)
    example_inputs: ClassVar[tuple[Shape, ...]] = ()

    name: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z0-9_]+$", title="a name of letters, digits and '_'")] | None,
        Meta(description="what summaries and model files call it; by default its type, then type_1, type_2"),
    ] = None
    inputs: Annotated[
        Annotated[tuple[Annotated[str, Meta(extra={"may_repeat": True})], ...], Meta(min_length=1)] | None,
        Meta(description="the layers that it reads, by name; input is the dataset's; by default the layer before it"),
    ] = None

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one output row. Raises `ShapeError` when the layer cannot take such an input."""
        return input_shape

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Shape of one output row for all inputs. Raises `ShapeError`, also where there are too many or too few."""
        if len(input_shapes) > 1:
            raise ShapeError(
                f"{self.type_name()} reads one input, not {len(input_shapes)}; merge them with add or concatenate",
                "inputs",
            )
        return self.output_shape(input_shapes[0])

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """What the layer keeps, by name, in the order in which it lies in the flat vector."""
        return {}

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        """Arrays that keep their values from forward to backward, by name. There are none outside of training."""
        return {}

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        """Arrays for intermediate results of one call, in training and outside of it, by name.

        All layers share the memory, so nothing in it is left by the next call, and ``fill`` does not count.
        """
        return {}

    def all_reduce_size(self, input_shape: Shape) -> int:
        """How many numbers the layer adds up over all processes at once, at most; 0 if it never does."""
        return 0

    def pitfall(self, input_shape: Shape) -> str | None:
        """Why its options make the layer useless for such an input, as in "layer NAME keeps 0.3 of 3"; None if not."""
        return None

    def input_problem(self, x: npt.NDArray[Any]) -> str | None:
        """Why the layer cannot take these rows of the dataset, though their shape is right; None if it can."""
        return None

    def multiplications(self, input_shape: Shape) -> int:
        """About how many multiplications forward takes for a row: what makes it worth several processes."""
        return 0

    def stages(self) -> "tuple[Layer, ...]":
        """The layers that do the work, in order: a dense layer with an activation is two."""
        return (self,)

    def with_pooling(self, pooling: "Layer", input_shape: Shape) -> "Layer | None":
        """The layer that does the work of this one and of the ``pooling`` behind it in one step; None: there is none.

        ``input_shape`` is that of this layer. Only the pooling reads its output.
        """
        return None

    @property
    def inner_layers(self) -> "tuple[Layer, ...]":
        """The layers whose output is added to the input, where the layer is such a sum (`residual`); else none."""
        return ()

    def projection(self, input_shape: Shape) -> "Layer | None":
        """The layer that gives the input of a sum the shape of the inner layers' output; None where they are alike."""
        return None

    def forward(self, at: Buffers) -> None:
        """Compute ``at.y`` from ``at.x``."""
        raise NotImplementedError

    def inference(
        self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, npt.NDArray[np.float32]]
    ) -> "Value":
        """Express the layer outside of training in primitive operations, and return its output.

        ``xs`` are the inputs. Export and everything else that runs a network without this engine uses the operations;
        see `mltrain.engine.operations`. Like ``forward``, it leaves the activation to the layer's last stage.
        """
        if self.training_only:
            return xs[0]
        if self.reshapes:
            return steps.reshape(xs[0], self.output_shape(xs[0].shape))
        raise NotImplementedError(f"{self.type_name()} does not say which operations it consists of")

    def backward(self, at: Buffers) -> None:
        """Compute ``at.gradients`` and, where it is needed, ``at.dx`` from ``at.dy``.

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
