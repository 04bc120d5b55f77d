"""A sweep as plain arrays: its course, the importance of its parameters, and each parameter as an axis."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mltrain.config.search_space import Parameter
from mltrain.errors import DataError
from mltrain.runs.saved_sweep import SavedSweep, SavedTrial
from mltrain.search.importance import FEWEST, parameter_importances
from mltrain.views.insight.learning_curves import spans_a_decade
from mltrain.views.insight.value_names import value_names

_STEPS = 24
"""The most steps of a range in which the best trial is looked for."""

_FENCE = ((0.75, 10.0), (1.0, 2.0))
"""How far an axis goes beyond the median: the larger one of two distances from the median, as a multiple of each.

They are to the better quartile, and to the best trial. Worse trials are at the edge.
"""


@dataclass(frozen=True)
class ParameterAxis:
    """A parameter as an axis. ``values`` has a number a trial; of a list, it is the place in ``names``.

    A trial without a value has NaN. ``low`` and ``high`` are the ends of the range that was searched; it has so many
    ``steps``, where they are few. ``numbered`` names begin with their numbers in the list.
    """

    path: str
    values: Sequence[float]
    names: Sequence[str]
    logarithmic: bool
    low: float
    high: float
    whole: bool
    steps: int = _STEPS
    numbered: bool = False

    @property
    def end_texts(self) -> tuple[str, str]:
        """The ends as texts: numbers, or the first and the last name."""
        if self.names:
            return self.names[0], self.names[-1]
        return f"{self.low:g}", f"{self.high:g}"

    def share(self, value: float) -> float:
        """Where a value lies between the ends, from 0 to 1."""
        low, high, at = (math.log(one) if self.logarithmic else one for one in (self.low, self.high, value))
        return (at - low) / ((high - low) or 1.0)


class Slice(NamedTuple):
    """The best values along a parameter: one for each of its ``names``, or for each step between the ``ends``.

    NaN where there is no trial.
    """

    path: str
    values: Sequence[float]
    names: Sequence[str]
    ends: tuple[str, str]
    rises: bool


@dataclass(frozen=True)
class Objective:
    """The number to judge by as an axis: what of it is shown, so that a few bad trials do not hide the others.

    ``values`` has one a trial, NaN for those that failed. ``beyond`` are the places of trials that are worse than what
    is shown, from ``low`` to ``high``.
    """

    metric: str
    rises: bool
    values: Sequence[float]
    logarithmic: bool
    low: float
    high: float
    beyond: frozenset[int]

    def clipped(self, place: int) -> float:
        """The value of a trial, or the end of the axis that it is beyond."""
        return min(max(self.values[place], self.low), self.high)

    def share(self, place: int) -> float:
        """Where the value of a trial lies on the axis, from 0 to 1."""
        low, high, at = (
            math.log(one) if self.logarithmic else one for one in (self.low, self.high, self.clipped(place))
        )
        return (at - low) / ((high - low) or 1.0)


@dataclass(frozen=True)
class SweepInsight:
    """What pictures show of a sweep; ``trials`` are the finished ones, of which some are complete."""

    sweep: SavedSweep

    @property
    def trials(self) -> Sequence[SavedTrial]:
        return self.sweep.trials

    @cached_property
    def best(self) -> int | None:
        """The place of the best trial."""
        best = self.sweep.best
        return None if best is None else self.trials.index(best)

    @cached_property
    def objective(self) -> Objective:
        """The axis of the values, of a sweep that has complete trials."""
        complete = np.array([value for _, value in self.sweep.complete])
        rises = self.sweep.rises
        logarithmic = not rises and spans_a_decade(complete.tolist())
        values = np.array([np.nan if one.value is None else one.value for one in self.trials])
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = np.log(values) if logarithmic else values
        judged = scaled[np.isin(values, complete)]
        median = np.median(judged)
        distances = [times * abs(np.quantile(judged, at if rises else 1 - at) - median) for at, times in _FENCE]
        reach = max(distances) or math.inf
        beyond = scaled < median - reach if rises else scaled > median + reach
        shown = values[~beyond & np.isfinite(scaled)]
        places = frozenset(np.flatnonzero(beyond).tolist())
        low, high = float(shown.min()), float(shown.max())
        return Objective(self.sweep.metric, rises, values.tolist(), logarithmic, low, high, places)

    @cached_property
    def course(self) -> Sequence[float]:
        """The best value of the complete trials so far, one a trial; NaN before the first one."""
        best, course = math.nan, []
        for one in self.trials:
            if one.state == "complete" and one.value is not None:
                is_better = math.isnan(best) or (one.value > best if self.sweep.rises else one.value < best)
                best = one.value if is_better else best
            course.append(best)
        return course

    @cached_property
    def importances(self) -> dict[str, float] | str:
        """The share of each parameter, the largest first; or a sentence about why they are not known."""
        complete = self.sweep.complete
        whole = [(one.values, value) for one, value in complete if len(one.values) == len(self.sweep.parameters)]
        if len(self.sweep.parameters) < 2:
            return "no importance of parameters: there is one only"
        if len(whole) < FEWEST:
            return f"no importance of parameters: it takes {FEWEST} complete trials, and there are {len(whole)}"
        try:
            return parameter_importances(self.sweep.parameters, whole, rises=self.sweep.rises)
        except DataError as error:
            return f"no importance of parameters: {error}"

    @cached_property
    def axes(self) -> Sequence[ParameterAxis]:
        """The parameters, the most important first where that is known."""
        parameters = {one.path: one for one in self.sweep.parameters}
        order = self.importances if isinstance(self.importances, dict) else self.sweep.search.parameters
        return [self._axis(parameters[path]) for path in order]

    def slices(self) -> Iterator[Slice]:
        """Of each parameter, the best value of the complete trials at each name, or in each step of its range."""
        sign = -1 if self.sweep.rises else 1
        for one in self.axes:
            count = len(one.names) or one.steps
            found = [math.inf] * count
            for trial, at in zip(self.trials, one.values, strict=True):
                if trial.state == "complete" and trial.value is not None and math.isfinite(at):
                    place = int(at) if one.names else min(count - 1, int(one.share(at) * count))
                    found[place] = min(found[place], sign * trial.value)
            values = [sign * value if math.isfinite(value) else math.nan for value in found]
            yield Slice(one.path, values, one.names, one.end_texts, self.sweep.rises)

    def _axis(self, one: Parameter) -> ParameterAxis:
        found = [trial.values.get(one.path) for trial in self.trials]
        if one.range is None:
            places = {text: float(place) for place, text in enumerate(one.texts)}
            values = [math.nan if value is None else places.get(str(value), math.nan) for value in found]
            listed = self.sweep.search.parameters[one.path]
            assert isinstance(listed, list)
            names, numbered = value_names(listed)
            last = len(names) - 1.0
            return ParameterAxis(one.path, values, names, False, 0.0, last, whole=False, numbered=numbered)
        numbers = [math.nan if value is None else float(value) for value in found]
        ends, log = (one.range.min, one.range.max), one.range.scale == "log"
        steps = len(one.grid) if 0 < len(one.grid) <= _STEPS else _STEPS
        return ParameterAxis(one.path, numbers, (), log, *ends, whole=one.whole, steps=steps)
