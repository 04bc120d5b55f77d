"""The model file: an .npz whose arrays are the parameters, and whose ``meta`` is a JSON text that explains them.

The file comes from anywhere, so nothing in it is believed: what must be there follows from the config inside ``meta``,
and each array's header is compared with that before any of its data is read. Nothing in a model file is ever run.
"""

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mltrain.errors import ModelFileError
from mltrain.storage.files import reason, write_whole

FORMAT = 1
LARGEST_META = 64 * 2**20
"""Bytes of ``meta`` that are read at most; that of a config with a thousand inline rows is below one megabyte."""


def write_model_file(path: Path, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write meta and arrays, whole or not at all. The same content gives the same bytes. Raises `StorageError`."""
    text = json.dumps({"format": FORMAT, **meta}, ensure_ascii=False, separators=(",", ":"))

    def write(file: BinaryIO) -> None:
        np.savez(file, allow_pickle=False, meta=np.array(text), **arrays)

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
        array = self._member(name, lambda found, dtype: self._expect(name, found, dtype, shape))
        if not np.isfinite(array).all():
            raise ModelFileError(f"{self.path}: the array '{name}' holds numbers that are infinite or not a number")
        return array

    def _expect(self, name: str, found: tuple[int, ...], dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        if found != shape or dtype != np.float32:
            raise ModelFileError(
                f"{self.path}: the array '{name}' is {dtype} of shape {found}, "
                f"but the model's layers need float32 of shape {shape}"
            )

    def _read_meta(self) -> dict[str, Any]:
        def expect(found: tuple[int, ...], dtype: np.dtype[Any]) -> None:
            if found != () or dtype.kind != "U" or dtype.itemsize > LARGEST_META:
                raise ModelFileError(f"{self.path}: its meta is not a text, so it is not a model of mltrain")

        try:
            meta = json.loads(str(self._member("meta", expect)))
        except (ValueError, RecursionError):
            raise ModelFileError(f"{self.path}: its meta is not JSON; the file is damaged") from None
        version = meta.get("format") if isinstance(meta, dict) else None
        if version != FORMAT:
            raise ModelFileError(f"{self.path}: has format {version!r}, but this mltrain reads format {FORMAT}")
        return meta

    def _member(self, name: str, expect: Any) -> npt.NDArray[Any]:
        """Read one array after ``expect(shape, dtype)`` has agreed with its header."""
        try:
            with self._zip.open(f"{name}.npy") as member:
                version = np.lib.format.read_magic(member)
                read_header = {
                    (1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0,
                }.get(version)
                if read_header is None:
                    raise ModelFileError(f"{self.path}: the array '{name}' is in an unknown format {version}")
                shape, fortran, dtype = read_header(member)
                if dtype.hasobject:
                    raise ModelFileError(
                        f"{self.path}: the array '{name}' holds Python objects, which are never loaded"
                    )
                expect(shape, dtype)
                size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
                data = member.read(size + 1)
        except KeyError:
            raise ModelFileError(f"{self.path}: lacks the array '{name}'") from None
        except (
            zipfile.BadZipFile,
            EOFError,
            ValueError,
            NotImplementedError,
            OSError,
            RuntimeError,
            SyntaxError,
        ) as error:
            raise ModelFileError(f"{self.path}: the array '{name}' cannot be read; the file is damaged") from error
        if len(data) != size:
            raise ModelFileError(f"{self.path}: the array '{name}' has {len(data)} bytes instead of {size}")
        return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
