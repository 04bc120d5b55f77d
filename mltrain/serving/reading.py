"""The body of a request as rows: JSON, CSV, JSON Lines, or an image, by its content type.

Files are read by the readers that `predict --input` has. These take files, so the body becomes one for as long as that
takes.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mltrain.data.tables.frames import frame
from mltrain.data.tables.text_file import is_text_encoding
from mltrain.data.unpacking import GZIP_MAGIC
from mltrain.engine.arrays import size
from mltrain.engine.layers.base import shape_text
from mltrain.errors import DataError
from mltrain.inference.model import Model
from mltrain.inference.tables import open_for
from mltrain.names.nearest import some
from mltrain.serving.refused import Refused, unprocessable
from mltrain.serving.served_model import Predicted, ServedModel

JSON = "application/json"
_UNSAID = ("", "application/x-www-form-urlencoded", "application/octet-stream", "text/plain")
"""What clients write that were not told a type; then the body's first bytes tell it."""

_TABLES = {
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/jsonlines": ".jsonl",
    "application/json-lines": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/x-jsonlines": ".jsonl",
    "application/ndjson": ".jsonl",
}
"""The content types of tables, and what the names of such files end with."""

TYPES = (JSON, "text/csv", "application/x-ndjson", "image/png")
"""A content type of each form, for messages and documents."""

Check = Callable[[int], None]
"""Called with the number of rows so far; refuses too many of them, and those that take too long."""


def predict_body(served: ServedModel, content_type: str, body: bytes, check: Check) -> Predicted:
    """The predictions for the rows in a body. Raises `Refused`."""
    kind = _kind(content_type, body)
    if kind == JSON or kind.endswith("+json"):
        return predict_values(served, json_value(body), check)
    if kind.startswith("image/"):
        return _image(served, kind, body)
    if kind not in _TABLES and not body:
        raise Refused(400, "the body is empty; send a row, or several")
    if kind not in _TABLES:
        raise Refused(415, f"the content type is {kind}; send {', '.join(TYPES[:-1])}, or an image such as {TYPES[-1]}")
    with _file(_in_utf_8(body, content_type), _TABLES[kind]) as file, open_for(served.model, file) as source:
        return served.rows(source, check)


def _in_utf_8(body: bytes, content_type: str) -> bytes:
    """A text in UTF-8, whose content type may name another charset; gzip is left as it is. Raises `Refused`."""
    parameters = Message()
    parameters["content-type"] = content_type
    charset = parameters.get_content_charset("utf-8")
    if charset in ("utf-8", "us-ascii") or body.startswith(GZIP_MAGIC):
        return body
    if not is_text_encoding(charset):
        raise Refused(415, f"the content type names the charset {charset}, which is not read; send UTF-8")
    try:
        return body.decode(charset).encode()
    except UnicodeError:
        raise Refused(400, f"body: this is not {charset}, the charset that the content type names") from None


def json_value(body: bytes) -> Any:
    """What a body of JSON holds. Raises `Refused`."""
    if body.startswith(GZIP_MAGIC):
        raise Refused(415, "body: this is gzip, which only CSV and JSON Lines may be; send JSON unpacked")
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(body)
    try:  # Python writes NaN, too, and finds other words for what is wrong
        return json.loads(body)
    except RecursionError:
        raise Refused(400, "body: there are too many brackets within each other") from None
    except ValueError as error:
        raise Refused(400, f"body: this is not JSON: {error}") from None


def predict_values(served: ServedModel, given: Any, check: Check) -> Predicted:
    """The predictions for rows as JSON has them: one or a list; objects by column name, or numbers."""
    rows = given if isinstance(given, list) else [given]
    if isinstance(given, list) and not given:
        return Predicted([], np.empty((0, *served.model.network.output_shape), np.float32))
    check(len(rows))
    if isinstance(rows[0], Mapping):
        if len(rows) == 1 and (quick := served.row(rows[0])) is not None:
            return quick
        return predict_frame(served, rows, check)
    if served.table is not None:
        raise Refused(422, f"body: row 1 is {_short(rows[0])}, not an object with {_columns(served)}", row=1)
    try:
        return served.array(_numbers(served.model, given))
    except DataError as error:
        raise unprocessable(error) from None


def predict_frame(served: ServedModel, table: Any, check: Check) -> Predicted:
    """The predictions for a table in memory: columns by name, or objects."""
    try:
        source = frame("body", table)
        assert source is not None
        return served.rows(source, check)
    except DataError as error:
        raise unprocessable(error) from None


def _kind(content_type: str, body: bytes) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _UNSAID:
        return kind
    start = body[:64].lstrip()
    if start[:1] in (b"{", b"["):
        return JSON
    if body.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")):
        return "image/*"
    return kind or "missing"


def _numbers(model: Model, given: Any) -> Any:
    """Rows of numbers ``(rows, *input_shape)``, from one row or a list. Raises `Refused`, which names the row."""
    shape = model.row_spec.input_shape
    depth, flat = _depth(given), size(shape)  # a row may be flat, as in a line of CSV
    are_flat = depth == 2 and isinstance(given[0], list) and len(given[0]) == flat
    if (depth == len(shape) and not are_flat) or (depth == 1 and len(given) == flat):
        given = [given]
    try:
        x = np.array(given, np.float64)
    except (ValueError, TypeError, OverflowError):
        x = None
    if x is not None and x.ndim == 2 and x.shape[1] == flat:
        x = x.reshape(len(x), *shape)
    if x is not None and x.shape[1:] == shape and np.isfinite(x).all():
        return x
    noun = "1 number" if size(shape) == 1 else f"{shape_text(shape)} numbers"
    for number, row in enumerate(given if isinstance(given, list) else [given], 1):
        words = [row] if not isinstance(row, list) else [one for one in _leaves(row) if type(one) not in (int, float)]
        if words:
            raise Refused(422, f"body: row {number}: expected a list of numbers, got {_short(words[0])}", row=number)
        if np.shape(_regular(row)) != shape:
            found = sum(1 for _ in _leaves(row))
            raise Refused(422, f"body: row {number}: has {found}, but the model takes {noun} a row", row=number)
        if not np.isfinite(np.array(row, np.float64)).all():
            raise Refused(422, f"body: row {number}: holds numbers that are infinite or not a number", row=number)
    raise Refused(422, f"body: expected rows of {noun} each")


def _regular(row: list[Any]) -> Any:
    """The row as an array; of no shape that a row has, where its lists differ in length."""
    try:
        return np.array(row, np.float64)
    except (ValueError, OverflowError):
        return ()


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _columns(served: ServedModel) -> str:
    """The columns of a row, in words."""
    assert served.table is not None
    return f"the columns {some([column.name for column in served.table.columns])}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _image(served: ServedModel, kind: str, body: bytes) -> Predicted:
    with _file(body, ".image") as file:
        pixels = served.model.config.dataset.read_image(file, served.model.row_spec)
        if pixels is None:
            takes = f"{shape_text(served.model.row_spec.input_shape)} numbers"
            raise Refused(415, f"the model takes {takes if served.table is None else _columns(served)}, not an image")
        return served.array(pixels[None], [[kind]])


@contextmanager
def _file(body: bytes, ending: str) -> Iterator[str]:
    """A file that holds the body, within the block. Errors about it name the body."""
    with tempfile.TemporaryDirectory(prefix="mltrain-") as folder:
        file = Path(folder) / f"body{ending}"
        file.write_bytes(body)
        try:
            yield str(file)
        except DataError as error:
            raise unprocessable(error, str(file)) from None
