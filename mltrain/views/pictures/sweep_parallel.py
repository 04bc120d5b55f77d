"""The trials of a sweep as lines through all parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mltrain.views.pictures._of_sweeps import OfTrials, about_names, at_most
from mltrain.views.terminal.number_format import number
from mltrain.views.terminal.sweep_pictures import AxisOf, TrackRow, Tracks
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class SweepParallel(OfTrials):
    name, title, order = "parallel", "All parameters side by side", 40

    @property
    def caption(self) -> str:
        from mltrain.views.plotting.sweeps import MOST_AXES, MOST_LINES

        which = "trial" if len(self.insight.trials) <= MOST_LINES else f"of the {MOST_LINES} best trials"
        better = "higher" if self.objective.rises else "lower"
        return (
            f"A line for each {which}, through its values of {at_most(MOST_AXES, self.insight)}, to its "
            f"{self.objective.metric} on the right: {better} is better. {about_names(self.insight, MOST_AXES)}"
        ).rstrip()

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.sweeps import parallel_size

        return parallel_size()

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.sweeps import draw_parallel

        draw_parallel(figure, style, self.insight, self.objective)

    def terminal(self) -> Iterator[View]:
        insight = self.insight
        places = insight.sweep.ranked[: len(insight.sweep.complete)]
        axes = [AxisOf(one.path, *one.end_texts) for one in insight.axes]
        rows = [
            TrackRow(
                insight.trials[place].number,
                number(self.objective.values[place]),
                [one.share(one.values[place]) for one in insight.axes],
            )
            for place in places
        ]
        yield Tracks(self.objective.metric, axes, rows)
