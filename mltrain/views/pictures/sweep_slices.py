"""The value of each trial over each parameter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mltrain.views.pictures._of_sweeps import OfTrials, about_marks, about_names, at_most
from mltrain.views.terminal.sweep_pictures import SliceRow, slices_table
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class SweepSlices(OfTrials):
    name, title, order = "slices", "Each parameter by itself", 30

    @property
    def caption(self) -> str:
        from mltrain.views.plotting.sweeps import MOST_PANELS

        which = at_most(MOST_PANELS, self.insight)
        shown = f"{self.objective.metric} of each trial over {which}, later trials in a stronger colour."
        sentences = [shown, about_marks(self.insight), about_names(self.insight, MOST_PANELS)]
        return " ".join(filter(None, sentences))

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.sweeps import slices_size

        return slices_size(self.insight.axes)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.sweeps import draw_slices

        draw_slices(figure, style, self.insight, self.objective)

    def terminal(self) -> Iterator[View]:
        yield slices_table([SliceRow(*one) for one in self.insight.slices()])
