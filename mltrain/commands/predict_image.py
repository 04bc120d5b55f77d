"""``mltrain predict --input digit.png``: the prediction for an image file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.commands.predict import show
from mltrain.engine.layers.base import shape_text
from mltrain.errors import UsageError
from mltrain.inference.model import Model
from mltrain.runs.run import find_model
from mltrain.views.terminal.terminal import Terminal


def run(terminal: Terminal, path: Path | None, image: str) -> None:
    """Predict the class of one image, preprocessed like the model's training images."""
    file = find_model(path)
    model = Model.load(file)
    y = model.predict(read_image(model, image)[None])
    show(terminal, file, model, [[image]], y, newest=path is None)


def read_image(model: Model, image: str) -> npt.NDArray[np.uint8]:
    """The pixels, as the rows of the dataset have them that the model has learned from. Raises `DataError`."""
    pixels = model.config.dataset.read_image(image, model.row_spec)
    if pixels is None:
        shape = shape_text(model.row_spec.input_shape)
        raise UsageError(f"--input {image}: the model takes {shape} a row, not an image")
    return pixels
