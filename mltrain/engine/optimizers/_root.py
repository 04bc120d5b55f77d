"""The step shared by the optimizers that divide by a root mean square."""

import numpy as np

from mltrain.engine.arrays import Floats


def step_by_root(p: Floats, g: Floats, squares: Floats, scratch: Floats, rate: float, epsilon: float) -> None:
    """``p -= rate * g / sqrt(squares + epsilon)``, in place; ``g`` and ``scratch`` are overwritten."""
    np.add(squares, epsilon, out=scratch)
    np.sqrt(scratch, out=scratch)
    np.divide(g, scratch, out=g)
    np.multiply(g, rate, out=g)
    np.subtract(p, g, out=p)
