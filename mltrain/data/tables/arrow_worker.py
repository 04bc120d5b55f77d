"""Reads a Parquet or Arrow file, as a program of its own: PyArrow may crash on a damaged file, and then only this ends.

`arrow` starts it with a path, and reads messages in MessagePack, each behind its length in eight bytes, from its
stdout: an `Opened`, and when a `Wanted` has come to its stdin, a `Rows` for each block of rows, and `End`; or `Failed`
instead of any. Whole batches are validated before they are used.
"""

import importlib
import re
import signal
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
import numpy as np

PARQUET_MAGIC, ARROW_MAGIC, STREAM_MAGIC = b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff"

_EXACT = 2**53
"""Whole numbers up to here are the same as 64-bit floats."""

_MOST_ROWS, _ROWS_PER_BYTE = 10_000_000, 1000
"""A file that says that it has more rows, and more for its size, is damaged or made to do harm."""

_FEW = 100
"""Rows that are looked at to see whether bytes are text."""

_NO_FRACTION = re.compile(r"\.0+(?=\D|$)")


class Opened(msgspec.Struct, tag=True):
    """``columns`` of the file, those that cannot be cells with what they hold, and how many ``rows`` there are."""

    columns: list[str]
    unusable: dict[str, str]
    rows: int


class Wanted(msgspec.Struct, tag=True):
    """What is to be read: the cells of which ``columns``; the values of all of them, too, to ``keep`` them.

    ``as_text`` says that numbers are names and must not change their spelling.
    """

    columns: list[str]
    block_rows: int
    as_text: bool
    keep: bool


class Rows(msgspec.Struct, tag=True):
    """A block: 64-bit floats as bytes, or texts, for each column that is wanted; and ``values`` by column to keep."""

    count: int
    cells: list[bytes | list[str]]
    values: dict[str, list[Any]] | None


class Failed(msgspec.Struct, tag=True):
    """Why the file cannot be read."""

    why: str


class End(msgspec.Struct, tag=True):
    """There are no more rows."""


Message = Opened | Wanted | Rows | Failed | End


def send(file: BinaryIO, message: Message) -> None:
    """Write a message. Raises `OSError`."""
    content = msgspec.msgpack.encode(message)
    file.write(len(content).to_bytes(8, "little") + content)
    file.flush()


def receive(file: BinaryIO) -> Message | None:
    """Read a message; None where there is none, not a whole one, or something else."""
    length = int.from_bytes(file.read(8), "little")
    content = file.read(length) if length < 2**40 else b""
    try:
        return msgspec.msgpack.decode(content, type=Message)
    except msgspec.MsgspecError:
        return None


class UnusableColumn(Exception):
    """A column whose cells are no numbers, texts or dates."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends this one
    out = sys.stdout.buffer
    try:
        for message in _messages(Path(sys.argv[1])):
            send(out, message)
    except BrokenPipeError:
        pass
    except UnusableColumn as error:
        send(out, Failed(str(error)))
    except Exception as error:
        words = " ".join(str(error).split())
        send(out, Failed(f"cannot be read: {words or type(error).__name__}"))


def _messages(path: Path) -> Iterator[Message]:
    file = _open(path)
    rows = file.count_rows()
    if rows > max(_MOST_ROWS, _ROWS_PER_BYTE * path.stat().st_size):
        raise ValueError(f"it says that it has {rows:,} rows, too many for its size")
    unusable = {field.name: what for field in file.schema if (what := _why_unusable(field.type))}
    unusable |= dict.fromkeys(_without_text(file), "bytes that are no text")
    yield Opened(list(file.schema.names), unusable, rows)
    wanted = receive(sys.stdin.buffer)
    if not isinstance(wanted, Wanted):
        return
    for name in wanted.columns:
        if name in unusable:
            raise UnusableColumn(f"column '{name}' holds {unusable[name]}, which cannot be used; name it in ignore")
    for batch in file.batches(wanted):
        batch.validate(full=True)
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        yield Rows(
            batch.num_rows,
            [_cells(name, columns[name], as_text=wanted.as_text) for name in wanted.columns],
            {name: _values(name, column) for name, column in columns.items()} if wanted.keep else None,
        )
    yield End()


class _ParquetFile:
    def __init__(self, path: Path):

        # Without a buffer, whole columns of a row group would be in memory.
        self._file = _pyarrow(".parquet").ParquetFile(path, buffer_size=1 << 20, page_checksum_verification=True)
        self.schema = self._file.schema_arrow

    def count_rows(self) -> int:
        metadata = self._file.metadata
        groups = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
        if sum(groups) != metadata.num_rows or min(groups, default=0) < 0:
            raise ValueError("its row groups have other numbers of rows than it says")
        return int(metadata.num_rows)

    def batches(self, wanted: Wanted) -> Iterator[Any]:
        names = None if wanted.keep else wanted.columns
        yield from self._file.iter_batches(wanted.block_rows, columns=names)


class _ArrowFile:
    """The file format, whose batches are found by their number, or the stream, which is read from the start."""

    def __init__(self, path: Path, *, is_stream: bool):

        self._is_stream, self._ipc = is_stream, _pyarrow(".ipc")
        self._content = _pyarrow().memory_map(str(path))
        self.schema = self._open().schema

    def count_rows(self) -> int:
        return sum(batch.num_rows for batch in self._whole_batches())

    def batches(self, wanted: Wanted) -> Iterator[Any]:
        for batch in self._whole_batches():
            batch.validate(full=True)
            for start in range(0, batch.num_rows, wanted.block_rows):
                yield batch.slice(start, wanted.block_rows)

    def _open(self) -> Any:
        self._content.seek(0)
        return self._ipc.open_stream(self._content) if self._is_stream else self._ipc.open_file(self._content)

    def _whole_batches(self) -> Iterator[Any]:
        file = self._open()
        if self._is_stream:
            yield from file
        else:
            yield from map(file.get_batch, range(file.num_record_batches))


def _pyarrow(part: str = "") -> Any:
    """A module of PyArrow: only the process that reads needs it."""
    return importlib.import_module(f"pyarrow{part}")


def _open(path: Path) -> _ParquetFile | _ArrowFile:
    with path.open("rb") as file:
        start = file.read(8)
    return _ParquetFile(path) if start.startswith(PARQUET_MAGIC) else _ArrowFile(path, is_stream=start != ARROW_MAGIC)


def _without_text(file: _ParquetFile | _ArrowFile) -> Iterator[str]:
    """Columns of bytes whose first ones are no text."""
    names = [field.name for field in file.schema if _is_bytes(_plain(field.type))]
    for first in islice(file.batches(Wanted(names, _FEW, as_text=True, keep=False)) if names else (), 1):
        for name in names:
            try:
                _cells(name, first.column(name), as_text=True)
            except UnusableColumn:
                yield name


def _is_bytes(kind: Any) -> bool:
    types = _pyarrow(".types")
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind))


def _why_unusable(kind: Any) -> str:
    """What a column holds that cannot be cells; nothing for one that can."""
    types = _pyarrow(".types")

    kind = _plain(kind)
    if types.is_nested(kind):
        return f"lists or records ({str(kind)[:60]})"
    return "intervals" if types.is_interval(kind) else ""


def _plain(kind: Any) -> Any:
    """The type of the values, without how they are packed."""
    types = _pyarrow(".types")

    while True:
        if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
            kind = kind.value_type
        elif hasattr(kind, "storage_type"):
            kind = kind.storage_type
        else:
            return kind


def _unpacked(column: Any) -> Any:
    """The column with its values as they are, not by their number or storage."""
    types = _pyarrow(".types")

    while True:
        if types.is_dictionary(column.type):
            column = column.dictionary_decode()
        elif types.is_run_end_encoded(column.type):
            column = _pyarrow(".compute").run_end_decode(column)
        elif hasattr(column.type, "storage_type"):
            column = column.storage
        else:
            return column


def _cells(name: str, column: Any, *, as_text: bool) -> bytes | list[str]:
    """Numbers as 64-bit floats, with NaN for nulls; everything else, and what they cannot hold, as text."""
    types = _pyarrow(".types")

    column = _unpacked(column)
    kind = column.type
    if types.is_integer(kind):
        ends = _pyarrow(".compute").min_max(column)
        if all(abs(end.as_py() or 0) <= _EXACT for end in ends.values()):
            return _floats(column)
        return _texts(column.cast("string"))
    if types.is_floating(kind):
        if as_text and kind.bit_width < 64:  # 0.1, and not 0.10000000149011612
            return np.array([float(str(one)) for one in _numpy(column)], np.float64).tobytes()
        return _floats(column)
    if types.is_decimal(kind):
        return _floats(column) if kind.precision <= 15 else _decimals(column)
    if types.is_duration(kind):
        per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return (_numpy(column.cast("int64").cast("float64")) / per_second).tobytes()
    if types.is_boolean(kind):
        return ["" if one is None else str(one) for one in column.to_pylist()]
    if types.is_temporal(kind):
        return [_NO_FRACTION.sub("", text) for text in _texts(_as_string(column))]
    if _is_bytes(kind):
        try:
            return _texts(column.cast("binary").cast("string"))
        except _pyarrow().ArrowInvalid:
            raise UnusableColumn(f"column '{name}' holds bytes that are no text; name it in ignore") from None
    return _texts(column.cast("string"))


def _as_string(column: Any) -> Any:
    """Times as text; those of a time zone that this system does not know in UTC."""
    if getattr(column.type, "tz", None) is not None:
        try:
            column = _pyarrow(".compute").local_timestamp(column)
        except _pyarrow().ArrowInvalid:
            column = column.cast(_pyarrow().timestamp(column.type.unit))
    return column.cast("string")


def _floats(column: Any) -> bytes:
    return _numpy(column.cast("float64")).tobytes()


def _numpy(column: Any) -> Any:
    return column.to_numpy(zero_copy_only=False)


def _texts(column: Any) -> list[str]:
    return list(_numpy(column.fill_null("")).tolist())


def _decimals(column: Any) -> bytes | list[str]:
    """Decimals as floats if all of them are what a float is written as; else their digits."""
    values = column.to_pylist()
    if all(value is None or Decimal(repr(float(value))) == value for value in values):
        return np.array([np.nan if value is None else float(value) for value in values], np.float64).tobytes()
    return ["" if value is None else f"{value:f}" for value in values]


def _values(name: str, column: Any) -> list[Any]:
    """The values to keep, as JSON has them."""
    types = _pyarrow(".types")

    kind = _plain(column.type)
    if types.is_temporal(kind) and not types.is_duration(kind) and not types.is_interval(kind):
        return [text or None for text in _cells(name, column, as_text=True)]
    if types.is_duration(kind) or (types.is_floating(kind) and kind.bit_width < 64):
        numbers = cast(bytes, _cells(name, column, as_text=True))
        return [_json(number) for number in np.frombuffer(numbers, np.float64).tolist()]
    return [_json(value) for value in _unpacked(column).to_pylist()]


def _json(value: Any) -> Any:
    """A value as JSON has it: decimals as numbers if they are the same, NaN as null, what has no form as text."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        number = int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
        return number if Decimal(repr(number)) == value else f"{value:f}"
    if isinstance(value, dict):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


if __name__ == "__main__":
    main()
