"""Predictions as the body of a response: JSON as `predict --json` has it, or CSV as `predict --input` writes it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from mltrain.inference.answers import unchecked_answers
from mltrain.inference.prediction_files import csv_text, json_text, prediction_columns, prediction_names
from mltrain.serving.reading import JSON
from mltrain.serving.refused import Refused
from mltrain.serving.served_model import Predicted, ServedModel

CSV = "text/csv"


class Answer(NamedTuple):
    """The body of a response, and its content type."""

    body: bytes
    kind: str


def chosen_type(accept: str) -> str:
    """JSON or CSV, whichever a request would rather have. Raises `Refused` where it takes neither."""
    best, found = 0.0, ""
    for one in (accept or "*/*").split(","):
        kind, *parameters = (part.strip().lower() for part in one.split(";"))
        quality = _quality(parameters)
        means = {"*/*": JSON, "application/*": JSON, JSON: JSON, "text/*": CSV, CSV: CSV}.get(kind)
        if means is not None and quality > best:
            best, found = quality, means
    if not found:
        raise Refused(406, f"answers are {JSON} or {CSV}, and the request accepts {accept}")
    return found


def answer(served: ServedModel, predicted: Predicted, kind: str) -> Answer:
    """The predictions in the form that was chosen."""
    return Answer(_csv(served, predicted) if kind == CSV else _json(served, predicted), kind)


def _json(served: ServedModel, predicted: Predicted) -> bytes:
    document: dict[str, Any] = {
        "model": served.name,
        "predictions": unchecked_answers(served.model, predicted.given, predicted.y),
    }
    if predicted.notes:
        document["notes"] = predicted.notes
    try:
        return msgspec.json.encode(document)
    except (ValueError, UnicodeError):  # a lone surrogate, which JSON permits
        return json_text(document).encode()


def _csv(served: ServedModel, predicted: Predicted) -> bytes:
    """The predicted value of each row, and the probability of each class where there are any."""
    shares = served.model.classes is not None and served.model.gives_probabilities
    names = prediction_names(served.model, probabilities=shares)
    columns = prediction_columns(served.model, predicted.y, probabilities=shares) if len(predicted.y) else []
    return csv_text([names, *zip(*columns, strict=True)]).encode("utf-8", "backslashreplace")


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
