"""Which columns a model uses: what it loses when each is shuffled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.explain.columns import MOST_PICTURED
from mltrain.explain.importance import Importances
from mltrain.inference.model import Model
from mltrain.views.insight.rows import SPLITS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.number_format import number, plural
from mltrain.views.terminal.views import View
from mltrain.views.terminal.why import BarRow, Bars, signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class ImportancePicture(Picture):
    name, title, order = "importance", "Which columns count", 112
    why_lacking = f"no importance of columns: more than {MOST_PICTURED} take long; mltrain why has the time"

    importances: Importances
    split: str
    warnings: tuple[str, ...] = ()

    @classmethod
    def suits(cls, model: Model) -> bool:
        return model.preprocessing.table is not None

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        found = insight.columns
        return None if found is None else cls(found.importances, insight.explained[0], tuple(found.warnings))

    @property
    def caption(self) -> str:
        found = self.importances
        warnings = "".join(f" Note: {warning}." for warning in self.warnings)
        return (
            f"How much the loss grows when the cells of one column are shuffled among {plural(found.rows, 'row')} "
            f"({SPLITS.get(self.split, self.split)}): the mean and each of {plural(found.repeats, 'time')}. As they "
            f"are, it is {number(found.measures['loss'])}.{warnings}"
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.columns import importance_size

        return importance_size(self.importances)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.columns import draw_importance

        draw_importance(figure, style, self.importances)

    def terminal(self) -> Iterator[View]:
        found = self.importances
        yield Bars(
            ["column", *found.measures],
            [
                BarRow(
                    one.name,
                    one.mean(),
                    [f"{signed(one.mean(name))} ± {_spread(one.spread(name))}" for name in found.measures],
                )
                for one in found.columns
            ],
        )


def _spread(value: float) -> str:
    return number(value, 2) if value else "0"
