"""Precision and recall of each class."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mltrain.views.insight.rows import SPLITS
from mltrain.views.pictures._of_answers import OfAnswers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class ClassScores(OfAnswers):
    name, title, order = "classes", "How good each class is", 80

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
