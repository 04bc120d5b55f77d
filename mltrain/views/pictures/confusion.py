"""The confusion matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mltrain.views.insight.rows import SPLITS
from mltrain.views.pictures._of_answers import OfAnswers
from mltrain.views.terminal.tables import Confusion
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class ConfusionMatrix(OfAnswers):
    name, title, order = "confusion", "What is taken for what", 70

    @property
    def caption(self) -> str:
        confusion = self.answers.confusion
        right, total = int(np.trace(confusion)), int(confusion.sum())
        rows = SPLITS[self.answers.split]
        return f"{right:,} of {total:,} are right ({right / total:.1%}), of {rows}: those on the diagonal."

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.classes import confusion_size

        return confusion_size(self.answers.classes)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.classes import draw_confusion

        draw_confusion(figure, style, self.answers.classes, self.answers.confusion)

    def terminal(self) -> Iterator[View]:
        yield Confusion(self.answers.classes, self.answers.confusion.tolist())
