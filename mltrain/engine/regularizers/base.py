"""What large parameters cost. One file is one regularizer, value and gradient together; see `Regularizer`."""

from typing import Annotated, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.spec import Family, Spec

Strength = Annotated[float, Meta(ge=0)]


class Regularizer(Spec):
    """A regularizer's description and its formula."""

    family: ClassVar[Family] = Family("regularizer", __package__)

    def penalty(self, p: Floats, slope: Floats, scratch: Floats) -> float:
        """What a stretch ``p`` of a parameter adds to the loss; writes the derivative by each number into ``slope``.

        All three are vectors of the same length; ``scratch`` is memory for intermediate results.
        """
        raise NotImplementedError
