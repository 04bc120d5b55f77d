import copy
import io
import json
import re
import struct
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from fuzzing.mutations import HUGE, INTERESTING, change_bytes, change_tree
from fuzzing.targets import Target
from mltrain.config.load import parse_config
from mltrain.preparation import prepare
from mltrain.storage.model import Model

_CONFIGS = (
    """
dataset: {type: inline, x: [[0, 1], [1, 0], [1, 1]], y: [iris, rose, rose]}
layers:
  - {type: dense, units: 3, activation: relu}
  - {type: dense, units: 2, activation: softmax}
loss: sparse_categorical_crossentropy
metrics: [accuracy]
""",
    """
dataset: {type: csv, path: cats.csv, target: weight}
layers:
  - {type: reshape, target_shape: [2, 2]}
  - flatten
  - {type: dropout, rate: 0.1}
  - {type: dense, name: out, units: 1, kernel_initializer: {type: constant, value: 0.5}}
loss: mse
optimizer: {type: adam, learning_rate: {type: cosine_decay, initial_learning_rate: 0.1, decay_steps: 9}}
training: {track: [out.bias]}
""",
)
_CATS = "kind,age,tail,weight\ncat,3,1.5,4\ndog,4,2.5,6\ncat,5,1,5\ndog,6,3,9\n"

_WORDS = {
    b"PK\x03\x04": (4, 6, 8, 14, 18, 22, 26, 28),
    b"PK\x01\x02": (6, 8, 10, 16, 20, 24, 28, 30, 32, 42),
    b"PK\x05\x06": (8, 10, 12, 16, 20),
}
"""Where in the records of a zip file the numbers are that a reader goes by, by the records' first bytes."""

_MOST = 10_000
"""Numbers in a row of input up to which a model that was loaded is asked for a prediction, too."""


class ModelTarget(Target):
    """model.npz, changed in its bytes, zip records, array headers, arrays and meta"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "cats.csv").write_text(_CATS)
        self._path = folder / "model.npz"
        self._files, self._members = [], []
        for config in _CONFIGS:
            prepare(parse_config(config, folder / "config.yaml"), folder).model([]).save(self._path)
            self._files.append(self._path.read_bytes())
            with zipfile.ZipFile(self._path) as file:
                self._members.append({name: file.read(name) for name in file.namelist()})
        self._metas = [json.loads(str(np.load(io.BytesIO(members["meta.npy"])))) for members in self._members]

    def mutated(self, rng: Random) -> dict[str, bytes]:
        which = rng.randrange(len(self._files))
        match rng.randrange(10):
            case 0 | 1 | 2:
                content = change_bytes(rng, self._files[which], self._files)
            case 3 | 4:
                content = _change_records(rng, self._files[which])
            case 5:
                content = _zipped(_change_header(rng, self._members[which]))
            case 6:
                content = _change_members(rng, self._members[which])
            case _:
                meta = change_tree(rng, copy.deepcopy(self._metas[which]))
                content = _zipped({**self._members[which], "meta.npy": _npy(np.array(_json(rng, meta)))})
        return {self._path.name: content}

    def read(self) -> None:
        model = Model.load(self._path)
        shape = model.facts.input_shape
        if np.prod(shape, dtype=float) <= _MOST:
            with np.errstate(all="ignore"):  # weights may be of any size
                y = model.predict(np.ones((2, *shape), np.float32))
            if model.classes is not None:
                model.labels(y)


def _npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def _json(rng: Random, meta: Any) -> str:
    text = json.dumps(meta, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1:
        place = rng.randrange(len(text))
        text = (
            text[:place]
            + rng.choice(("[" * 2000, "1" * 5000, "NaN", '"', "\\ud800", ""))
            + text[place + rng.randrange(9) :]
        )
    return text


def _zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _change_records(rng: Random, content: bytes) -> bytes:
    """The same file with other numbers in some of its records."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        signature = rng.choice(tuple(_WORDS))
        starts = [found.start() for found in re.finditer(signature, data)]
        if not starts:  # an earlier change was to one of these
            continue
        place = rng.choice(starts) + rng.choice(_WORDS[signature])
        (old,) = struct.unpack_from("<H", data, place)
        number = rng.choice((*INTERESTING, *HUGE, old + 1, old - 1, len(data), rng.randrange(2**16)))
        width = rng.choice((2, 4))
        data[place : place + width] = (number % 2 ** (8 * width)).to_bytes(width, "little")
    return bytes(data)


def _change_header(rng: Random, members: dict[str, bytes]) -> dict[str, bytes]:
    """The header of one array says something else of its data."""
    name = rng.choice(tuple(members))
    content = members[name]
    data = content[content.index(b"\n") + 1 :]
    order = rng.choice(("True", "False", "False", "0", "None"))
    sizes = (*INTERESTING[:8], *HUGE, -1, -6, "2L", "1e3", "''", "()")
    shape = ", ".join(str(rng.choice(sizes)) for _ in range(rng.choice((0, 1, 2, 2, 3, 40))))
    kind = rng.choice(
        ("<f4", "<f4", ">f4", "<f8", "<i4", "|O", "<U3", "<U1000000000", "|V8", "|S0", "<f3", "<M8[ns]", "|b1")
    )
    header = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({shape},), }}"
    header = rng.choice((header, header.replace(", }", "}"), header[1:], header + "0" * 5000, "[" * 10_000, header))
    version = rng.choice(((1, 0), (1, 0), (1, 0), (2, 0), (3, 0), (9, 9)))
    length = len(header) + rng.choice((0, 0, 0, 1, -1, 60_000))
    start = b"\x93NUMPY" + bytes(version) + (length % 2**16).to_bytes(2 if version == (1, 0) else 4, "little")
    return {**members, name: start + header.encode() + rng.choice((data, b"", data + b"\0", bytes(24)))}


def _change_members(rng: Random, members: dict[str, bytes]) -> bytes:
    """Arrays are missing, doubled, called otherwise, compressed, or hold something else."""
    names = [name for name in members if name != "meta.npy"]
    name, other = rng.choice(tuple(members)), rng.choice(names)
    match rng.randrange(7):
        case 0:
            return _zipped({one: content for one, content in members.items() if one != name})
        case 1:
            return _zipped(members) + _zipped(members)
        case 2:
            escape = rng.choice(
                ("../" + name, "/etc/" + name, name.upper(), name + "\0x", " ", "a/" * 500, "C:\\" + name)
            )
            return _zipped({(escape if one == name else one): content for one, content in members.items()})
        case 3:
            return _zipped(members, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
        case 4:
            return _zipped({**members, name: members[other]})
        case 5:
            array = np.load(io.BytesIO(members[other])).astype(rng.choice(("<f4", ">f4", "<f8", "<f2", "<i4", "O")))
            array.flat[0] = rng.choice((0.0, 6e4, float("nan"), float("inf"))) if array.dtype.kind in "fO" else 1
            return _zipped({**members, other: _npy(np.asfortranarray(array))})
        case _:
            content = change_bytes(rng, members[name], list(members.values()))
            return _zipped({**members, name: content})
