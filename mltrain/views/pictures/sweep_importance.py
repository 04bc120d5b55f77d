"""Which parameters of a sweep count."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.views.insight.sweep_insight import SweepInsight
from mltrain.views.pictures.base import SweepPicture
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.views import View
from mltrain.views.terminal.why import BarRow, Bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class SweepImportance(SweepPicture):
    name, title, order = "importance", "Which parameters count", 20

    importances: dict[str, float]
    trials: int

    @classmethod
    def of(cls, insight: SweepInsight) -> Self | str:
        found = insight.importances
        return found if isinstance(found, str) else cls(found, len(insight.sweep.complete))

    @property
    def caption(self) -> str:
        return (
            "How much the values of the best tenth of the trials differ from those of all "
            f"{plural(self.trials, 'complete trial')}, one parameter at a time (PED-ANOVA). Parameters with small "
            "shares may be left as they are."
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.sweeps import importance_of_parameters_size

        return importance_of_parameters_size(self.importances)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.sweeps import draw_parameter_importance

        draw_parameter_importance(figure, style, self.importances)

    def terminal(self) -> Iterator[View]:
        rows = [BarRow(path, share, [f"{share:.1%}"]) for path, share in self.importances.items()]
        yield Bars(["parameter", "importance"], rows)
