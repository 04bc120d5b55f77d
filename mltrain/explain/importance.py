"""Permutation importance: how much worse a model predicts when the cells of one column are shuffled among the rows.

Breiman 2001, https://doi.org/10.1023/A:1010933404324
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Split
from mltrain.explain.columns import ColumnInputs
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions, score
from mltrain.random_streams import generator

REPEATS = 10

_MOST_PREDICTED = 2_000_000
"""Rows that are predicted in all, at most: of more, some rows are drawn."""

_FEWEST_ROWS = 100

Group = Sequence[ColumnInputs]
"""Columns that are shuffled together, so that what they say stays consistent among them."""


@dataclass(frozen=True)
class Importance:
    """What a model loses when ``columns`` are shuffled.

    ``changes`` has, for ``loss`` and each metric by name, the change from the rows as they are to the shuffled ones,
    ``(repeats,)``. A loss that rises says that the columns are used.
    """

    columns: tuple[str, ...]
    changes: dict[str, npt.NDArray[np.float64]]

    @property
    def name(self) -> str:
        return " + ".join(self.columns)

    def mean(self, measure: str = "loss") -> float:
        return float(self.changes[measure].mean())

    def spread(self, measure: str = "loss") -> float:
        """The standard deviation over the repeats, divided by one less than there are."""
        values = self.changes[measure]
        return float(values.std(ddof=1)) if len(values) > 1 else 0.0


@dataclass(frozen=True)
class Importances:
    """All columns, the most important first, on ``rows`` rows on which the model reaches ``measures``."""

    rows: int
    repeats: int
    measures: dict[str, float]
    columns: list[Importance]


def permutation_importance(
    model: Model, rows: Split, groups: Sequence[Group], *, repeats: int = REPEATS, budget: int = _MOST_PREDICTED
) -> Importances:
    """The importance of each group of columns on ``rows``; the same model and rows give the same numbers.

    All columns of a row's group get the cells of the same other row. ``budget`` is how many rows are predicted in all.
    """
    rows = some_rows(rows, max(_FEWEST_ROWS, budget // max(1, len(groups) * repeats)), model.config.seed)
    metrics = model.config.metrics
    whole = _measures(model, rows)
    rng = generator(model.config.seed, "permutation")
    orders = [rng.permutation(len(rows.x)) for _ in range(repeats)]
    found = []
    for group in groups:
        places = np.concatenate([column.inputs for column in group])
        shuffled = []
        for order in orders:
            x = rows.x.copy()
            x[:, places] = rows.x[order[:, None], places]
            shuffled.append(_measures(model, Split(x, rows.y)))
        names = ["loss", *(metric.type_name() for metric in metrics)]
        changes = {name: np.array([one[name] - whole[name] for one in shuffled]) for name in names}
        found.append(Importance(tuple(column.name for column in group), changes))
    return Importances(len(rows.x), repeats, whole, sorted(found, key=lambda one: -one.mean()))


def some_rows(rows: Split, most: int, seed: int) -> Split:
    """At most so many of the rows, drawn without replacement, in their order."""
    if len(rows.x) <= most:
        return rows
    drawn = np.sort(generator(seed, "permutation").choice(len(rows.x), most, replace=False))
    return Split(rows.x[drawn], rows.y[drawn])


def _measures(model: Model, rows: Split) -> dict[str, float]:
    found = score(Predictions(model, rows), model.config.metrics)
    return {"loss": found.loss, **found.metrics}
