"""The pictures that apply to a run, and a sentence for each one that cannot be drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from mltrain.errors import DataError
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.answers import (
    OUT_OF_FOLD,
    ClassAnswers,
    are_images,
    calibration_of,
    class_answers,
    first_weights,
    number_answers,
)
from mltrain.views.insight.fitted_curve import curve_of, has_curve
from mltrain.views.insight.learning_curves import LearningCurves, Tracks, learning_curves_of, tracks_of
from mltrain.views.insight.plane import has_plane, plane_of, units_of
from mltrain.views.insight.why_no_picture import unseen
from mltrain.views.plotting.classes import classes_size, confusion_size, draw_calibration, draw_classes, draw_confusion
from mltrain.views.plotting.fitted_curve import draw_curve
from mltrain.views.plotting.images import (
    MOST_WEIGHTS,
    SHEET_COLUMNS,
    SHEET_ROWS,
    Labelled,
    draw_image,
    draw_sheet,
    draw_weights,
    sheet_size,
    weights_size,
)
from mltrain.views.plotting.learning_curves import draw_learning_curves, draw_tracks, learning_curves_size
from mltrain.views.plotting.plane import draw_plane, draw_units, units_size
from mltrain.views.plotting.predicted_numbers import draw_numbers
from mltrain.views.plotting.style import HEIGHT, WIDTH, Picture
from mltrain.views.plotting.words import all_shortened, lacking
from mltrain.views.terminal.number_format import number, plural

_SQUARE = (WIDTH, HEIGHT * 1.2)
_ON_SHEET = SHEET_COLUMNS * SHEET_ROWS

_MOST_NAMED, _NAME_ROOM, _NAME_SIZE = 6, 3.0, 10.5
"""The largest number of classes in a caption, the largest width of a name in inches, and its font size."""

SPLITS = {
    "train": "the rows that it was trained on",
    "validation": "the validation rows",
    "test": "the test rows",
    OUT_OF_FOLD: "the rows that folds held out",
}
"""The names of the parts of the data in messages."""


@dataclass(frozen=True)
class Gallery:
    """The pictures of a run, and ``lacks``: a sentence about each thing that cannot be drawn."""

    pictures: list[Picture] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)


def gallery_of(record: SavedRun) -> Gallery:
    """All pictures that apply to a run."""
    gallery = Gallery()
    pictures, lacks = gallery.pictures, gallery.lacks
    if course := learning_curves_of(record):
        pictures.append(_course(course))
    elif record.members:
        lacks.append("no curves of loss and metrics: those of several networks are not kept")
    else:
        lacks.append("no curves of loss and metrics: they need a history of two epochs or more, which is not there")
    if tracks := tracks_of(record):
        pictures.append(_tracks(tracks))
    try:
        record.data  # noqa: B018 - loaded once, so that one sentence reports the failure
    except DataError as error:
        lacks.append(f"nothing that needs the rows: {str(error).splitlines()[0]}")
    else:
        pictures.extend(_of_rows(record))
    if strange := lacking(record.model.classes or ()):
        lacks.append(f"no font here has the characters {strange[:20]}; install one that has, such as Noto Sans")
    if lack := unseen(record.model):
        lacks.append(lack)
    if (weights := first_weights(record)) is not None:
        pictures.append(
            Picture(
                "weights",
                "What the first layer looks for",
                f"Weights of {_of(min(len(weights), MOST_WEIGHTS), len(weights), 'unit')} of the first dense layer, as "
                "images. Ink on blue raises a unit's output, ink on orange lowers it.",
                partial(draw_weights, weights=weights),
                weights_size(len(weights)),
            )
        )
    return gallery


def _of_rows(record: SavedRun) -> Iterator[Picture]:
    """The pictures for which the rows are needed."""
    if has_curve(record.model):
        yield _curve(record)
    if has_plane(record.model):
        yield from _plane(record)
    if record.model.classes is None:
        yield _numbers(record)
    else:
        answers = class_answers(record)
        yield from _classes(answers)
        if are_images(record.model.row_spec.input_shape) and len(answers.x):
            yield from _images(answers)


def _course(course: LearningCurves) -> Picture:
    loss = course.measures[0]
    names = _listed([measure.name.replace("_", " ") for measure in course.measures])
    what = "validation loss" if loss.validation else "loss"
    caption = f"{names.capitalize()} over {plural(course.epochs[-1], 'epoch')}. "
    if loss.best is None:
        caption += f"No {what} is a finite number."
    else:
        smallest = number(loss.judged[loss.best])
        caption += f"The smallest {what}, {smallest}, is that of epoch {course.epochs[loss.best]}."
    draw = partial(draw_learning_curves, course=course)
    return Picture("history", "How the learning went", caption, draw, learning_curves_size(course))


def _tracks(tracks: Tracks) -> Picture:
    walks = [f"{label} went from {values[0]:.3g} to {values[-1]:.3g}" for label, values in tracks.values.items()]
    more = f"; {len(walks) - 3} more" if len(walks) > 3 else ""
    dashed = " Dashed: the true values." if tracks.truth else ""
    caption = f"Parameters over {plural(tracks.epochs[-1], 'epoch')}: {'; '.join(walks[:3])}{more}.{dashed}"
    return Picture("parameters", "Parameters on their way", caption, partial(draw_tracks, tracks=tracks))


def _curve(record: SavedRun) -> Picture:
    curve = curve_of(record)
    after = f"after {plural(record.epochs, 'epoch')}" if record.epochs else "the model"
    rows = f"{plural(len(curve.rows[0]), 'row')} (dots)"
    truth = ", the truth behind them (dashed)" if curve.truth is not None else ""
    before = " before and after training" if curve.untrained is not None else ""
    caption = f"{rows}{truth} and what the network says to every x{before}."
    return Picture("curve", "Data and network", caption, partial(draw_curve, curve=curve, after=after))


def _plane(record: SavedRun) -> Iterator[Picture]:
    plane = plane_of(record)
    if plane.classes:
        what = "Where the network says " + _listed(_few(plane.classes), "or")
    else:
        what = "What the network says to every point"
    held = ", hollow ones were held back" if plane.held_back is not None else ""
    true = " Dashed: the true border." if plane.border is not None else ""
    caption = f"{what}. Filled points were trained on{held}.{true}"
    yield Picture("boundary", "Every point of the plane", caption, partial(draw_plane, plane=plane), _SQUARE)
    layers = units_of(record)
    if layers:
        caption = "Each square is the same plane, seen by one hidden unit: blue where it is above 0, orange below."
        size = units_size(layers)
        yield Picture("units", "What each hidden unit sees", caption, partial(draw_units, layers=layers), size)


def _numbers(record: SavedRun) -> Picture:
    answers = number_answers(record)
    off = float(np.abs(answers.predicted - answers.true).mean())
    caption = (
        f"{plural(len(answers.true), 'prediction')} for {SPLITS[answers.split]}, wrong by {number(off, 3)} on average."
    )
    return Picture("residuals", "Predicted and true", caption, partial(draw_numbers, answers=answers))


def _classes(answers: ClassAnswers) -> Iterator[Picture]:
    confusion, rows = answers.confusion, SPLITS[answers.split]
    right, total = int(np.trace(confusion)), int(confusion.sum())
    caption = f"{right:,} of {total:,} are right ({right / total:.1%}), of {rows}: those on the diagonal."
    draw = partial(draw_confusion, classes=answers.classes, confusion=confusion)
    yield Picture("confusion", "What is taken for what", caption, draw, confusion_size(answers.classes))
    caption = (
        f"Precision: of those called so, how many are. Recall: of those that are, how many were called so. On {rows}."
    )
    draw = partial(draw_classes, classes=answers.classes, confusion=confusion)
    yield Picture("classes", "How good each class is", caption, draw, classes_size(answers.classes))
    if answers.are_probabilities:
        calibration = calibration_of(answers)
        caption = (
            f"How often the network was right, by how sure it was, on {rows}. "
            f"On average the two are {calibration.error * 100:.1f} percentage points apart."
        )
        draw_it = partial(draw_calibration, calibration=calibration)
        yield Picture("calibration", "Can its confidence be trusted?", caption, draw_it, (WIDTH, HEIGHT * 1.1))


def _images(answers: ClassAnswers) -> Iterator[Picture]:
    rows = SPLITS[answers.split]
    first = range(min(_ON_SHEET, len(answers.x)))
    caption = f"The first {len(first)} of {rows}, with what the network says; a cross where it is wrong."
    yield _sheet("samples", "Samples and answers", caption, answers, first)
    if len(answers.mistakes):
        shown = answers.mistakes[:_ON_SHEET]
        count = len(answers.mistakes)
        caption = (
            f"{_of(len(shown), count, 'mistake').capitalize()} on {rows}, the surest first: "
            "what the network says, and what is true."
        )
        yield _sheet("mistakes", "Surely wrong", caption, answers, shown.tolist())
    (first_class,) = _few([answers.classes[answers.true[0]]])
    (said,) = _few([answers.named(0)])
    caption = f"The first of {rows}: its class is {first_class}, and the network says {said}."
    yield Picture("image", "One image", caption, partial(draw_image, image=answers.x[0]))


def _sheet(name: str, title: str, caption: str, answers: ClassAnswers, rows: Sequence[int]) -> Picture:
    samples = []
    for row in rows:
        right = bool(answers.true[row] == answers.predicted[row])
        truth = "" if right else f"\nis {answers.classes[answers.true[row]]}"
        samples.append(Labelled(answers.x[row], answers.named(row) + truth, right))
    return Picture(name, title, caption, partial(draw_sheet, samples=samples), sheet_size(samples))


def _few(names: Sequence[str]) -> list[str]:
    """Names in a sentence: the first ones, each cut to a line."""
    shown = all_shortened(names[:_MOST_NAMED], _NAME_ROOM, _NAME_SIZE)
    return shown if len(names) <= _MOST_NAMED else [*shown[:-1], f"{len(names) - _MOST_NAMED + 1} others"]


def _of(shown: int, count: int, noun: str) -> str:
    """``40 of 512 units``, or ``all 3 units``."""
    return f"{shown} of {plural(count, noun)}" if shown < count else f"all {plural(count, noun)}"


def _listed(names: Sequence[str], conjunction: str = "and") -> str:
    """``loss``, ``loss and accuracy``, ``loss, accuracy and recall``."""
    return f" {conjunction} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
