"""All pictures, those of a run, and a sentence for each one that cannot be drawn."""

import importlib
import math
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mltrain.data.base import Dataset
from mltrain.errors import DataError
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model
from mltrain.views import pictures
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.insight.sweep_insight import SweepInsight
from mltrain.views.pictures.base import AnyPicture, Picture, Preview, SweepPicture

_NO_PICTURES = ("base", "gallery")


@dataclass(frozen=True)
class Gallery:
    """The pictures of a run or sweep, and ``lacks``: a sentence about each thing that cannot be drawn."""

    pictures: Sequence[AnyPicture]
    lacks: Sequence[str]


@cache
def all_pictures() -> Sequence[type[Picture]]:
    """Every picture of runs, in order."""
    return [kind for kind in _all_kinds() if issubclass(kind, Picture)]


@cache
def sweep_pictures() -> Sequence[type[SweepPicture]]:
    """Every picture of sweeps, in order."""
    return [kind for kind in _all_kinds() if issubclass(kind, SweepPicture)]


def _all_kinds() -> Sequence[type[AnyPicture]]:
    names = (module.name for module in pkgutil.iter_modules(pictures.__path__))
    modules = [
        importlib.import_module(f"{pictures.__name__}.{name}")
        for name in names
        if name not in _NO_PICTURES and not name.startswith("_")
    ]
    found = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, AnyPicture) and value.__module__ == module.__name__
    ]
    return sorted(found, key=lambda picture: picture.order)


def gallery_of(insight: RunInsight, *, as_text: bool = False) -> Gallery:
    """The pictures that apply to a run; with a chosen image, those of that image. ``as_text``: those for terminals."""
    model, chosen = insight.model, insight.chosen is not None
    kinds = [kind for kind in all_pictures() if not as_text or kind.terminal is not Picture.terminal]
    kinds = [kind for kind in kinds if kind.of_one_image or not chosen]
    hidden = [kind for kind in kinds if kind.inside] if isinstance(model, Ensemble) else []
    unreadable = None if chosen else _why_unreadable(insight)
    found, lacks = list[Picture](), list[str]()
    for kind in kinds:
        if kind in hidden or (kind.needs_rows and unreadable):
            continue
        suits = kind.suits(model)
        picture = kind.of(insight) if suits else None
        if picture is not None:
            found.append(picture)
        elif kind.why_lacking is not None and (suits or chosen):
            lacks.append(kind.why_lacking)
    if chosen:
        names = " and ".join(kind.name for kind in hidden)
        more = [f"no {names}: they show the inside of a network, and an ensemble has several" if hidden else None]
    else:
        more = [unreadable, None if as_text else _why_unwritten(model), _why_no_picture_over_inputs(model)]
    return Gallery(found, [*lacks, *(lack for lack in more if lack)])


def gallery_of_sweep(insight: SweepInsight) -> Gallery:
    """The pictures of a sweep."""
    if not insight.sweep.complete:
        return Gallery([], ["no picture: no trial is complete yet"])
    found = [kind.of(insight) for kind in sweep_pictures()]
    return Gallery(
        [one for one in found if isinstance(one, AnyPicture)], [lack for lack in found if isinstance(lack, str)]
    )


def previews_of(model: Model, data: Dataset) -> Sequence[Preview]:
    """What the page of a training shows beside the curves."""
    suiting = (kind.preview(model, data) for kind in all_pictures() if kind.suits(model))
    return [preview for preview in suiting if preview is not None]


def _why_unreadable(insight: RunInsight) -> str | None:
    """A sentence about why the rows are not there; None if they are."""
    try:
        insight.record.data  # noqa: B018 - loaded here, so that one sentence reports the failure
    except DataError as error:
        return f"nothing that needs the rows: {str(error).splitlines()[0]}"
    return None


def _why_unwritten(model: Model) -> str | None:
    """A sentence about names of classes that cannot be written; None if all can."""
    from mltrain.views.plotting.words import lacking

    strange = lacking(model.classes or ())
    return (
        f"no font here has the characters {strange[:20]}; install one that has, such as Noto Sans" if strange else None
    )


def _why_no_picture_over_inputs(model: Model) -> str | None:
    """A sentence about why there is no picture of the model over its inputs; None if there is one."""
    if any(kind.over_inputs and kind.suits(model) for kind in all_pictures()):
        return None
    gives = "a class" if model.classes is not None else f"{math.prod(model.network.output_shape)}"
    width = math.prod(model.network.input_shape)
    takes = f"{width} numbers" if width != 1 else "1 number"
    return (
        f"no picture of the model over its inputs: it takes {takes} and gives {gives}; "
        "a curve takes one and gives one, a boundary takes two, an image has a height and a width"
    )
