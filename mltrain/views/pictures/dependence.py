"""How predictions depend on the most important columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.explain.dependence import Dependence
from mltrain.inference.model import Model
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.views import View
from mltrain.views.terminal.why import Curve, dependence_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class DependencePicture(Picture):
    name, title, order = "dependence", "How predictions depend on a column", 114

    dependences: Sequence[Dependence]

    @classmethod
    def suits(cls, model: Model) -> bool:
        return model.preprocessing.table is not None

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        found = insight.columns
        return None if found is None else cls(found.dependences)

    @property
    def caption(self) -> str:
        rows = len(self.dependences[0].individual)
        return (
            "The prediction as one column changes and all others stay as they are: a thin line for each of "
            f"{plural(rows, 'row')}, their mean thick. Thin lines that are not parallel depend on other columns, too."
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.columns import dependence_size

        return dependence_size(self.dependences)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.columns import draw_dependence

        draw_dependence(figure, style, self.dependences)

    def terminal(self) -> Iterator[View]:
        yield dependence_table(
            [
                Curve(
                    one.column,
                    one.outputs[one.most_moved] if len(one.outputs) > 1 else "",
                    one.is_ordered,
                    one.cells,
                    one.mean[:, one.most_moved].tolist(),
                    one.are_shares,
                )
                for one in self.dependences
            ]
        )
