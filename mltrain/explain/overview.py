"""A model's columns at a glance: how important each is, which go together, and how predictions depend on some."""

from collections.abc import Sequence
from dataclasses import dataclass

from mltrain.data.base import Split
from mltrain.explain.association import Pair, correlated_groups, correlated_pairs
from mltrain.explain.caveats import says_nothing, share_outside, shared_credit
from mltrain.explain.columns import columns_of
from mltrain.explain.dependence import Dependence, dependence
from mltrain.explain.importance import REPEATS, Importances, permutation_importance
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions

SHOWN = 4
"""Columns whose dependence is shown: the most important ones."""

QUICK = 100_000
"""Rows that are predicted in all for a page or a picture, which should not take long."""


@dataclass(frozen=True)
class Overview:
    """``warnings`` say in a sentence each where this misleads."""

    importances: Importances
    pairs: list[Pair]
    dependences: list[Dependence]
    warnings: list[str]


def overview(
    model: Model,
    rows: Split,
    seen: Split,
    *,
    together: bool = False,
    named: Sequence[str] = (),
    repeats: int = REPEATS,
    budget: int | None = None,
) -> Overview:
    """Explain a model whose rows have columns by ``rows``, with their targets; ``seen`` are rows that it learned from.

    Dependence is shown of the columns ``named``, or else of the most important ones. ``together`` shuffles correlated
    columns as one. ``budget`` limits the time, see `permutation_importance`.
    """
    columns = columns_of(model)
    by_name = {column.name: column for column in columns}
    pairs = correlated_pairs(seen.x, columns)
    groups = correlated_groups(columns, pairs) if together else [[column] for column in columns]
    limit = {} if budget is None else {"budget": budget}
    importances = permutation_importance(model, rows, groups, repeats=repeats, **limit)
    chosen = named or [name for one in importances.columns for name in one.columns][:SHOWN]
    warnings = (
        says_nothing(Predictions(model, rows), seen),
        shared_credit(pairs, together=together),
        share_outside(columns, rows.x, seen.x),
    )
    return Overview(
        importances,
        pairs,
        [dependence(model, by_name[name], rows.x, seen.x) for name in chosen],
        [warning for warning in warnings if warning is not None],
    )
