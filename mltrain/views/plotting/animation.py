"""The animation of a training: the frames of a run as a GIF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from mltrain.errors import DataError
from mltrain.runs.overwriting import MARK
from mltrain.runs.saved_run import SavedRun
from mltrain.system.files import write_whole
from mltrain.views.insight.fitted_curve import Curve, answers, curve_of, has_curve
from mltrain.views.insight.learning_curves import learning_curves_of, tracks_of
from mltrain.views.insight.plane import Plane, field_of, has_plane, plane_of
from mltrain.views.plotting.fitted_curve import draw_answers
from mltrain.views.plotting.learning_curves import draw_measure, draw_track_lines
from mltrain.views.plotting.picture_files import make_folder
from mltrain.views.plotting.plane import draw_square
from mltrain.views.plotting.style import WIDTH, Drawing, Style, drawn
from mltrain.views.terminal.number_format import plural

NAME = "learning.gif"
"""The file of an animation."""

_DOTS_PER_INCH = 100
_HEIGHT = 3.9
_COLOURS = 64
_MILLISECONDS, _LAST = 140, 2500
"""The duration of a frame, and of the last one."""

_FROM_HISTORY = 40
"""The number of frames of an animation that is drawn from the history alone."""

_MAP_SIDE = 100

Painter = Callable[[Axes, Style, int], object]
"""Draws one panel of the frame with that number."""


@dataclass(frozen=True)
class Animation:
    """Panels side by side that change from frame to frame; ``epochs`` has the epoch of each frame."""

    title: str
    caption: str
    epochs: Sequence[int]
    painters: Sequence[Painter]

    def picture(self, frame: int) -> Drawing:
        """One frame."""
        last = self.epochs[-1]
        title = f"{self.title}: epoch {self.epochs[frame]:>{len(str(last))}} of {last}"
        return Drawing("learning", title, self.caption, partial(self._draw, frame=frame), (WIDTH, _HEIGHT))

    def _draw(self, figure: Figure, style: Style, frame: int) -> None:
        for axes, paint in zip(figure.subplots(1, len(self.painters), squeeze=False)[0], self.painters, strict=True):
            paint(axes, style, frame)


def animation_of(record: SavedRun) -> Animation:
    """The animation of a run: the fitted curve or the boundary, beside tracked parameters or the loss.

    Raises `DataError` if the run has too few frames, or a kind of model that has no animation.
    """
    model, frames = record.model, record.frames_to_the_end
    is_drawable = has_curve(model) or has_plane(model)
    tracks = tracks_of(record)
    if is_drawable and len(frames.epochs) > 1:
        model_panel = _curve(record) if has_curve(model) else _plane(record)
        history_panel = _tracks(record, frames.epochs) if tracks else _loss(record, frames.epochs)
        caption = f"{plural(len(frames.epochs), 'moment')} of a training, closer together at the beginning."
        painters = [model_panel, history_panel] if history_panel else [model_panel]
        return Animation(str(model.config.name), caption, frames.epochs, painters)
    if tracks:
        spread = np.linspace(0, len(tracks.epochs) - 1, min(_FROM_HISTORY, len(tracks.epochs))).round().astype(int)
        epochs = [tracks.epochs[place] for place in spread]
        paint = _tracks(record, epochs)
        assert paint is not None
        return Animation(str(model.config.name), "Tracked parameters on their way.", epochs, [paint])
    if is_drawable:
        raise DataError(
            f"{record.file}: the run kept no moments of its training; train with: mltrain fit CONFIG --frames 40"
        )
    raise DataError(
        f"{record.file}: nothing here moves: that takes one input and one output, two inputs, or tracked parameters"
    )


def save_animation(animation: Animation, style: Style, folder: Path) -> Path:
    """Write the GIF to ``folder``, creating it; returns the path. Raises `StorageError`."""
    path = folder / NAME
    with style.applied():
        images = [_image(animation.picture(frame), style) for frame in range(len(animation.epochs))]
    # One palette for all frames prevents flicker of static parts; these three frames together have every colour.
    palette = _palette([images[place] for place in (0, len(images) // 2, -1)], style)
    first, *others = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    durations = [*[_MILLISECONDS] * len(others), _LAST]

    def write(file: BinaryIO) -> None:
        first.save(
            file, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=True, comment=MARK
        )

    make_folder(folder)
    write_whole(path, write)
    return path


def _palette(images: Sequence[Image.Image], style: Style) -> Image.Image:
    """The most frequent colours of ``images``, and the exact colours of the style, so that small dots keep theirs."""
    exact = [channel for colour in style.names() for channel in bytes.fromhex(colour.removeprefix("#"))]
    found = Image.fromarray(np.concatenate([np.asarray(image) for image in images])).quantize(
        _COLOURS - len(exact) // 3
    )
    palette = Image.new("P", (1, 1))
    palette.putpalette([*exact, *(found.getpalette() or [])])
    return palette


def _image(picture: Drawing, style: Style) -> Image.Image:
    figure = drawn(picture, style)
    figure.set_dpi(_DOTS_PER_INCH)
    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()  # type: ignore[no-untyped-call]
    pixels = figure.canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    return Image.fromarray(np.asarray(pixels)).convert("RGB")


def _curve(record: SavedRun) -> Painter:
    curve: Curve = curve_of(record)
    predictions = [
        answers(record.model, record.network_with(vector), curve.x) for vector in record.frames_to_the_end.vectors
    ]
    everything = np.concatenate([curve.rows[1], *predictions])
    low, high = float(everything.min()), float(everything.max())
    margin = 0.05 * (high - low or 1)

    def paint(axes: Axes, style: Style, frame: int) -> None:
        draw_answers(axes, style, curve, predictions[frame])
        axes.set(
            xlabel="x", title="data, truth (dashed) and network" if curve.truth is not None else "data and network"
        )
        axes.set_ylim(low - margin, high + margin)

    return paint


def _plane(record: SavedRun) -> Painter:
    plane: Plane = plane_of(record)
    fields = [
        field_of(record.model, record.network_with(vector), plane.extent, _MAP_SIDE)
        for vector in record.frames_to_the_end.vectors
    ]

    def paint(axes: Axes, style: Style, frame: int) -> None:
        draw_square(axes, style, replace(plane, field=fields[frame], held_back=None))
        axes.set_title("every point of the plane")

    return paint


def _tracks(record: SavedRun, epochs: Sequence[int]) -> Painter | None:
    tracks = tracks_of(record)
    if tracks is None:
        return None

    def paint(axes: Axes, style: Style, frame: int) -> None:
        draw_track_lines(axes, style, tracks, until=epochs[frame])

    return paint


def _loss(record: SavedRun, epochs: Sequence[int]) -> Painter | None:
    course = learning_curves_of(record)
    if course is None:
        return None

    def paint(axes: Axes, style: Style, frame: int) -> None:
        draw_measure(axes, style, course, course.measures[0], until=epochs[frame])

    return paint
