"""How often the network is right, by how sure it is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.explain.calibration import Calibration
from mltrain.inference.model import Model
from mltrain.views.insight.rows import SPLITS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class CalibrationPicture(Picture):
    name, title, order = "calibration", "Can its confidence be trusted?", 90

    calibration: Calibration
    split: str

    @classmethod
    def suits(cls, model: Model) -> bool:
        return model.classes is not None and model.gives_probabilities

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        return cls(insight.answers.calibration, insight.answers.split)

    @property
    def caption(self) -> str:
        return (
            f"How often the network was right, by how sure it was, on {SPLITS.get(self.split, self.split)}. "
            f"On average the two are {self.calibration.error * 100:.1f} percentage points apart."
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.style import HEIGHT, WIDTH

        return WIDTH, HEIGHT * 1.1

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.classes import draw_calibration

        draw_calibration(figure, style, self.calibration)
