"""The Open Inference Protocol, version 2, with JSON, as KServe, Triton and MLServer speak it.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md.
A model of a table has an input for each column; others have one, ``input``. Outputs are ``label`` and
``probabilities``, or a number by each target's name.
"""

import math
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import numpy as np

from mltrain import __version__
from mltrain.data.encoding import NumberEncoding
from mltrain.errors import DataError
from mltrain.inference.tables import target_names
from mltrain.serving.reading import Check, json_value, predict_frame
from mltrain.serving.refused import Refused, unprocessable
from mltrain.serving.served_model import Predicted, ServedModel

SERVER = {"name": "mltrain", "version": __version__, "extensions": []}

_NUMBERS = {f"{kind}{bits}" for kind in ("INT", "UINT") for bits in (8, 16, 32, 64)} | {"FP16", "FP32", "FP64"}
_TYPES = {*_NUMBERS, "BYTES", "BOOL"}


class Tensor(msgspec.Struct):
    """An input of a request. ``data`` may be nested or flat."""

    name: str
    shape: list[Annotated[int, msgspec.Meta(ge=0)]]
    datatype: str
    data: list[Any]


class Wanted(msgspec.Struct):
    """An output that a request asks for."""

    name: str


class InferenceRequest(msgspec.Struct):
    """The body of a request."""

    inputs: Annotated[list[Tensor], msgspec.Meta(min_length=1)]
    id: str | None = None
    outputs: list[Wanted] | None = None


def metadata(served: ServedModel) -> dict[str, Any]:
    """What ``GET /v2/models/NAME`` answers."""
    outputs = [_spec(name, kind, shape) for name, (kind, shape, _) in _outputs(served).items()]
    return {
        "name": served.name,
        "versions": [],
        "platform": "mltrain",
        "inputs": _inputs(served),
        "outputs": outputs,
    }


def infer(served: ServedModel, body: bytes, check: Check) -> tuple[dict[str, Any], Predicted]:
    """What ``POST /v2/models/NAME/infer`` answers. Raises `Refused`."""
    json_value(body)  # for its message about what is no JSON
    try:
        asked = msgspec.json.decode(body, type=InferenceRequest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(400, f"body: {error}") from None
    outputs = _outputs(served)
    names = [one.name for one in asked.outputs] if asked.outputs else list(outputs)
    for name in names:
        if name not in outputs:
            raise Refused(400, f"outputs: there is no output {name!r}; there are {', '.join(outputs)}")
    predicted = _predicted(served, asked, check)
    found: dict[str, Any] = {"model_name": served.name, "outputs": []}
    if asked.id is not None:
        found["id"] = asked.id
    for name in names:
        kind, shape, values = outputs[name]
        flat = values(predicted)
        found["outputs"].append({"name": name, "shape": [len(predicted.y), *shape], "datatype": kind, "data": flat})
    return found, predicted


def _predicted(served: ServedModel, asked: InferenceRequest, check: Check) -> Predicted:
    given = {one.name: _values(one) for one in asked.inputs}
    rows = {one.name: one.shape[0] if one.shape else 1 for one in asked.inputs}
    check(max(rows.values()))
    if served.table is not None:
        for one in asked.inputs:
            if math.prod(one.shape[1:]) != 1:
                raise Refused(400, f"inputs: {one.name!r} has shape {one.shape}, but a column has the shape [rows, 1]")
        return predict_frame(served, given, check)
    shape = served.model.row_spec.input_shape
    (name, values), *others = given.items()
    if others:
        raise Refused(400, f"inputs: the model has one input, 'input', and here are {', '.join(given)}")
    tensor = asked.inputs[0].shape
    if tuple(tensor[1:]) != shape and math.prod(tensor[1:]) != math.prod(shape):
        raise Refused(400, f"inputs: {name!r} has shape {tensor}, but the model takes {[-1, *shape]}")
    try:
        x = np.array(values, np.float64).reshape(-1, *shape)
        return served.array(x)
    except (ValueError, TypeError, OverflowError):
        raise Refused(400, f"inputs: {name!r} holds something else than numbers") from None
    except DataError as error:
        raise unprocessable(error) from None


def _values(tensor: Tensor) -> list[Any]:
    """The data of an input, flat. Raises `Refused` if it is not what its shape says."""
    if tensor.datatype not in _TYPES:
        raise Refused(
            400, f"inputs: {tensor.name!r} has the datatype {tensor.datatype!r}; there are {', '.join(sorted(_TYPES))}"
        )
    values = list(_flat(tensor.data))
    if len(values) != math.prod(tensor.shape):
        raise Refused(400, f"inputs: {tensor.name!r} has {len(values)} values, but the shape {tensor.shape}")
    return values


def _flat(value: Any) -> Any:
    for one in value:
        if isinstance(one, list):
            yield from _flat(one)
        else:
            yield one


def _inputs(served: ServedModel) -> list[dict[str, Any]]:
    if served.table is None:
        return [_spec("input", "FP32", list(served.model.row_spec.input_shape))]
    found = {}
    for column in served.table.encodings():
        kind = "FP64" if isinstance(column, NumberEncoding) else "BYTES"
        found[column.column] = _spec(column.column, kind, [1])
    return list(found.values())


Output = tuple[str, list[int], Callable[[Predicted], list[Any]]]


def _outputs(served: ServedModel) -> dict[str, Output]:
    """The datatype and shape of each output, without the rows, and its values, flat."""
    model = served.model
    *positions, last = model.network.output_shape
    if model.classes is None:
        names = target_names(model)
        if positions or len(names) != last:
            return {"y": ("FP32", [*positions, last], lambda found: found.y.reshape(-1).tolist())}
        return {name: ("FP32", [1], _column(place)) for place, name in enumerate(names)}
    found: dict[str, Output] = {
        "label": ("BYTES", positions or [1], lambda found: list(_flat(model.labels(found.y)))),
    }
    if model.gives_probabilities:
        width = max(2, last)
        found["probabilities"] = (
            "FP32",
            [*positions, width],
            lambda found: model.probabilities(found.y).reshape(-1).tolist(),
        )
    else:
        found["y"] = ("FP32", [*positions, last], lambda found: found.y.reshape(-1).tolist())
    return found


def _column(place: int) -> Callable[[Predicted], list[Any]]:
    return lambda found: found.y[:, place].tolist()


def _spec(name: str, kind: str, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "datatype": kind, "shape": [-1, *shape]}
