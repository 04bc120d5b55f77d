"""The trials of a sweep over their numbers, and the best so far."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mltrain.views.pictures._of_sweeps import OfTrials, about_marks
from mltrain.views.terminal.loss_curve import LossCurve
from mltrain.views.terminal.number_format import number, plural
from mltrain.views.terminal.views import Prose, Span, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class SweepHistory(OfTrials):
    name, title, order = "history", "How the sweep went", 10

    @property
    def caption(self) -> str:
        best = self.insight.sweep.best
        assert best is not None
        assert best.value is not None
        metric = self.objective.metric
        return (
            f"{metric} of {plural(len(self.insight.trials), 'trial')}, and the best of them so far as a line. The best "
            f"one, {number(best.value)}, is that of trial {best.number}. {about_marks(self.insight)}"
        ).rstrip()

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.sweeps import draw_sweep_history

        draw_sweep_history(figure, style, self.insight, self.objective)

    def terminal(self) -> Iterator[View]:
        objective, best = self.objective, self.insight.sweep.best
        begin = next(place for place, value in enumerate(self.insight.course) if math.isfinite(value))
        values = [objective.clipped(place) for place in range(begin, len(objective.values))]
        course = [min(max(value, objective.low), objective.high) for value in self.insight.course[begin:]]
        first = self.insight.trials[begin].number
        if len(course) > 1:
            yield LossCurve(course, values, first_epoch=first, names=("best so far", objective.metric, "trial"))
        if best is not None and best.value is not None:
            yield Prose([Span(f"best: trial {best.number}, {objective.metric} {number(best.value)}")])
