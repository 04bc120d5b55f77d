"""Partial dependence and individual conditional expectation: the prediction as one column changes and all else stays.

Friedman 2001, https://doi.org/10.1214/aos/1013203451; Goldstein et al. 2015, https://arxiv.org/abs/1309.6392
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.explain.columns import Cell, ColumnInputs
from mltrain.inference.model import Model
from mltrain.inference.tables import target_names

MOST_ROWS = 200
"""Rows whose predictions are followed, at most."""


@dataclass(frozen=True)
class Dependence:
    """The predictions of some rows as their cell in ``column`` takes each of the values ``cells``.

    ``individual`` is ``(rows, cells, outputs)``: the probability of each class, or the numbers that are predicted, in
    the order of ``outputs``. ``mean`` over the rows is the partial dependence, ``(cells, outputs)``. ``are_shares``
    says that the outputs are probabilities.
    """

    column: str
    is_ordered: bool
    cells: list[Cell]
    outputs: tuple[str, ...]
    individual: npt.NDArray[np.float64]
    are_shares: bool = False

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        mean: npt.NDArray[np.float64] = self.individual.mean(axis=0)
        return mean

    @property
    def most_moved(self) -> int:
        """The output that depends on the column the most."""
        return int(np.ptp(self.mean, axis=0).argmax())


def dependence(model: Model, column: ColumnInputs, x: Floats, seen: Floats) -> Dependence:
    """How predictions for the rows ``x`` depend on a column, over the values that it has in the rows ``seen``."""
    x = x[:: max(1, -(-len(x) // MOST_ROWS))]
    cells = column.grid(seen)
    encoded = column.encoded(cells)
    individual = []
    for inputs in encoded:
        changed = x.copy()
        changed[:, column.inputs] = inputs
        individual.append(answers_of(model, changed))
    answers = np.stack(individual, axis=1)
    return Dependence(column.name, column.is_ordered, cells, output_names(model), answers, gives_shares(model))


def gives_shares(model: Model) -> bool:
    """Whether the numbers of `answers_of` are the probabilities of classes."""
    return model.classes is not None and model.gives_probabilities


def output_names(model: Model) -> tuple[str, ...]:
    """What each of the numbers of `answers_of` is: a class, or a target."""
    return model.classes if model.classes is not None else tuple(target_names(model))


def answers_of(model: Model, x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The predictions ``(rows, outputs)``: probabilities of all classes, scores of classes, or numbers."""
    y = model.outputs(x)
    if model.classes is not None:
        if model.gives_probabilities:
            y = model.probabilities(y)
        elif y.shape[-1] == 1:  # one score: that of the second class, and less for the first
            y = np.concatenate([-y, y], axis=-1)
    return y.reshape(len(x), -1).astype(np.float64)
