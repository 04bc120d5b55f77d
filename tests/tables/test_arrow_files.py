"""Parquet and Arrow files: what each type of column becomes, and that a damaged file takes nothing down with it."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mltrain.config.convert import convert
from mltrain.data.base import DatasetSpec
from mltrain.data.tables import arrow_worker
from mltrain.data.tables.arrow import ArrowFile
from mltrain.data.tables.opening import open_rows
from mltrain.errors import DataError

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

LARGE = 2**53 + 1
TIME = datetime.datetime(2024, 1, 31, 5, 6, 7)

CELLS: dict[str, tuple[Any, list[float] | list[str], list[Any]]] = {
    # What is written; what cells it makes; what is kept of it.
    "integers": (arrow.array([1, None, -3]), [1, np.nan, -3], [1, None, -3]),
    "large integers": (arrow.array([LARGE, None, 2]), [str(LARGE), "", "2"], [LARGE, None, 2]),
    "largest integers": (arrow.array([2**64 - 1] * 3, "uint64"), [str(2**64 - 1)] * 3, [2**64 - 1] * 3),
    "floats": (arrow.array([0.1, None, float("nan")]), [0.1, np.nan, np.nan], [0.1, None, None]),
    "short floats": (arrow.array([0.1, None, 2], "float32"), [0.1, np.nan, 2], [0.1, None, 2]),
    "half floats": (arrow.array(np.array([0.5, 1, 2], np.float16)), [0.5, 1, 2], [0.5, 1, 2]),
    "decimals": (
        arrow.array([Decimal("1.10"), None, Decimal(2)], arrow.decimal128(9, 2)),
        [1.1, np.nan, 2],
        [1.1, None, 2],
    ),
    "long decimals": (
        arrow.array([Decimal(LARGE), None, Decimal("0.5")], arrow.decimal128(30, 1)),
        [f"{LARGE}.0", "", "0.5"],
        [LARGE, None, 0.5],
    ),
    "truths": (arrow.array([True, None, False]), ["True", "", "False"], [True, None, False]),
    "texts": (arrow.array(["a", None, "é"]), ["a", "", "é"], ["a", None, "é"]),
    "large texts": (arrow.array(["a", None, "é"], "large_string"), ["a", "", "é"], ["a", None, "é"]),
    "bytes of text": (arrow.array([b"a", None, b"b"]), ["a", "", "b"], ["a", None, "b"]),
    "dictionary": (arrow.array(["a", None, "b"]).dictionary_encode(), ["a", "", "b"], ["a", None, "b"]),
    "dictionary of numbers": (arrow.array([5, None, 6]).dictionary_encode(), [5, np.nan, 6], [5, None, 6]),
    "days": (
        arrow.array([TIME.date(), None, TIME.date()]),
        ["2024-01-31", "", "2024-01-31"],
        ["2024-01-31", None, "2024-01-31"],
    ),
    "times": (
        arrow.array([TIME, None, TIME.replace(microsecond=500_000)], arrow.timestamp("us")),
        ["2024-01-31 05:06:07", "", "2024-01-31 05:06:07.500000"],
        ["2024-01-31 05:06:07", None, "2024-01-31 05:06:07.500000"],
    ),
    "nanoseconds": (
        arrow.array([1] * 3, arrow.timestamp("ns")),
        ["1970-01-01 00:00:00.000000001"] * 3,
        ["1970-01-01 00:00:00.000000001"] * 3,
    ),
    "times of a zone": (
        arrow.array([TIME] * 3, arrow.timestamp("ms", "Asia/Tokyo")),
        ["2024-01-31 14:06:07"] * 3,
        ["2024-01-31 14:06:07"] * 3,
    ),
    "times of day": (
        arrow.array([TIME.time(), None, TIME.time()]),
        ["05:06:07", "", "05:06:07"],
        ["05:06:07", None, "05:06:07"],
    ),
    "durations": (
        arrow.array([datetime.timedelta(seconds=90), None, datetime.timedelta(0)]),
        [90, np.nan, 0],
        [90, None, 0],
    ),
    "nothing": (arrow.array([None] * 3), ["", "", ""], [None] * 3),
}

NO_CELLS: dict[str, tuple[Any, str]] = {
    "list": (arrow.array([[1], [], None]), "lists or records (list<"),
    "record": (arrow.array([{"a": 1}] * 3), "lists or records (struct<a: int64>)"),
    "map": (arrow.array([[("a", 1)]] * 3, arrow.map_("string", "int64")), "lists or records (map<"),
    "bytes": (arrow.array([b"\xff", None, b"a"]), "bytes that are no text"),
}


def written(path: Path, columns: dict[str, Any]) -> Path:
    table = arrow.table(columns)
    if path.suffix == ".parquet":
        parquet.write_table(table, path)
    else:
        with (arrow.ipc.new_file if path.suffix == ".arrow" else arrow.ipc.new_stream)(str(path), table.schema) as file:
            file.write_table(table)
    return path


ENDINGS = ["parquet", "arrow", "arrows"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_type_of_column(ending: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"t.{ending}", {name: column for name, (column, *_) in (CELLS | NO_CELLS).items()})
    with ArrowFile(path, as_text=True, keep=True) as file:
        assert file.most_rows() == 3
        assert set(file.unusable) == set(NO_CELLS)
        assert all(what in file.unusable[name] for name, (_, what) in NO_CELLS.items())
        file.use(list(CELLS))
        (block,) = file.blocks()
    assert block.rows is not None
    for name, cells in zip(file.columns, block.columns, strict=True):
        if name in CELLS:
            _, expected, kept = CELLS[name]
            assert isinstance(cells, np.ndarray) == isinstance(expected[0], int | float), name
            np.testing.assert_array_equal(cells, expected, name)
            assert [row[name] for row in block.rows] == kept, name
    assert [row["list"] for row in block.rows] == [[1], [], None]
    assert block.rows[0]["bytes"] == "\\xff"


@pytest.mark.parametrize("name", NO_CELLS)
def test_columns_that_cannot_be_cells_are_refused_by_name_if_they_are_used(name: str, tmp_path: Path) -> None:
    columns = {"a b": NO_CELLS[name][0], "y": arrow.array([1.0, 2.0, 4.0])}
    written(tmp_path / "t.parquet", {**columns, "x": arrow.array([3.0, 1.0, 2.0])})
    spec = convert(DatasetSpec, {"type": "parquet", "path": "t.parquet", "target": "y", "ignore": ["a b"]})
    assert spec.load(0, tmp_path).train.x.tolist() == [[3], [1], [2]]
    with pytest.raises(DataError, match=r"t.parquet: column 'a b' holds .*, which cannot be used; name it in ignore"):
        convert(DatasetSpec, {"type": "parquet", "path": "t.parquet", "target": "y"}).load(0, tmp_path)


def test_only_what_is_used_is_converted(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.parquet", {"a": arrow.array([1, 2]), "a.b": arrow.array([3, 4]), "c": arrow.array(["x", "y"])}
    )
    with ArrowFile(path) as file:
        file.use(["a"])
        (block,) = file.blocks()
    assert [list(cells) for cells in block.columns] == [[1, 2], ["", ""], ["", ""]]


def test_what_a_file_is_its_first_bytes_say(tmp_path: Path) -> None:
    columns = {"a": arrow.array([1, 2])}
    written(tmp_path / "t.parquet", columns).rename(tmp_path / "rows.data")
    written(tmp_path / "t.arrow", columns).rename(tmp_path / "t.parquet")
    for name in ("rows.data", "t.parquet"):
        with open_rows(tmp_path / name) as file:
            assert isinstance(file, ArrowFile)
            assert next(file.blocks()).columns[0].tolist() == [1, 2]


def test_blocks_of_a_large_file(tmp_path: Path) -> None:
    rows = 20_000
    path = written(tmp_path / "t.parquet", {"a": arrow.array(range(rows)), "b": arrow.array(map(str, range(rows)))})
    with ArrowFile(path) as file:
        blocks = list(file.blocks())
    assert [block.first for block in blocks] == [1, 8193, 16385]
    assert np.concatenate([block.columns[0] for block in blocks]).tolist() == list(range(rows))
    assert [cell for block in blocks for cell in block.columns[1]] == list(map(str, range(rows)))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_without_columns(ending: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no columns in it"):
        ArrowFile(written(tmp_path / f"t.{ending}", {}))


def damage(content: bytes, find: bytes, put: bytes) -> bytes:
    assert find in content
    return content.replace(find, put, 1)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_text_that_is_no_utf_8(ending: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"t.{ending}", {"a": arrow.array(["text", "more"])})
    path.write_bytes(damage(path.read_bytes(), b"text", b"te\xff\xff"))
    with pytest.raises(DataError, match=f"t.{ending}: cannot be read: .*UTF"), ArrowFile(path) as file:
        list(file.blocks())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_ends_early(ending: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"t.{ending}", {"a": arrow.array(range(1000))})
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(DataError, match=f"t.{ending}: cannot be read: "), ArrowFile(path) as file:
        list(file.blocks())


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
            r"has crashed \(SIGSEGV\), so the file is probably damaged",
        ),
        ("import os\nos._exit(7)", r"has crashed \(exit code 7\)"),
        ("import sys\nsys.stdout.buffer.write(b'\\1' + bytes(7) + b'x')", "has crashed"),
        ("raise ImportError", r"has crashed \(exit code 1\)"),
    ],
)
def test_the_process_that_reads_may_die(
    program: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "t.parquet", {"a": arrow.array([1])})
    (tmp_path / "program.py").write_text(program)
    monkeypatch.setattr(arrow_worker, "__file__", str(tmp_path / "program.py"))
    with pytest.raises(DataError, match=f"t.parquet: cannot be read: the process that read it {message}"):
        ArrowFile(path)


def test_the_process_that_reads_dies_between_blocks(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", {"a": arrow.array(range(300_000))})
    with ArrowFile(path) as file:
        blocks = file.blocks()
        next(blocks)
        file._process.kill()
        with pytest.raises(
            DataError, match=r"has crashed .SIGKILL., so the file is probably damaged: write it again; or"
        ):
            list(blocks)


def test_no_process_is_left(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", {"a": arrow.array(range(300_000))})
    with ArrowFile(path) as file:
        next(file.blocks())
    assert file._process.returncode is not None
