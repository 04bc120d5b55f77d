"""Tracked parameters over the epochs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.inference.model import Model
from mltrain.views.insight.learning_curves import Tracks, tracks_of
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.loss_curve import LossLine
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.views import Prose, Span, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style

_MOST_TOLD = 3


@dataclass(frozen=True)
class Parameters(Picture):
    name, title, order = "parameters", "Parameters on their way", 20
    needs_rows = False

    tracks: Tracks

    @classmethod
    def suits(cls, model: Model) -> bool:
        return bool(model.config.training.track)

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        tracks = tracks_of(insight.record)
        return None if tracks is None else cls(tracks)

    @property
    def caption(self) -> str:
        tracks = self.tracks
        walks = [f"{label} went from {values[0]:.3g} to {values[-1]:.3g}" for label, values in tracks.values.items()]
        more = f"; {len(walks) - _MOST_TOLD} more" if len(walks) > _MOST_TOLD else ""
        dashed = " Dashed: the true values." if tracks.truth else ""
        return f"Parameters over {plural(tracks.epochs[-1], 'epoch')}: {'; '.join(walks[:_MOST_TOLD])}{more}.{dashed}"

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.learning_curves import draw_tracks

        draw_tracks(figure, style, self.tracks)

    def terminal(self) -> Iterator[View]:
        yield LossLine(self.tracks.values)
        if truth := self.tracks.truth:
            yield Prose([Span("truth: " + ", ".join(f"{label} = {value:g}" for label, value in truth.items()))])
