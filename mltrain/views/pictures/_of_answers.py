"""The base of pictures of a classifier's answers."""

from dataclasses import dataclass
from typing import Self

from mltrain.inference.model import Model
from mltrain.views.insight.answers import ClassAnswers
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture


@dataclass(frozen=True)
class OfAnswers(Picture):
    """A picture of all answers, for every classifier."""

    answers: ClassAnswers

    @classmethod
    def suits(cls, model: Model) -> bool:
        return model.classes is not None

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        return cls(insight.answers)
