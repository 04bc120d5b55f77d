"""The reasons why some models have no picture of their outputs over their inputs."""

import math

from mltrain.inference.model import Model
from mltrain.views.insight.answers import are_images
from mltrain.views.insight.fitted_curve import has_curve
from mltrain.views.insight.plane import has_plane


def unseen(model: Model) -> str | None:
    """A sentence about why there is no picture of the model over its inputs; None if there is one."""
    shape = model.network.input_shape
    if has_curve(model) or has_plane(model) or are_images(shape):
        return None
    gives = "a class" if model.classes is not None else f"{math.prod(model.network.output_shape)}"
    width = math.prod(shape)
    takes = f"{width} numbers" if width != 1 else "1 number"
    return (
        f"no picture of the model over its inputs: it takes {takes} and gives {gives}; "
        "a curve takes one and gives one, a boundary takes two, an image has a height and a width"
    )
