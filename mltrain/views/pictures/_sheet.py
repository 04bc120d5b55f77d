"""A sheet of images with what the network says about each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mltrain.inference.model import Model
from mltrain.views.insight.answers import ClassAnswers
from mltrain.views.insight.images import as_pixels, ratio_of, takes_images
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.half_blocks import GREYS, TRUE, Colour, Pixel
from mltrain.views.terminal.plots import Images, Labelled
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style

MOST_ON_SHEET = 24
"""The largest number of images on a sheet."""

_MOST_IN_TEXT = 8


@dataclass(frozen=True)
class Sheet(Picture):
    """The base of sheets: some ``rows`` of the answers."""

    over_inputs = True

    answers: ClassAnswers
    rows: Sequence[int]
    greys: str

    @classmethod
    def suits(cls, model: Model) -> bool:
        return takes_images(model) and model.classes is not None

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.images import sheet_size

        return sheet_size([label for label, _ in self._labels], ratio_of(self.answers.x[0]))

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.images import Labelled, draw_sheet

        images = [as_pixels(self.answers.x[row]) for row in self.rows]
        samples = [Labelled(image, *label) for image, label in zip(images, self._labels, strict=True)]
        draw_sheet(figure, style, samples, self.greys)

    def terminal(self) -> Iterator[View]:
        answers, rows = self.answers, self.rows[:_MOST_IN_TEXT]
        largest = float(np.max(answers.x[rows])) or 1.0
        words = [label.replace("\n", ", ") for label, _ in self._labels]
        yield Images([labelled(answers.x[row], text, largest) for row, text in zip(rows, words, strict=False)])

    @property
    def _labels(self) -> list[tuple[str, bool]]:
        """The words above each image, and whether the answer is right."""
        answers, labels = self.answers, []
        for row in self.rows:
            right = bool(answers.true[row] == answers.predicted[row])
            truth = "" if right else f"\nis {answers.classes[answers.true[row]]}"
            labels.append((answers.named(row) + truth, right))
        return labels


def labelled(image: npt.NDArray[Any], words: str, largest: float) -> Labelled:
    """An image on a terminal; values are shown from 0 to ``largest``."""
    pixels = as_pixels(image)
    if pixels.ndim == 2:
        return Labelled((pixels / largest).tolist(), words, GREYS)
    rows: list[list[Pixel]] = [[Colour(*pixel) for pixel in row] for row in (255 * pixels).astype(int).tolist()]
    return Labelled(rows, words, TRUE)
