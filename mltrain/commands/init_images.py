"""``mltrain init images FOLDER``: a convolutional config for a folder of images, by their number, sizes and colours."""

import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from mltrain.config.yaml_writer import on_one_line
from mltrain.data.image_files import Facts, read_facts
from mltrain.data.image_folders import scan_images

_LONGEST, _SHORTEST, _STEP = 48, 16, 4
"""Pixels of the sides to which images are scaled; small images learn fast, and mostly show what they are."""

_LOOKED_AT = 500
"""Images whose sizes and colours are looked at; they are spread over all classes."""

_BATCH, _STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 16, 300, 10, 100
"""Rows of a batch, and the steps of a training, which few images make in many epochs."""


def config_for_images(folder: Path, config_folder: Path) -> tuple[str, list[str]]:
    """The config, and what was decided, in a sentence each. Raises `DataError`."""
    found = scan_images(folder, fewest=2)
    files = [file for images in found.classes.values() for file in images]
    facts = [read_facts(file) for file in files[:: -(-len(files) // _LOOKED_AT)]]
    height, width = _size(facts)
    colour = not any(one.grey for one in facts)
    counts = ", ".join(f"{len(images):,} {name}" for name, images in found.classes.items())
    decided = [
        f"{len(files):,} images: {counts}",
        f"all are scaled to {height} x {width} pixels; larger ones show more, and take longer",
        *_about_colours(facts),
        *found.notes(),
    ]
    path = os.path.relpath(folder.resolve(), config_folder.resolve()) if not folder.is_absolute() else str(folder)
    options = {"type": "images", "path": path, "height": height, "width": width, "colour": colour}
    dataset = ", ".join(f"{name}: {on_one_line(value)}" for name, value in options.items() if value is not False)
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, round(_STEPS * _BATCH / len(files))))
    text = f"""\
# Tells what is on the {len(files):,} images of {folder.name}: {", ".join(found.classes)}.
dataset: {{{dataset},
  validation_split: 0.2}}
layers:
  # In training only: each image is mirrored and moved a little. Leave out what turns an image into another class.
  - {{type: random_flip, mode: horizontal}}
  - {{type: random_translation, height_factor: 0.1, width_factor: 0.1}}
  - {{type: conv2d, filters: 16, kernel_size: 3, padding: same, activation: relu}}
  - max_pooling2d
  - {{type: conv2d, filters: 32, kernel_size: 3, padding: same, activation: relu}}
  - max_pooling2d
  - {{type: conv2d, filters: 64, kernel_size: 3, padding: same, activation: relu}}
  - global_max_pooling2d                            # is it there at all, wherever it is
  - {{type: dense, units: {len(found.classes)}, activation: softmax}}
loss: sparse_categorical_crossentropy
optimizer: adam
metrics: [accuracy]
training: {{epochs: {epochs}, batch_size: {_BATCH}}}
"""
    return text, decided


def _size(facts: list[Facts]) -> tuple[int, int]:
    """Height and width: those of most images, made so small that the longer side has `_LONGEST` pixels at most."""
    sides = median(one.height for one in facts), median(one.width for one in facts)
    factor = min(1.0, _LONGEST / max(sides))
    height, width = (max(_SHORTEST, round(side * factor / _STEP) * _STEP) for side in sides)
    return height, width


def _about_colours(facts: list[Facts]) -> Iterator[str]:
    grey = sum(one.grey for one in facts)
    if 0 < grey < len(facts):
        yield f"{grey:,} of {len(facts):,} images have no colours, so that all become grey"
