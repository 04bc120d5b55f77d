import lzma
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.find_files import find_file
from mltrain.data.npy import read_header
from mltrain.data.preprocessing import AS_IS, pixels
from mltrain.data.unpacking import is_too_much
from mltrain.errors import DataError, DataProblem, printable, reason
from mltrain.names.nearest import did_you_mean, some
from mltrain.system.safe_open import open_file

_SINGLE = b"\x93NUMPY"
"""How files of `numpy.save` begin."""

_PORTION = 2**20
"""Bytes that are read at a time: memory is taken for what comes, not for what is announced."""

_UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Npz(DatasetSpec):
    """Arrays that ``numpy.savez`` wrote: inputs and targets by their names in the file.

    Inputs are ``(rows, ...)``: bytes stay bytes, as images are, and other numbers become float32. Targets ``(rows,)``
    of texts are classes in alphabetical order, whole numbers are class numbers from 0; decimal numbers, ``(rows,)`` or
    ``(rows, outputs)``, are numbers. Python objects are never loaded.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"path": "rows.npz", "test_split": 0.2},)

    path_options: ClassVar[tuple[str, ...]] = ("path",)

    path: Annotated[str, Meta(description="the file, seen from the config's folder or from the working folder")]
    x: Annotated[str, Meta(description="the array of inputs")] = "x"
    y: Annotated[str, Meta(description="the array of targets")] = "y"
    test_x: Annotated[str | None, Meta(description="an array of inputs for evaluate")] = None
    test_y: Annotated[str | None, Meta(description="the array of their targets")] = None
    scale: Annotated[bool, Meta(description="give the network bytes as numbers from 0 to 1, not from 0 to 255")] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_test_pair("test_x", "test_y", "rows")

    def read(self, seed: int, folder: Path) -> RawData:
        row_spec, rows, test = self._arrays(folder)
        preprocessing = pixels(scale=self.scale) if rows.x.dtype == np.uint8 else AS_IS
        return RawArrays(row_spec, rows, test, preprocessing)

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        return replace(self, path=str(find_file(self.path, folder).resolve()))

    def without_paths(self) -> DatasetSpec:
        return replace(self, path=Path(self.path).name)

    def find_missing(self, folder: Path) -> list[DataProblem]:
        problems = super().find_missing(folder)
        if not problems:
            path = find_file(self.path, folder)
            there = _names(path)
            for option in ("x", "y", "test_x", "test_y"):
                name = getattr(self, option)
                if there is not None and name is not None and name not in there:
                    lacks = f"there is no array '{name}' in {path}"
                    problems.append(
                        DataProblem((option,), lacks + did_you_mean(name, there, f"; there are {some(there)}"))
                    )
        return problems

    def _arrays(self, folder: Path) -> tuple[RowSpec, Split, Split | None]:
        path = find_file(self.path, folder)
        names = [name for name in (self.x, self.y, self.test_x, self.test_y) if name is not None]
        arrays = _read(path, names)
        x, y = _inputs(path, self.x, arrays[self.x]), arrays[self.y]
        classes = _classes(path, self.y, y)
        rows = Split(x, _targets(path, self.y, y, classes))
        _check_lengths(path, self.x, self.y, rows)
        row_spec = RowSpec(x.shape[1:], 1 if classes else rows.y.shape[1], classes)
        if self.test_x is None or self.test_y is None:
            return row_spec, rows, None
        test_x = arrays[self.test_x]
        if self.scale:
            test_x = _like(path, self.x, arrays[self.x], self.test_x, test_x)
        else:
            test_x = _inputs(path, self.test_x, test_x)
        test = Split(test_x, _targets(path, self.test_y, arrays[self.test_y], classes))
        _check_lengths(path, self.test_x, self.test_y, test)
        if test.x.shape[1:] != x.shape[1:] or test.y.shape[1:] != rows.y.shape[1:]:
            raise DataError(
                f"{path}: rows of '{self.test_x}' and '{self.test_y}' have other shapes than those to learn"
            )
        return row_spec, rows, test


def _names(path: Path) -> list[str] | None:
    """The names of the arrays in a file; None where it cannot be read as such a file."""
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            return [printable(name.removesuffix(".npy")) for name in archive.namelist() if name.endswith(".npy")]
    except (OSError, ValueError, OverflowError, EOFError, RuntimeError, struct.error, *_UNPACKING):
        return None


def _read(path: Path, names: list[str]) -> dict[str, npt.NDArray[Any]]:
    try:
        with open_file(path) as file:
            if file.peek(len(_SINGLE)).startswith(_SINGLE):
                raise DataError(f"{path}: holds a single array; numpy.savez writes several, by their names")
            with zipfile.ZipFile(file) as archive:
                there = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
                if lacking := [name for name in names if name not in there]:
                    raise DataError(
                        f"{path}: there is no array '{lacking[0]}' among {', '.join(map(printable, there))}"
                    )
                return {name: _array(archive, name) for name in names}
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (OSError, ValueError, OverflowError, EOFError, RuntimeError, struct.error, *_UNPACKING) as error:
        why = reason(error)
        raise DataError(f"{path}: cannot be read as arrays of numpy.savez: {why}") from None


def _array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """An array, in no more memory than its packed bytes account for."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as member:
        try:
            header = read_header(member)
        except ValueError as error:
            raise ValueError(f"'{name}' {error}") from None
        if header.kind.hasobject:
            raise ValueError(f"'{name}' holds Python objects, which are never loaded")
        if header.length != info.file_size - member.tell() or is_too_much(info.file_size, info.compress_size):
            raise ValueError(f"'{name}' is said to hold {header.length:,} bytes, and does not")
        content = bytearray()
        while part := member.read(_PORTION):
            content += part
    if header.kind.kind == "U" and (np.frombuffer(content, header.kind.str[0] + "u4") > sys.maxunicode).any():
        raise ValueError(f"'{name}' holds what are no characters")
    array = np.frombuffer(content, header.kind)
    return array.reshape(header.shape, order="F" if header.column_major else "C")


def _inputs(path: Path, name: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if x.dtype.kind not in "uifb" or x.ndim < 1 or not x.size:
        raise DataError(f"{path}: the array '{name}' is {x.dtype} of shape {x.shape}; expected numbers, a row each")
    x = x[:, None] if x.ndim == 1 else x
    if x.dtype == np.uint8:
        return np.ascontiguousarray(x)
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(x, np.float32)
    if not np.isfinite(x).all():
        row = int(np.argwhere(~np.isfinite(x))[0][0])
        raise DataError(f"{path}: row {row + 1:,} of '{name}' holds what is no number, or none of 32 bits")
    return x


def _like(path: Path, name: str, x: npt.NDArray[Any], test_name: str, test_x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The rows to test on, with numbers that mean the same as in those to learn from, of which bytes are scaled."""
    given, test_x = test_x, _inputs(path, test_name, test_x)
    if (x.dtype == np.uint8) == (test_x.dtype == np.uint8):
        return test_x
    if x.dtype == np.uint8:
        bytes_too = bool(((test_x >= 0) & (test_x <= 255) & (test_x == np.floor(test_x))).all())
        if bytes_too and (given.dtype.kind in "ui" or test_x.max() > 1):
            return test_x.astype(np.uint8)
    elif x.dtype.kind in "ui":
        return test_x.astype(np.float32)
    raise DataError(
        f"{path}: '{name}' is {x.dtype}, but '{test_name}' is {given.dtype}, from {test_x.min():g} to "
        f"{test_x.max():g}: bytes are scaled, other numbers are not; save both in one dtype"
    )


def _classes(path: Path, name: str, y: npt.NDArray[Any]) -> tuple[str, ...] | None:
    if y.ndim == 1 and y.dtype.kind == "U":
        return tuple(np.unique(y).tolist())
    if y.ndim == 1 and y.dtype.kind in "uib" and y.size:
        if y.min() < 0:
            raise DataError(f"{path}: '{name}' holds the class number {y.min()}; they count from 0")
        if y.max() >= len(y):
            raise DataError(
                f"{path}: '{name}' holds {y.max()} among {len(y):,} rows; save numbers as floats, not as int"
            )
        return tuple(map(str, range(int(y.max()) + 1)))
    return None


def _targets(path: Path, name: str, y: npt.NDArray[Any], classes: tuple[str, ...] | None) -> npt.NDArray[Any]:
    if classes is None:
        if y.dtype.kind not in "uif" or y.ndim not in (1, 2):
            raise DataError(f"{path}: '{name}' is {y.dtype} of shape {y.shape}; expected texts or numbers, a row each")
        return _inputs(path, name, y).astype(np.float32)
    if y.ndim != 1:
        raise DataError(f"{path}: '{name}' is {y.dtype} of shape {y.shape}; expected the class of each row")
    whole = y.dtype.kind == "b" or (y.dtype.kind == "f" and bool(((y == np.floor(y)) & (np.abs(y) < 2**31)).all()))
    numbers = {text: number for number, text in enumerate(classes)}
    texts = (y.astype(np.int64) if whole else y).astype(str).tolist()
    if unknown := [text for text in texts if text not in numbers]:
        raise DataError(f"{path}: '{name}' holds the class '{unknown[0]}', which there is none of to learn from")
    return np.array([numbers[text] for text in texts], np.int32)


def _check_lengths(path: Path, x: str, y: str, rows: Split) -> None:
    if len(rows.x) != len(rows.y):
        raise DataError(f"{path}: '{x}' has {len(rows.x):,} rows, but '{y}' has {len(rows.y):,}")
