"""Is the number that somebody waits for among those that epochs report?"""

from collections.abc import Sequence

from mltrain.engine.metrics.base import VALIDATION_PREFIX, Metric, reported_name
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.reduce_on_plateau import ReduceOnPlateau
from mltrain.errors import Problem


def schedule_problems(optimizer: Optimizer, metrics: Sequence[Metric], *, validation: bool) -> list[Problem]:
    """What is wrong with what the learning rate waits for; ``validation``: rows are held back for it."""
    rate = optimizer.learning_rate
    if not isinstance(rate, ReduceOnPlateau):
        return []
    missing = why_missing(reported_name(rate.monitor), metrics, validation=validation)
    return [Problem(("optimizer", "learning_rate", "monitor"), missing)] if missing else []


def why_missing(name: str, metrics: Sequence[Metric], *, validation: bool) -> str | None:
    """Why no epoch will report a number, and what to do; None if they will."""
    reported = ["loss", *(metric.type_name() for metric in metrics)]
    held_back = [VALIDATION_PREFIX + one for one in reported]
    there = [*reported, *held_back] if validation else reported
    if name in there:
        return None
    own = name.removeprefix(VALIDATION_PREFIX)
    if name in held_back:
        return (
            f"there is no '{name}', because no rows are held back for validation; "
            f"set dataset.validation_split, or watch '{own}'"
        )
    if Metric.family.find(own) is not None:
        return f"epochs do not report '{name}'; add {own} to metrics, or watch one of {', '.join(there)}"
    return f"there is no '{name}' to watch; there are {', '.join(there)}"
