"""What a prediction depends on, for some images: occlusion and saliency of the predicted class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mltrain.explain.occlusion import occlusion
from mltrain.explain.saliency import saliency
from mltrain.inference.model import Model
from mltrain.views.insight.answers import judged, said
from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.insight.images import ChosenImage


@dataclass(frozen=True)
class Attribution:
    """An image, the prediction for it as text, and maps ``(height, width)`` of what it depends on.

    ``truth`` is the name of the right class where the prediction is wrong.
    """

    image: ChosenImage
    said: str
    truth: str | None
    occlusion: Numbers
    saliency: Numbers


def attributions_of(model: Model, images: Sequence[ChosenImage]) -> Sequence[Attribution]:
    """The attributions of each image's predicted class."""
    classes, x = model.classes or (), np.stack([image.x for image in images])
    predicted = judged(model, model.predict(x))[0].tolist()
    gradients = saliency(model, x, predicted).astype(np.float64)
    found = []
    for image, one, gradient in zip(images, predicted, gradients, strict=True):
        truth = None if image.true is None or image.true == one else classes[image.true]
        found.append(Attribution(image, said(model, image.x), truth, occlusion(model, image.x, one), gradient))
    return found
