"""``mltrain predict``: what a model makes of new inputs."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.display.tables import Prediction, predictions
from mltrain.display.terminal import Terminal
from mltrain.engine.layers import in_words
from mltrain.errors import UsageError
from mltrain.storage.model import Model
from mltrain.storage.runs import find_model

_LARGEST = float(np.finfo(np.float32).max)


def run(terminal: Terminal, path: Path | None, rows: Sequence[str]) -> None:
    """Predict each of ``rows``, written as in ``1,2,3``."""
    file = find_model(path)
    model = Model.load(file)
    shape = model.facts.input_shape
    x = np.stack([numbers(text, shape) for text in rows])
    y = model.predict(x)
    labels = model.labels(y) if model.classes is not None else None
    found = [
        Prediction(
            x=[float(number) for number in row.flat],
            y=[float(number) for number in outputs],
            label=labels[index] if labels else None,
            probabilities=_probabilities(model, outputs),
        )
        for index, (row, outputs) in enumerate(zip(x, y, strict=True))
    ]
    if path is None:
        terminal.note(f"model {file}")
    document = {"model": str(file), "predictions": [_document(one) for one in found]}
    terminal.result(predictions(found), document)


def numbers(text: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """One row of input from its text. Raises `UsageError` if it does not hold as many numbers as ``shape``."""
    words = text.split(",")
    values = []
    for word in words:
        try:
            value = float(word)
        except ValueError:
            advice = "write them as in --x 1,2.5,-3"
            raise UsageError(f"--x {_short(text)}: '{_short(word.strip())}' is not a number; {advice}") from None
        if not abs(value) <= _LARGEST:
            raise UsageError(f"--x {_short(text)}: '{_short(word.strip())}' is not a finite number")
        values.append(value)
    wanted = math.prod(shape)
    if len(values) != wanted:
        is_shaped = f" ({in_words(shape)})" if len(shape) > 1 else ""
        noun = "number" if wanted == 1 else "numbers"
        raise UsageError(
            f"--x {_short(text)}: the model takes {wanted} {noun} a row{is_shaped}, but here are {len(values)}"
        )
    return np.array(values, np.float32).reshape(shape)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _probabilities(model: Model, outputs: npt.NDArray[np.float32]) -> dict[str, float] | None:
    """What the outputs say about each class; a single output is the probability of the second of two."""
    if model.classes is None or not model.gives_probabilities:
        return None
    values = [float(value) for value in outputs]
    return dict(zip(model.classes, values if len(values) > 1 else [1 - values[0], values[0]], strict=True))


def _document(prediction: Prediction) -> dict[str, object]:
    optional = {"label": prediction.label, "probabilities": prediction.probabilities}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"x": list(prediction.x), "y": list(prediction.y), **given}
