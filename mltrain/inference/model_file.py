"""The model file: an .npz with the parameters as arrays, and a JSON text ``meta`` that describes them.

The file is untrusted input. The expected arrays follow from the config inside ``meta``, and the header of each array is
compared with them before memory is allocated for it. No code in a model file is run and no pickle is loaded. Reading a
file takes no more memory than its length plus a constant.
"""

import io
import json
import os
import reprlib
import struct
import zipfile
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt
from numpy.lib.format import write_array

from mltrain.data.npy import Header, read_header
from mltrain.engine.arrays import Shape, size
from mltrain.errors import ModelFileError, StorageError, reason
from mltrain.system.files import write_whole
from mltrain.system.safe_open import open_file

FORMAT, ENSEMBLE = 1, 2
"""The format of a file with one network, and of runs' other files; and of a file with several networks."""

MODEL_FORMATS = (FORMAT, ENSEMBLE)

MOST_META = 5_000_000
"""Characters of ``meta``. The longest config that can be read needs fewer; columns and categories add to it."""

_PORTION = 2**20
"""Most bytes of one read. The list of members must fit into it, which allows some ten thousand members."""

_CHARACTER, _ITEM = 4, 4
"""Bytes per character of ``meta``, and per parameter."""

_FAULTS = (
    zipfile.BadZipFile,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    OSError,
    RuntimeError,
    struct.error,
)
"""The exceptions that Python raises for damaged zip files."""

_FLOAT32: np.dtype[Any] = np.dtype(np.float32)


def write_model_file(path: Path, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write meta and arrays atomically. The same content gives the same bytes. Raises `StorageError`."""
    text = meta_text(meta)
    if len(text) > MOST_META:
        raise StorageError(f"{path}: cannot be written: {too_long(len(text))}")

    def write(file: BinaryIO) -> None:
        # As `np.savez`, which has no option to refuse Python objects in some versions of NumPy.
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in {"meta": np.array(text), **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    write_array(member, array, allow_pickle=False)

    write_whole(path, write)


def meta_text(meta: dict[str, Any]) -> str:
    """The text of a model file's ``meta``."""
    return json.dumps({"format": FORMAT, **meta}, ensure_ascii=False, separators=(",", ":"))


def too_long(length: int) -> str:
    """The message for a ``meta`` of more than `MOST_META` characters."""
    return (
        f"a model keeps its config and the names of columns and categories, which take {length:,} characters here; "
        f"there is room for {MOST_META:,}"
    )


_MOST_DIGITS = 300
"""Digits of the largest whole number that is also a float."""


def _whole(digits: str) -> int | float:
    """A whole number of JSON; one beyond all floats is infinite, as it is in a config: msgspec 0.20 breaks at it."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


class _Archive(io.BufferedReader):
    """A zip file that bounds the size of each read, since the sizes in its directory are untrusted."""

    def read(self, count: int | None = -1, /) -> bytes:
        if count is not None and count > _PORTION:
            raise zipfile.BadZipFile
        return super().read(count)


class ModelFile:
    """An open model file: ``meta`` is read at once, arrays when asked for. Use it as a context manager.

    ``formats`` are those that are read. Every method raises `ModelFileError` if the file is damaged or does not fit.
    """

    def __init__(self, path: Path, formats: Collection[int] = (FORMAT,)):
        self.path, self._formats = path, formats
        try:
            self._file = _Archive(open_file(path).detach())
        except FileNotFoundError:
            raise ModelFileError(f"{path}: there is no such file") from None
        except OSError as error:
            raise ModelFileError(f"{path}: cannot be read: {reason(error)}") from error
        try:
            self._zip = self._unzipped()
            self.meta = self._read_meta()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "ModelFile":
        return self

    def __exit__(self, *exception: object) -> None:
        self._zip.close()
        self._file.close()

    def check(self, shapes: Mapping[str, Shape]) -> None:
        """Refuse the file unless it has float32 arrays of these names and shapes. Only headers are read."""
        for name, shape in shapes.items():
            with self._open(name) as member:
                self._check_header(name, member, shape)
        wanted = sum(map(size, shapes.values())) * _ITEM
        found = os.fstat(self._file.fileno()).st_size
        if wanted > found:  # overlapping arrays: a short file could demand any amount of memory
            raise ModelFileError(f"{self.path}: has {found:,} bytes, but its arrays say that they have {wanted:,}")

    def read(self, name: str, shape: Shape) -> npt.NDArray[np.float32]:
        """The float32 array ``name``, which must have this shape and hold finite numbers only."""
        self.check({name: shape})
        array = np.empty(shape, np.float32)
        self.read_into(name, array)
        return array

    def read_into(self, name: str, array: npt.NDArray[Any]) -> None:
        """Read the array ``name``, of finite numbers, into one of its shape, which is float32 and contiguous."""
        with self._open(name) as member:
            header = self._check_header(name, member, array.shape)
            target = np.empty(array.shape[::-1], np.float32) if header.column_major else array
            self._fill(name, member, target.reshape(-1).view(np.uint8).data)
        if header.column_major:
            array[...] = target.T
        if not np.isfinite(array).all():
            raise ModelFileError(f"{self.path}: the array '{name}' holds numbers that are infinite or not a number")

    def read_any(self, name: str, shape: Shape, kind: np.dtype[Any]) -> npt.NDArray[Any]:
        """The array ``name``, which must have this shape and type; its numbers are not checked."""
        with self._open(name) as member:
            header = self._check_header(name, member, shape, kind)
            array = np.empty(shape, kind, order="F" if header.column_major else "C")
            self._fill(name, member, array.reshape(-1, order="A").view(np.uint8).data)
        return array

    def count_numbers(self) -> int:
        """The number of elements of all arrays besides meta, from their headers; the data is not read."""
        count = 0
        for name in self._zip.namelist():
            if name != "meta.npy":
                name = name.removesuffix(".npy")
                with self._open(name) as member:
                    count += size(self._header(name, member).shape)
        return count

    def _unzipped(self) -> zipfile.ZipFile:
        try:
            archive = zipfile.ZipFile(self._file)
        except _FAULTS:
            raise ModelFileError(f"{self.path}: is not a model file; mltrain fit writes one called model.npz") from None
        (name, count), *_ = Counter(archive.namelist()).most_common(1) or [("", 0)]
        if count > 1:  # other programs may read another of the members with the same name
            raise ModelFileError(f"{self.path}: holds {name!r} {count} times; the file is damaged")
        return archive

    def _read_meta(self) -> dict[str, Any]:
        with self._open("meta") as member:
            header = self._header("meta", member)
            if header.shape != () or header.kind.kind != "U":
                raise ModelFileError(f"{self.path}: its meta is not a text, so it is not a model of mltrain")
            if header.kind.itemsize > _CHARACTER * MOST_META:
                raise ModelFileError(f"{self.path}: its meta is longer than {MOST_META:,} characters; is it a model?")
            content = bytearray(header.kind.itemsize)
            self._fill("meta", member, memoryview(content))
        try:
            order = "be" if header.kind.byteorder == ">" else "le"
            meta = json.loads(content.decode(f"utf-32-{order}", "surrogatepass"), parse_int=_whole)
        except (ValueError, RecursionError):
            raise ModelFileError(f"{self.path}: its meta is not JSON; the file is damaged") from None
        version = meta.get("format") if isinstance(meta, dict) else None
        if version not in self._formats:
            shown, read = reprlib.repr(version), " or ".join(map(str, self._formats))
            raise ModelFileError(f"{self.path}: has format {shown}, but this mltrain reads format {read}")
        return meta

    def _open(self, name: str) -> IO[bytes]:
        """A member of the file, opened at its beginning."""
        try:
            member = self._zip.getinfo(f"{name}.npy")
            if member.compress_type != zipfile.ZIP_STORED:
                raise ModelFileError(f"{self.path}: the array '{name}' is compressed, as no model of mltrain is")
            if member.compress_size != member.file_size:
                raise self._damaged(name)
            return self._zip.open(member)
        except KeyError:
            raise ModelFileError(f"{self.path}: lacks the array '{name}'") from None
        except _FAULTS as error:
            raise self._damaged(name) from error

    def _header(self, name: str, member: IO[bytes]) -> Header:
        """The header of a member, checked against the member's length; the stream is at the data then."""
        try:
            header = read_header(member)
        except _FAULTS as error:
            raise self._damaged(name) from error
        if header.kind.hasobject:
            raise ModelFileError(f"{self.path}: the array '{name}' holds Python objects, which are never loaded")
        found = self._zip.getinfo(f"{name}.npy").file_size - member.tell()
        if found != header.length:
            raise ModelFileError(f"{self.path}: the array '{name}' has {found} bytes instead of {header.length}")
        return header

    def _check_header(self, name: str, member: IO[bytes], shape: Shape, kind: np.dtype[Any] = _FLOAT32) -> Header:
        header = self._header(name, member)
        if header.shape != shape or header.kind != kind:
            raise ModelFileError(
                f"{self.path}: the array '{name}' is {header.kind} of shape {header.shape}, "
                f"but the model's layers need {kind} of shape {shape}"
            )
        return header

    def _fill(self, name: str, member: IO[bytes], target: memoryview) -> None:
        """Read the rest of a member, whose length equals that of the buffer."""
        try:
            while target and (part := member.read(min(len(target), _PORTION))):
                target[: len(part)] = part
                target = target[len(part) :]
        except _FAULTS as error:
            raise self._damaged(name) from error
        if target:
            raise self._damaged(name)

    def _damaged(self, name: str) -> ModelFileError:
        return ModelFileError(f"{self.path}: the array '{name}' cannot be read; the file is damaged")
