"""The contract of losses. Each file is one loss, with value and gradient together; see `Loss`."""

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import true_classes
from mltrain.spec import Family, Spec

TargetKind = Literal["numbers", "labels", "one_hot", "binary"]
"""The form of the targets of a loss.

numbers: floats ``(rows, outputs)``. labels: class numbers, int32 ``(rows,)``. one_hot: floats ``(rows, classes)``, each
row adding up to 1. binary: 0 or 1, floats ``(rows, outputs)``.
"""


class Loss(Spec):
    """A loss's description and its formula.

    ``fused_activation`` names the activation that must come last; the loss computes this activation, too. From the
    activation's input ``z`` it computes the output ``y`` and the loss together, which is exact where separate formulas
    overflow. For other losses, ``z`` and ``y`` are the same array.

    ``threshold`` is the output above which a single-output classifier says 1.
    """

    family: ClassVar[Family] = Family("loss", __package__)
    fused_activation: ClassVar[str | None] = None
    targets: ClassVar[TargetKind] = "numbers"
    threshold: ClassVar[float] = 0.5

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        """Losses of one batch, ``(rows, outputs)`` or ``(rows,)``; writes the derivative of each by ``z`` into ``dz``.

        ``y`` is the output ``(rows, outputs)``, written where the loss has a fused activation; ``z`` and ``dz``
        have its shape.
        """
        raise NotImplementedError

    def mean(
        self,
        z: Floats,
        y: Floats,
        target: npt.NDArray[Any],
        dz: Floats,
        class_weights: Floats | None = None,
        batch_rows: int = 0,
    ) -> float:
        """The mean of all elements, and its gradient by ``z`` in ``dz``.

        Outputs may have more axes, ``(rows, ..., outputs)``, as targets then do: the mean is that over all positions.
        ``class_weights``, ``(classes,)``, multiply the losses of the rows of each class; the sum is divided by the
        number of rows, as in Keras. Where these are only some rows of a batch, ``batch_rows`` counts all of them, and
        the result is the contribution of these rows to the mean of all.
        """
        rows = len(z)
        if z.ndim > 2:  # the formula treats each position of a row as a row
            target = target.reshape(-1, *target.shape[z.ndim - 1 :])
            z, y, dz = (array.reshape(-1, array.shape[-1]) for array in (z, y, dz))
        losses = self.per_element(z, y, target, dz)
        if class_weights is not None:
            row_weights = class_weights[true_classes(target)]
            np.multiply(dz, row_weights[:, None], out=dz)
            losses = np.multiply(losses, row_weights[:, None] if losses.ndim > 1 else row_weights)
        count = losses.size // rows * batch_rows if batch_rows else losses.size
        np.multiply(dz, 1 / count, out=dz)
        return float(np.add.reduce(losses, axis=None)) / count
