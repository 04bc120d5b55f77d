"""Occlusion: how much the score of a class falls when a part of the image is covered.

Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.inference.model import Model

_PATCHES, _STEPS = 5, 3
"""How many patches are as long as the image, and how many steps are as long as a patch."""

_BYTES = 1 << 26
"""Bytes of covered images at a time."""


def occlusion(model: Model, image: npt.NDArray[Any], of_class: int) -> npt.NDArray[np.float64]:
    """How much lower the class's score is where a pixel is covered, ``(height, width)``: above 0, it speaks for it.

    ``image`` is as the dataset gives it. A patch of a fifth of the image's sides moves over it, and covers the pixels
    with the median colour of the image. A pixel has the mean over all patches that cover it. The score is the
    probability of the class, or its output where there are no probabilities.
    """
    places = [(row, column) for row in patches(image.shape[0]) for column in patches(image.shape[1])]
    colour = np.median(image, axis=(0, 1)).astype(image.dtype)
    whole = class_scores(model, image[None], of_class)[0]
    falls, counts = np.zeros(image.shape[:2]), np.zeros(image.shape[:2])
    most = max(1, _BYTES // image.nbytes)
    for first in range(0, len(places), most):
        some = places[first : first + most]
        covered = np.repeat(image[None], len(some), axis=0)
        for copy, place in zip(covered, some, strict=True):
            copy[place] = colour
        for score, place in zip(class_scores(model, covered, of_class), some, strict=True):
            falls[place] += whole - score
            counts[place] += 1
    return falls / counts


def patches(length: int) -> Sequence[slice]:
    """Where patches lie along a side of the image: they overlap, and cover all of it."""
    patch = max(1, round(length / _PATCHES))
    step = max(1, patch // _STEPS)
    return [slice(start, start + patch) for start in sorted({*range(0, length - patch, step), length - patch})]


def class_scores(model: Model, x: npt.NDArray[Any], of_class: int) -> npt.NDArray[np.float64]:
    """The score of one class for each row: its probability, or its output where there are no probabilities."""
    y = model.predict(x).astype(np.float64)
    if y.shape[1] > 1:
        return y[:, of_class]
    if of_class == 1:
        return y[:, 0]
    return 1 - y[:, 0] if model.gives_probabilities else -y[:, 0]
