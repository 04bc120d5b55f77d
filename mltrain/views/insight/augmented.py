"""Images as training sees them: flipped, moved, turned, scaled or with noise, by the run's own random numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.graph import execution_order
from mltrain.engine.layers.base import BatchShare
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan
from mltrain.inference.model import Model
from mltrain.random_streams import generator
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.images import takes_images

MOST_IMAGES, DRAWN = 8, 4
"""How many images are shown, and how often each is augmented."""


@dataclass(frozen=True)
class Augmented:
    """Rows of the first batch: as they are, ``(images, *shape)``, and augmented, ``(DRAWN, images, *shape)``.

    The first of these is what the first training step saw. Values are in the units of the dataset. ``layers`` are the
    types of the layers that did it.
    """

    images: npt.NDArray[Any]
    augmented: npt.NDArray[np.float32]
    layers: tuple[str, ...]


def augmentation_of(model: Model) -> tuple[str, ...]:
    """The names of the layers that work on images in training only, before any other layer."""
    before, found = set(model.network.inputs), list[str]()
    for node in execution_order(model.network.nodes):
        if (node.layer.training_only or node.layer.reshapes) and before.issuperset(node.sources):
            before.add(node.name)
            if node.layer.training_only and len(node.output_shape) > 1:
                found.append(node.name)
    return tuple(found) if takes_images(model) else ()


def augmented_of(record: SavedRun) -> Augmented:
    """The first images of the run's first batch. Raises `DataError` if the rows cannot be read."""
    model, config, names = record.model, record.model.config, augmentation_of(record.model)
    x, training = record.data.train.x, config.training
    batch = training.rows_per_batch(len(x))
    order = np.arange(len(x))
    if training.shuffle and batch < len(x):
        order = generator(config.seed, "shuffle").permutation(len(x))
    images = x[order[: min(MOST_IMAGES, batch)]]
    part, inputs = model.network.ending_at(names[-1]), model.preprocessing.inputs
    drawn = _drawn(part, inputs.applied(images), batch, generator(config.seed, "dropout"))
    types = {node.name: node.layer.type_name() for node in model.network.nodes}
    augmented = inputs.undone(drawn.reshape(DRAWN, *images.shape))
    return Augmented(images, augmented, tuple(dict.fromkeys(types[name] for name in names)))


def _drawn(part: Network, x: npt.NDArray[np.float32], batch: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """What the layers make of the rows in training, again and again. Random numbers are drawn for the whole batch."""
    y = np.empty((len(x), *part.output_shape), np.float32)
    plan = Plan(part, len(x), gradients=np.zeros_like(part.parameters))
    calls = plan.bind(x, y, rng, BatchShare(batch_rows=batch)).forward
    drawn = []
    for _ in range(DRAWN):
        for call in calls:
            call.run()
        drawn.append(y.copy())
    return np.stack(drawn)
