"""The ``search`` section of a config: what `mltrain sweep` tries, how often, and by which number it judges."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from mltrain.engine.metrics.base import VALIDATION_PREFIX, reported_name
from mltrain.errors import OptionError


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers from ``min`` to ``max``; whole ones for an option that takes whole numbers."""

    min: Annotated[float, Meta(description="the smallest value")]
    max: Annotated[float, Meta(description="the largest value")]
    scale: Annotated[
        Literal["linear", "log"],
        Meta(description="log tries as many values from 0.001 to 0.01 as from 0.01 to 0.1, as learning rates need"),
    ] = "linear"
    step: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="try min, min + step, ... only; not with scale: log")
    ] = None

    def __post_init__(self) -> None:
        if self.min >= self.max:
            raise OptionError(("min",), f"{self.min:g} must be below max, {self.max:g}")
        if self.scale == "log" and self.min <= 0:
            raise OptionError(("min",), f"a log scale has no {self.min:g}: min must be above 0, such as 0.0001")
        if self.scale == "log" and self.step is not None:
            raise OptionError(("step",), "a log scale has no steps; leave out one of the two, or list the values")


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the config that `mltrain sweep` varies, and how it looks for the best values."""

    trials: Annotated[int, Meta(ge=1, description="how many configs to try; a grid ends when all its points are")] = 40
    metric: Annotated[
        str,
        Meta(
            description="the number to judge by: loss or a metric, best on the validation rows, as in val_accuracy; "
            "with folds, it is the mean over the rows that they hold out",
            extra_json_schema={"examples": ["val_loss"]},
        ),
    ]
    sampler: Annotated[
        Literal["tpe", "random", "grid"],
        Meta(
            description="which values to try next: tpe learns from the trials so far (a tree-structured Parzen "
            "estimator), random does not, grid takes all combinations in turn"
        ),
    ] = "tpe"
    prune: Annotated[
        Literal["none", "median", "hyperband"],
        Meta(
            description="end poor trials early: median ends those that are worse at an epoch than half of the others "
            "were there, hyperband gives most of the epochs to those that begin best"
        ),
    ] = "none"
    folds: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        Meta(description="judge each trial by a cross-validation with so many folds"),
    ] = None
    parameters: Annotated[
        dict[str, Range | Annotated[list[Any], Meta(min_length=2, title="a list of two or more values")]],
        Meta(
            min_length=1,
            description="the options to vary, named as for --set, each with a range or a list of values",
            extra_json_schema={"examples": [{"optimizer.learning_rate": {"min": 0.0001, "max": 0.1, "scale": "log"}}]},
        ),
    ]

    @property
    def judged_by(self) -> str:
        """The full name of the number to judge by, as reports and tables have it."""
        name = reported_name(self.metric)
        return name.removeprefix(VALIDATION_PREFIX) if self.folds else name
