"""Is what a schedule listens to among what an epoch reports?"""

from collections.abc import Sequence

from mltrain.engine.metrics import Metric
from mltrain.engine.optimizers import Optimizer
from mltrain.engine.schedules.reduce_on_plateau import ReduceOnPlateau
from mltrain.errors import Problem


def schedule_problems(optimizer: Optimizer, metrics: Sequence[Metric], *, validation: bool) -> list[Problem]:
    """What is wrong with what the learning rate waits for; ``validation``: rows are held back for it."""
    rate = optimizer.learning_rate
    if not isinstance(rate, ReduceOnPlateau):
        return []
    name = rate.monitor
    reported = ["loss", *(metric.type_name() for metric in metrics)]
    held_back = [f"val_{one}" for one in reported]
    if name in reported or (validation and name in held_back):
        return []
    if name in held_back:
        why = "no rows are held back for validation"
        advice = f"set dataset.validation_split, or monitor '{name.removeprefix('val_')}'"
    else:
        why = f"no epoch reports '{name}'"
        advice = f"there are {', '.join(reported + (held_back if validation else []))}"
    return [Problem(("optimizer", "learning_rate", "monitor"), f"{why}; {advice}")]
