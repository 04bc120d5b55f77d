"""The model file: an .npz whose arrays are the parameters, and whose ``meta`` is a JSON text that explains them.

The file comes from anywhere, so nothing in it is believed: what must be there follows from the config inside ``meta``,
and each array is compared with that before it is used. Nothing in a model file is ever run or unpacked.
"""

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from numpy.lib.format import read_array_header_1_0, read_magic, write_array

from mltrain.errors import ModelFileError
from mltrain.storage.files import reason, write_whole

FORMAT = 1


def write_model_file(path: Path, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write meta and arrays, whole or not at all. The same content gives the same bytes. Raises `StorageError`."""
    text = json.dumps({"format": FORMAT, **meta}, ensure_ascii=False, separators=(",", ":"))

    def write(file: BinaryIO) -> None:
        # What `np.savez` does; but not in every NumPy can that be told to refuse Python objects.
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in {"meta": np.array(text), **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    write_array(member, array, allow_pickle=False)

    write_whole(path, write)


class ModelFile:
    """An open model file: ``meta`` is read at once, arrays when asked for. Use it as a context manager.

    Every method raises `ModelFileError` if the file is not what it should be.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise ModelFileError(f"{path}: there is no such file") from None
        except OSError as error:
            raise ModelFileError(f"{path}: cannot be read: {reason(error)}") from error
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise ModelFileError(f"{path}: is not a model file; mltrain fit writes one called model.npz") from None
        try:
            self.meta = self._read_meta()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "ModelFile":
        return self

    def __exit__(self, *exception: object) -> None:
        self._zip.close()

    def read(self, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """The float32 array ``name``, which must have this shape and hold finite numbers only."""
        array = self.read_any(name, shape, np.dtype(np.float32))
        if not np.isfinite(array).all():
            raise ModelFileError(f"{self.path}: the array '{name}' holds numbers that are infinite or not a number")
        return array

    def read_any(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """The array ``name``, which must have this shape and type, whatever its numbers are."""
        array = self._member(name)
        if array.shape != shape or array.dtype != dtype:
            raise ModelFileError(
                f"{self.path}: the array '{name}' is {array.dtype} of shape {array.shape}, "
                f"but the model's layers need {dtype} of shape {shape}"
            )
        return array

    def _read_meta(self) -> dict[str, Any]:
        text = self._member("meta")
        if text.shape != () or text.dtype.kind != "U":
            raise ModelFileError(f"{self.path}: its meta is not a text, so it is not a model of mltrain")
        try:
            meta = json.loads(str(text))
        except (ValueError, RecursionError):
            raise ModelFileError(f"{self.path}: its meta is not JSON; the file is damaged") from None
        version = meta.get("format") if isinstance(meta, dict) else None
        if version != FORMAT:
            raise ModelFileError(f"{self.path}: has format {version!r}, but this mltrain reads format {FORMAT}")
        return meta

    def _member(self, name: str) -> npt.NDArray[Any]:
        """One array, whatever it holds, as long as that is no Python objects."""
        member = self._bytes(name)
        header = io.BytesIO(member)
        try:
            if (version := read_magic(header)) != (1, 0):
                raise ModelFileError(f"{self.path}: the array '{name}' has the unknown format {version}")
            shape, is_fortran, dtype = read_array_header_1_0(header)
            if dtype.hasobject:
                raise ModelFileError(f"{self.path}: the array '{name}' holds Python objects, which are never loaded")
            found, expected = len(member) - header.tell(), dtype.itemsize * math.prod(shape)
            if found != expected:
                raise ModelFileError(f"{self.path}: the array '{name}' has {found} bytes instead of {expected}")
            array = np.frombuffer(member, dtype, offset=header.tell())
            return array.reshape(shape, order="F" if is_fortran else "C")
        except ModelFileError:
            raise
        except Exception as error:  # NumPy reads headers with Python's parser, which has many ways to complain
            raise self._damaged(name) from error

    def _bytes(self, name: str) -> bytes:
        """The content of a member. It takes no more memory than the file has bytes, because nothing is unpacked."""
        try:
            member = self._zip.getinfo(f"{name}.npy")
            if member.compress_type != zipfile.ZIP_STORED:
                raise ModelFileError(f"{self.path}: the array '{name}' is compressed, as no model of mltrain is")
            return self._zip.read(member)
        except KeyError:
            raise ModelFileError(f"{self.path}: lacks the array '{name}'") from None
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError, RuntimeError) as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> ModelFileError:
        return ModelFileError(f"{self.path}: the array '{name}' cannot be read; the file is damaged")
