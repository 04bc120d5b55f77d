"""``mltrain plot --terminal``: the pictures of a run, drawn as text."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mltrain.commands.plot import read
from mltrain.engine.metrics.base import on_validation
from mltrain.errors import DataError, UsageError
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.answers import ClassAnswers, are_images, class_answers
from mltrain.views.insight.fitted_curve import Curve, curve_of, has_curve
from mltrain.views.insight.learning_curves import LearningCurves, Tracks, learning_curves_of, tracks_of
from mltrain.views.insight.plane import Plane, Points, has_plane, plane_of
from mltrain.views.insight.why_no_picture import unseen
from mltrain.views.terminal.half_blocks import shade
from mltrain.views.terminal.loss_curve import LossCurve, LossLine
from mltrain.views.terminal.plots import FittedCurve, Images, Labelled, Mark, PlaneMap
from mltrain.views.terminal.tables import Confusion
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import STRONG, Lines, Prose, Span, Stack, View, verbatim

_MOST_IMAGES = 8
_MARKS = "xo+*^%&$"
"""The markers of the classes in order; they repeat if there are more classes."""


def run(terminal: Terminal, path: Path | None) -> None:
    """Draw on the terminal, and list the pictures that cannot be drawn."""
    if terminal.json:
        raise UsageError("--terminal draws for people; leave --json out, or leave --terminal out and get files")
    record = read(terminal, path)
    views = list(_of_history(record))
    if not views and not record.members:
        terminal.note("no curve of the loss: it needs a history of two epochs or more, which is not there")
    try:
        views += _of_rows(record)
    except DataError as error:
        terminal.note(f"nothing that needs the rows: {str(error).splitlines()[0]}")
    if lack := unseen(record.model):
        terminal.note(lack)
    if not views:
        raise DataError(f"{record.file}: there is nothing to draw")
    terminal.result(Stack(views), {})


def _of_history(record: SavedRun) -> Iterator[View]:
    if course := learning_curves_of(record):
        yield from _section("how the learning went", *_course(course))
    if tracks := tracks_of(record):
        yield from _section("parameters on their way", *_tracks(tracks))


def _of_rows(record: SavedRun) -> Iterator[View]:
    if has_curve(record.model):
        yield from _section("data and network", _curve(curve_of(record)))
    if has_plane(record.model):
        plane = plane_of(record)
        yield from _section("every point of the plane", _plane(plane))
    if record.model.classes is not None:
        answers = class_answers(record)
        yield from _section("what is taken for what", Confusion(answers.classes, answers.confusion.tolist()))
        if are_images(record.model.row_spec.input_shape) and len(answers.x):
            yield from _section("samples", _images(answers, list(range(min(_MOST_IMAGES, len(answers.x))))))
            if len(answers.mistakes):
                yield from _section("surely wrong", _images(answers, answers.mistakes[:_MOST_IMAGES].tolist()))


def _section(title: str, *views: View) -> Iterator[View]:
    yield Lines([[Span(title, STRONG)]])
    yield from views
    yield verbatim("")


def _course(course: LearningCurves) -> Iterator[View]:
    loss, *metrics = course.measures
    yield LossCurve(loss.training, loss.validation, first_epoch=course.epochs[0])
    for measure in metrics:
        both = {measure.name: measure.training, on_validation(measure.name): measure.validation}
        yield LossLine({name: values for name, values in both.items() if values})
    if loss.best is not None:
        yield Prose([Span(f"best: epoch {course.epochs[loss.best]}")])


def _tracks(tracks: Tracks) -> Iterator[View]:
    yield LossLine(tracks.values)
    if tracks.truth:
        yield Prose([Span("truth: " + ", ".join(f"{label} = {value:g}" for label, value in tracks.truth.items()))])


def _curve(curve: Curve) -> View:
    truth = [] if curve.truth is None else curve.truth.tolist()
    data = list(zip(*(values.tolist() for values in curve.rows), strict=True))
    return FittedCurve((float(curve.x[0]), float(curve.x[-1])), curve.trained.tolist(), truth, data)


def _plane(plane: Plane) -> View:
    classes, field = plane.classes, plane.field
    if not classes:
        low, high = float(field.min()), float(field.max())
        legend, field = "ink: the upper half of the outputs; points: o", (field - low) / ((high - low) or 1)
    else:
        inks = ["blank", "ink"] if len(classes) == 2 else [shade(number) for number in range(len(classes))]
        grounds = ", ".join(
            f"{'blank' if ink == ' ' else ink}: {name}" for ink, name in zip(inks, classes, strict=True)
        )
        legend = f"{grounds}; points: {', '.join(f'{_mark(number)} {name}' for number, name in enumerate(classes))}"
    return PlaneMap(field.tolist(), plane.extent, _marks(plane.trained_on, bool(classes)), legend, len(classes))


def _marks(points: Points, are_classes: bool) -> list[Mark]:
    kinds = points.kind.astype(int) if are_classes else np.ones(len(points.kind), int)
    return [Mark(x, y, _mark(kind)) for (x, y), kind in zip(points.at.tolist(), kinds.tolist(), strict=True)]


def _mark(kind: int) -> str:
    return _MARKS[kind % len(_MARKS)]


def _images(answers: ClassAnswers, rows: Sequence[int]) -> View:
    largest = float(np.max(answers.x[rows])) or 1.0
    shown = []
    for row in rows:
        right = answers.true[row] == answers.predicted[row]
        words = answers.named(row) + ("" if right else f", is {answers.classes[answers.true[row]]}")
        shown.append(Labelled((answers.x[row] / largest).tolist(), words))
    return Images(shown)
