"""How much each parameter of a sweep counts, by Optuna's evaluator PED-ANOVA, which needs NumPy only.

It compares the values that the best tenth of the trials have with those of all trials, one parameter at a time
(Watanabe, Bansal and Hutter 2023, https://arxiv.org/abs/2304.10255).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mltrain.config.search_space import Parameter
from mltrain.search.storage import distribution_of, import_optuna

FEWEST = 10
"""From fewer trials, importances say nothing."""

BEST_SHARE = 0.1
"""The share of trials that count as the best."""


def parameter_importances(
    parameters: Sequence[Parameter], trials: Sequence[tuple[Mapping[str, Any], float]], *, rises: bool
) -> dict[str, float]:
    """The share of each parameter, the largest first; together they are 1, or all 0 if nothing tells them apart.

    ``trials`` are values and the number to judge by, of complete trials. Raises `DataError` without Optuna.
    """
    optuna = import_optuna("the importance of parameters")
    study = optuna.create_study(direction="maximize" if rises else "minimize")
    # What is the same in all trials says nothing; the evaluator would take the widths of its own estimates for it.
    varied = [one for one in parameters if len({values[one.path] for values, _ in trials}) > 1]
    distributions = {one.path: distribution_of(one) for one in varied}
    for values, value in trials:
        params = {path: values[path] for path in distributions}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=value))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE)
    found = evaluator.evaluate(study)
    total = sum(found.values()) or 1.0
    shares = {one.path: float(found.get(one.path, 0.0)) / total for one in parameters}
    return dict(sorted(shares.items(), key=lambda pair: -pair[1]))
