"""Precision and recall of each class."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.inference.model import Model
from mltrain.views.insight.answers import ClassAnswers
from mltrain.views.insight.rows import SPLITS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class ClassScores(Picture):
    name, title, order = "classes", "How good each class is", 80

    answers: ClassAnswers

    @classmethod
    def suits(cls, model: Model) -> bool:
        return model.classes is not None

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        return cls(insight.answers)

    @property
    def caption(self) -> str:
        return (
            "Precision: of those called so, how many are. Recall: of those that are, how many were called so. "
            f"On {SPLITS[self.answers.split]}."
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.classes import classes_size

        return classes_size(self.answers.classes)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.classes import draw_classes

        draw_classes(figure, style, self.answers.classes, self.answers.confusion)
