"""The first images, with what the network says."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mltrain.data.base import Dataset
from mltrain.engine.metrics.base import predicted_classes, true_classes
from mltrain.inference.model import Model
from mltrain.job import split_to_evaluate
from mltrain.training.targets import encode
from mltrain.views.insight.images import as_pixels, greys, in_ink, tells_classes
from mltrain.views.insight.rows import SPLITS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._sheet import MOST_ON_SHEET, Sheet
from mltrain.views.pictures.base import Preview

_SHOWN_LIVE = 12


@dataclass(frozen=True)
class Samples(Sheet):
    name, title, order = "samples", "Samples and answers", 100

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        answers = insight.answers
        if not len(answers.x):
            return None
        return cls(answers, range(min(MOST_ON_SHEET, len(answers.x))), greys(insight.model))

    @classmethod
    def preview(cls, model: Model, data: Dataset) -> Preview | None:
        return SamplesPreview(model, data) if tells_classes(model) else None

    @property
    def heading(self) -> str:
        return "samples"

    @property
    def caption(self) -> str:
        rows = SPLITS[self.answers.split]
        return f"The first {len(self.rows)} of {rows}, with what the network says; a cross where it is wrong."


class SamplesPreview:
    """Some images that the network does not learn from, if there are such, and what it says about them."""

    def __init__(self, model: Model, data: Dataset):
        _, rows = split_to_evaluate(data)
        self._model, self._rows = model, type(rows)(rows.x[:_SHOWN_LIVE], rows.y[:_SHOWN_LIVE])

    def about(self) -> dict[str, Any]:
        images = np.stack([as_pixels(image) for image in self._rows.x]).astype(np.float64)
        # Bytes of grey, or of red, green and blue one behind the other.
        levels = (255 * images / (images.max() or 1)).astype(int)
        if in_ink(self._model) and levels.ndim == 3:
            levels = 255 - levels
        target = encode(self._model.config.loss, self._model.row_spec, self._model.network.output_shape[-1], self._rows)
        names = self._model.classes or ()
        return {
            "kind": "samples",
            "shape": images.shape[1:],
            "images": levels.reshape(len(levels), -1).tolist(),
            "true": [names[number] for number in true_classes(target)],
        }

    def now(self) -> dict[str, Any]:
        y = self._model.predict(self._rows.x)
        names = self._model.classes or ()
        return {"said": [names[number] for number in predicted_classes(y, self._model.config.loss.threshold)]}
