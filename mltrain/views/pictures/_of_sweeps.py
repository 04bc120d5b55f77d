"""What the pictures of a sweep's trials have in common."""

from dataclasses import dataclass
from typing import Self

from mltrain.views.insight.sweep_insight import Objective, SweepInsight
from mltrain.views.pictures._wording import listed
from mltrain.views.pictures.base import SweepPicture
from mltrain.views.terminal.number_format import plural


@dataclass(frozen=True)
class OfTrials(SweepPicture):
    """A picture of all trials and their values."""

    insight: SweepInsight

    @classmethod
    def of(cls, insight: SweepInsight) -> Self | str:
        return cls(insight)

    @property
    def objective(self) -> Objective:
        return self.insight.objective


def about_marks(insight: SweepInsight) -> str:
    """Sentences about trials that are not complete, and about those that are outside of the axis."""
    counts = [(len(insight.sweep.trials_of(state)), state) for state in ("pruned", "failed")]
    said = listed(
        [
            f"{plural(count, 'trial')} {'was' if count == 1 else 'were'} {state}"
            if state == "pruned"
            else f"{plural(count, 'trial')} failed"
            for count, state in counts
            if count
        ]
    )
    sentences = [f"{said[0].upper()}{said[1:]}."] if said else []
    if count := len(insight.objective.beyond):
        sentences.append(f"{plural(count, 'trial')} {'is' if count == 1 else 'are'} worse than the axis shows.")
    return " ".join(sentences)


def about_names(insight: SweepInsight, most: int) -> str:
    """A sentence about values that are too long to be written out, among the first axes."""
    paths = [one.path for one in insight.axes[:most] if one.numbered]
    return f"Values of {listed(paths)} begin with their numbers in the list that was searched." if paths else ""


def at_most(most: int, insight: SweepInsight) -> str:
    """``all 3 parameters``, or ``the 9 most important of 12 parameters``."""
    count = len(insight.axes)
    if count <= most:
        return {1: "its parameter", 2: "both parameters"}.get(count, f"all {count} parameters")
    which = "most important" if isinstance(insight.importances, dict) else "first"
    return f"the {most} {which} of {count} parameters"
