"""The images that the network is wrong about, the surest answers first."""

from dataclasses import dataclass
from typing import Self

from mltrain.views.insight.images import greys
from mltrain.views.insight.rows import SPLITS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._sheet import MOST_ON_SHEET, Sheet
from mltrain.views.pictures._wording import shown_of


@dataclass(frozen=True)
class Mistakes(Sheet):
    name, title, order = "mistakes", "Surely wrong", 110

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        mistakes = insight.answers.mistakes[:MOST_ON_SHEET].tolist()
        shown = mistakes and len(insight.answers.x)
        return cls(insight.answers, mistakes, greys(insight.model)) if shown else None

    @property
    def caption(self) -> str:
        shown = shown_of(len(self.rows), len(self.answers.mistakes), "mistake").capitalize()
        return f"{shown} on {SPLITS[self.answers.split]}, the surest first: what the network says, and what is true."
