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


def occlusion(model: Model, image: npt.NDArray[Any], of_class: int) -> npt.NDArray[np.float64]:
    """How much lower the class's score is where a pixel is covered, ``(height, width)``: above 0, it speaks for it.

    ``image`` is as the dataset gives it. A patch of a fifth of the image's sides moves over it, and covers the pixels
    with the median colour of the image. A pixel has the mean over all patches that cover it. The score is the
    probability of the class, or its output where there are no probabilities.
    """
    rows, columns = (patches(length) for length in image.shape[:2])
    covered = np.repeat(image[None], 1 + len(rows) * len(columns), axis=0)
    colour = np.median(image, axis=(0, 1)).astype(image.dtype)
    places = [(row, column) for row in rows for column in columns]
    for copy, (row, column) in zip(covered[1:], places, strict=True):
        copy[row, column] = colour
    scores = class_scores(model, covered, of_class)
    falls, counts = np.zeros(image.shape[:2]), np.zeros(image.shape[:2])
    for score, place in zip(scores[1:], places, strict=True):
        falls[place] += scores[0] - score
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
