"""``mltrain predict --input digit.png``: the prediction for an image file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.commands.predict import show
from mltrain.data.datasets.images import Images
from mltrain.data.image_files import read_digit, read_picture
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
    """The pixels, preprocessed like the dataset: a folder's images as they are, MNIST's and similar ones centred."""
    dataset, shape = model.config.dataset, model.row_spec.input_shape
    if isinstance(dataset, Images):
        return read_picture(image, dataset.height, dataset.width, colour=dataset.colour)
    if len(shape) != 2:
        raise UsageError(f"--input {image}: the model takes {shape_text(shape)} a row, not an image")
    return read_digit(image, *shape)
