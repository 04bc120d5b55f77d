"""Gradient saliency: how much the score of a class changes with each pixel.

Simonyan, Vedaldi and Zisserman 2013, https://arxiv.org/abs/1312.6034
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.default import default_backend
from mltrain.inference.model import Model


def saliency(model: Model, x: npt.NDArray[Any], classes: Sequence[int]) -> npt.NDArray[np.float32]:
    """The magnitude of the gradient of a class's score by each pixel, ``(rows, height, width)``.

    ``x`` are images as the dataset gives them, ``classes`` the number of a class for each. The score is the number
    that softmax or sigmoid makes a probability of; the gradient is by the pixels as the network sees them, scaled. Of
    several channels, the largest magnitude counts. Of an ensemble, it is the gradient of the mean of its scores.
    """
    outputs = model.network.output_shape[-1]
    chosen = np.asarray(classes)
    # A single output is the score of the second class, and its negative that of the first.
    weights = 2 * chosen[:, None] - 1 if outputs == 1 else np.eye(outputs)[chosen]
    gradients = np.mean(
        [
            default_backend().input_gradients(
                member.network, x, weights.astype(np.float32), member.preprocessing.inputs
            )
            for member, _ in model.networks()
        ],
        axis=0,
    )
    magnitudes: npt.NDArray[np.float32] = np.abs(gradients)
    return magnitudes if magnitudes.ndim == 3 else magnitudes.max(axis=3)
