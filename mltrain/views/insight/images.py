"""Models of images: which they are, and the images that pictures are about."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.inference.model import Model

_CHANNELS_OF_COLOUR = 3


@dataclass(frozen=True)
class ChosenImage:
    """An image as the dataset gives it, and the number of its class if it has one.

    It is called by its ``file``, or ``image 7 of the test rows``: by its number and the ``rows``.
    """

    x: npt.NDArray[Any]
    file: str = ""
    number: int = 0
    rows: str = ""
    true: int | None = None

    @property
    def name(self) -> str:
        return self.file or f"{self.short_name} of {self.rows}"

    @property
    def short_name(self) -> str:
        return self.file or f"image {self.number:,}"

    @property
    def beginning(self) -> str:
        """The name at the beginning of a sentence."""
        return self.file or self.name.capitalize()


def takes_images(model: Model) -> bool:
    """Whether a row is an image: rows x columns, or rows x columns x channels."""
    shape = model.row_spec.input_shape
    if model.row_spec.named_inputs or len(shape) not in (2, 3) or min(shape[:2]) < 2:
        return False
    # A table of numbers that a layer of sequences reads is a sequence: steps x channels.
    return not any(node.layer.type_name().endswith("1d") for node in model.network.nodes)


def tells_classes(model: Model) -> bool:
    """Whether the model predicts one class for an image."""
    return takes_images(model) and model.classes is not None and len(model.network.output_shape) == 1


def is_colour(shape: tuple[int, ...]) -> bool:
    """Whether images of this shape have red, green and blue."""
    return len(shape) == 3 and shape[2] == _CHANNELS_OF_COLOUR


def as_pixels(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What can be shown of an image: ``(height, width)`` as it is; colours from 0 to 1, ``(height, width, 3)``.

    Of other numbers of channels, their mean.
    """
    if image.ndim == 2:
        return image
    if not is_colour(image.shape):
        return image[..., 0] if image.shape[2] == 1 else image.mean(axis=2)
    if image.dtype == np.uint8:
        return image / 255
    low, high = min(0.0, float(image.min())), max(1.0, float(image.max()))
    return (image - low) / (high - low)


def ratio_of(image: npt.NDArray[Any]) -> float:
    """Height to width of an image."""
    return image.shape[0] / image.shape[1]


def in_ink(model: Model) -> bool:
    """Whether values are ink on paper, as MNIST has them: the larger, the darker. Photographs are light."""
    return model.config.dataset.image_form(model.row_spec) in ("digit", None)


def greys(model: Model) -> str:
    """The name of Matplotlib's colour map for images of one channel."""
    return "gray_r" if in_ink(model) else "gray"
