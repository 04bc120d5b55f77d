"""Predicted and true numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from mltrain.inference.model import Model
from mltrain.views.insight.answers import NumberAnswers, number_answers
from mltrain.views.insight.rows import SPLITS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.number_format import number, plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class Residuals(Picture):
    name, title, order = "residuals", "Predicted and true", 60

    answers: NumberAnswers

    @classmethod
    def suits(cls, model: Model) -> bool:
        return model.classes is None

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        return cls(number_answers(insight.record))

    @property
    def caption(self) -> str:
        answers = self.answers
        off = number(float(np.abs(answers.predicted - answers.true).mean()), 3)
        return f"{plural(len(answers.true), 'prediction')} for {SPLITS[answers.split]}, wrong by {off} on average."

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.predicted_numbers import draw_numbers

        draw_numbers(figure, style, self.answers)
