"""Two inputs: the plane as each hidden unit sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.inference.model import Model
from mltrain.views.insight.plane import Units, has_plane, units_of
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class UnitMaps(Picture):
    name, title, order = "units", "What each hidden unit sees", 50
    inside = True

    layers: Sequence[Units]

    @classmethod
    def suits(cls, model: Model) -> bool:
        return has_plane(model)

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        layers = units_of(insight.record)
        return cls(layers) if layers else None

    @property
    def caption(self) -> str:
        return "Each square is the same plane, seen by one hidden unit: blue where it is above 0, orange below."

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.plane import units_size

        return units_size(self.layers)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.plane import draw_units

        draw_units(figure, style, self.layers)
