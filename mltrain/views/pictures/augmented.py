"""Images as training sees them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.inference.model import Model
from mltrain.views.insight.augmented import Augmented, augmentation_of, augmented_of
from mltrain.views.insight.images import as_pixels, greys, ratio_of
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._wording import listed
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.number_format import plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class AugmentedPicture(Picture):
    name, title, order = "augmented", "Images as training sees them", 170

    shown: Augmented
    greys: str

    @classmethod
    def suits(cls, model: Model) -> bool:
        return bool(augmentation_of(model))

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        return cls(augmented_of(insight.record), greys(insight.model))

    @property
    def caption(self) -> str:
        images, again = plural(len(self.shown.images), "image"), len(self.shown.augmented) - 1
        return (
            f"{images} of the first batch: as they are, as the first step of a training sees them, and as {again} "
            f"other draws of {listed(self.shown.layers)} make them."
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.images import augmented_size

        return augmented_size(1 + len(self.shown.augmented), ratio_of(self.shown.images[0]))

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.images import draw_augmented

        rows = [("as it is", self.shown.images), ("first step", self.shown.augmented[0])]
        rows += [("again", images) for images in self.shown.augmented[1:]]
        draw_augmented(figure, [(words, [*map(as_pixels, images)]) for words, images in rows], self.greys)
