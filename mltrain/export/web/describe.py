"""A model as JSON and an array of weights, for the scripts in this folder."""

import base64
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from mltrain.data.columns import date, text
from mltrain.data.encoding import DateEncoding, Encoding, NumberEncoding, TextEncoding
from mltrain.data.tables import notation
from mltrain.engine.operations import Step, Windowed
from mltrain.export.base import Subject

_UNSAFE = re.compile("[\u2028\u2029\ud800-\udfff]")
"""Line ends of older JavaScript, and surrogates, which UTF-8 cannot encode."""

_PLACE = re.compile("@([A-Z_]+)@")
"""Where a template has a value."""


class Description(NamedTuple):
    """What `makeModel` of ``predict.js`` takes: the ``document``, and all ``weights`` one behind the other."""

    document: dict[str, Any]
    weights: npt.NDArray[np.float32]


def describe(subject: Subject) -> Description:
    """The model with the rows of its self-test."""
    steps, examples = subject.steps, subject.examples
    weights: list[npt.NDArray[np.float32]] = []
    document: dict[str, Any] = {
        "name": steps.name,
        "input": steps.input.name,
        "output": steps.output.name,
        "shape": steps.input.shape,
        "outputShape": steps.output.shape,
        "targets": steps.answer.targets,
        "before": steps.answer.before,
        "after": steps.answer.after,
        "classes": steps.answer.classes,
        "hasProbabilities": steps.answer.probabilities,
        "threshold": float(np.float32(steps.answer.threshold)),
        "picture": picture_of(subject),
        "columns": None if steps.columns is None else [_column(column) for column in steps.columns],
        "tables": _tables(steps.columns or ()),
        "selfTest": {
            "rows": _rows(subject),
            "y": [[value if math.isfinite(value) else None for value in row.ravel().tolist()] for row in examples.y],
        },
        "steps": [_step(step, weights) for step in steps.steps],
    }
    return Description(document, np.concatenate([np.empty(0, np.float32), *weights]))


def _rows(subject: Subject) -> Any:
    """The rows of the self-test: cells by column, numbers, or pixels as base64 of bytes."""
    cells, x = subject.examples.cells, subject.examples.x
    if cells is not None and subject.steps.columns is not None:
        return cells
    return x.tolist() if x.dtype != np.uint8 else [base64.b64encode(row.tobytes()).decode() for row in x]


def script(name: str) -> str:
    """The text of a file of this folder."""
    return (Path(__file__).parent / name).read_text("utf-8")


def scripts(subject: Subject) -> str:
    """The scripts that the model needs, from its cells or pixels to its answer."""
    steps, picture = subject.steps, picture_of(subject) or {}
    names = [
        "network.js",
        *["columns.js"] * (steps.columns is not None),
        *["picture.js"] * bool(picture),
        *["ink.js"] * (picture.get("kind") == "digit"),
    ]
    return "\n".join(map(script, [*names, "predict.js"]))


def data(description: Description, *, escaped: bool = False) -> str:
    """The description as the constants ``DESCRIPTION`` and ``WEIGHTS``; ``escaped`` for a script element of a page."""
    document = as_javascript(description.document)
    values = {
        "DESCRIPTION": document.replace("<", "\\u003c") if escaped else document,
        "WEIGHTS": base64.b64encode(description.weights.astype("<f4").tobytes()).decode(),
    }
    return filled(script("data.js"), values)


def as_javascript(value: Any) -> str:
    """A value as JSON that may stand in a script; of an object, each entry on a line."""
    if isinstance(value, Mapping):
        lines = ",\n".join(f"  {_json(name)}: {_json(item)}" for name, item in value.items())
        return f"{{\n{lines}\n}}"
    return _json(value)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.replace('"__proto__":', '["__proto__"]:')  # the other one would set the prototype of the object


def picture_of(subject: Subject) -> dict[str, Any] | None:
    """How an image becomes a row: its kind and size. None where rows are no pixels of 0 to 255, such as sequences."""
    form, shape = subject.steps.image, subject.steps.input.shape
    if form is None or (form == "digit" and subject.examples.x.dtype != np.uint8):
        return None
    kind = "digit" if form == "digit" else "picture"
    return {"kind": kind, "fit": form, "height": shape[0], "width": shape[1], "colour": len(shape) == 3}


def _step(step: Step, weights: list[npt.NDArray[np.float32]]) -> dict[str, Any]:
    """A step whose constants are places in ``weights``, to which they are added."""
    operation = step.operation
    places = {}
    for name, constant in operation.constants.items():
        places[name] = {"offset": sum(array.size for array in weights), "length": constant.size}
        weights.append(constant.reshape(-1))
    return {
        "operation": operation.name,
        "inputs": [value.name for value in step.inputs],
        "output": step.output.name,
        "shapes": [value.shape for value in step.inputs],
        "shape": step.output.shape,
        **operation.attributes,
        **({"window": operation.window} if isinstance(operation, Windowed) else {}),
        **places,
    }


def _column(column: Encoding) -> dict[str, Any]:
    """An encoding. Its codes are a list of pairs, because JavaScript reorders the keys of objects."""
    found = {"encoding": column.name, **msgspec.to_builtins(column), "inputs": len(column.inputs)}
    if isinstance(column, NumberEncoding):
        written = column.notation
        found["notation"] = {name: getattr(written, name) for name in ("decimal", "thousands", "before", "after")}
        found["written"] = written.in_words
    if "codes" in found:
        found["codes"] = list(found["codes"].items())
    return found


def _tables(columns: Any) -> dict[str, Any]:
    """How cells are written: the patterns and words of those that the columns need."""
    kinds = set(map(type, columns))
    tables: dict[str, Any] = {}
    if NumberEncoding in kinds:
        tables["number"] = pattern(notation.NUMBER.pattern)
        tables["negative"] = pattern(notation.NEGATIVE.pattern)
    if DateEncoding in kinds:
        tables |= {
            "time": pattern(date.TIME),
            "dates": list(map(pattern, date.FORMS)),
            "compactDate": pattern(date.COMPACT),
            "months": date.MONTHS,
        }
    if TextEncoding in kinds:
        tables["word"] = pattern(text.WORD.pattern)
    return tables


_LETTERS = r"\p{L}\p{Nl}\p{No}"
_SPACES = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_TOKEN = re.compile(r"\[\^\\W\\d_\]|\(\?P=\w+\)|\(\?P<|\\.|.", re.DOTALL)


def pattern(python: str) -> str:
    """One of mltrain's regular expressions for JavaScript, with the flag ``u``. Spaces and digits are Python's."""
    found, is_class = "", False
    for part in _TOKEN.findall(python):
        if part == r"[^\W\d_]":
            part = f"[{_LETTERS}]"
        elif part.startswith("(?P="):
            part = rf"\k<{part[4:-1]}>"
        elif part == "(?P<":
            part = "(?<"
        elif part == r"\d":
            part = r"\p{Nd}"
        elif part == r"\s":
            part = _SPACES if is_class else f"[{_SPACES}]"
        elif part in (r"\"", r"\'", r"\ "):
            part = part[1]
        elif part in ("[", "]"):
            is_class = part == "["
        found += part
    return found


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with ``@NAME@`` replaced by the value of that name; what is in values stays as it is."""
    return _PLACE.sub(lambda found: values[found[1]], template)
