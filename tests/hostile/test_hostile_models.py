"""Model files made to do harm: each is refused in one line, by a process that has little memory and time."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from guarded import answers, refusal

from mltrain.config.load import parse_config
from mltrain.errors import DataError, ModelFileError, StorageError
from mltrain.inference.model import Model
from mltrain.inference.model_file import MOST_META, write_model_file
from mltrain.job import prepare

CONFIG = """
dataset: {type: inline, x: [[0, 1], [1, 0], [1, 1]], y: [iris, rose, rose]}
layers: [{type: dense, units: 3}, {type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    prepare(parse_config(CONFIG, "flowers.yaml"), tmp_path).model([]).save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def write(path: Path, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in content.items():
            file.writestr(name, data)


def change_meta(path: Path, change: Callable[[Any], None]) -> None:
    content = members(path)
    meta = json.loads(str(np.load(io.BytesIO(content["meta.npy"]))))
    change(meta)
    write(path, {**content, "meta.npy": npy(np.array(json.dumps(meta)))})


def header(kind: str, shape: str) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def test_a_file_of_a_gigabyte_that_is_no_zip_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**30)
    assert refusal("model", path) == "FILE: is not a model file; mltrain fit writes one called model.npz"


def test_a_list_of_members_that_is_most_of_the_file(path: Path) -> None:
    """Each takes 50 bytes in the file and ten times as many in memory."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    count = 2 * 10**6
    directory = entry * count
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count % 2**16, count % 2**16, len(directory), 0, 0)
    path.write_bytes(directory + end)
    assert refusal("model", path) == "FILE: is not a model file; mltrain fit writes one called model.npz"


@pytest.mark.parametrize("field", [20, 24])
def test_a_member_that_is_said_to_be_larger_than_it_is(path: Path, field: int) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + field
    content[place : place + 4] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(content)
    assert refusal("model", path).startswith("FILE: the array 'meta' ")


def test_meta_that_is_longer_than_any(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file, file.open("meta.npy", "w") as member:
        member.write(header(f"<U{2 * MOST_META}", "()"))
        for _ in range(8):
            member.write(bytes(MOST_META))
    assert refusal("model", path) == "FILE: its meta is longer than 5,000,000 characters; is it a model?"


def test_meta_that_is_small_in_the_file_and_large_in_memory(tmp_path: Path) -> None:
    paths = []
    for index, piece in enumerate(["[],", "{},", '{"a":1},', "1.5,", '"a",']):
        text = f'{{"format":1,"x":[{piece * (MOST_META // len(piece) - 20)}0]}}'
        paths.append(tmp_path / f"{index}.npz")
        write(paths[-1], {"meta.npy": npy(np.array(text))})
    said = "its meta is incomplete; the file is damaged"
    assert answers("model", *paths) == [f"{path}: {said}" for path in paths]


def test_arrays_that_overlap(path: Path) -> None:
    """A thousand arrays of 360 kB in half a megabyte: each begins a little behind the one before."""
    names = [f"d{index:03}" for index in range(1000)]
    layers = [{"type": "dense", "units": 300, "use_bias": False, "name": name} for name in names]
    change_meta(path, lambda meta: meta["config"].update(layers=layers, loss="mse"))
    change_meta(path, lambda meta: meta["config"]["dataset"].update(x=[[0] * 300], y=[[0] * 300]))
    change_meta(path, lambda meta: meta.update(input_shape=[300], outputs=300, classes=None))
    meta, array = members(path)["meta.npy"], header("<f4", "(300, 300)")
    size = len(array) + 300 * 300 * 4
    content, directory = bytearray(), b""
    for name, data, length in [("meta.npy", meta, len(meta)), *((f"{name}.kernel.npy", array, size) for name in names)]:
        crc = zlib.crc32(data) if length == len(data) else 0
        common = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, crc, length, length, len(name), 0)
        directory += b"PK\x01\x02\x14\x03" + common + struct.pack("<3H2L", 0, 0, 0, 0, len(content)) + name.encode()
        content += b"PK\x03\x04" + common + name.encode() + data
    content += bytes(size)
    end = struct.pack("<4H2LH", 0, 0, 1001, 1001, len(directory), len(content), 0)
    path.write_bytes(content + directory + b"PK\x05\x06" + end)
    assert path.stat().st_size < 10**6
    assert refusal("model", path).endswith(" bytes, but its arrays say that they have 360,000,000")


def test_a_config_of_absurd_sizes(path: Path) -> None:
    paths = []
    for units in (10**6, 10**9, 10**12, 10**18, 10**30):
        change_meta(path, lambda meta, units=units: meta["config"]["layers"][0].update(units=units))
        paths.append(path.with_name(f"{units}.npz"))
        paths[-1].write_bytes(path.read_bytes())
    found = answers("model", *paths)
    assert all(answer and answer.startswith(f"{path}: ") for answer, path in zip(found, paths, strict=True))


def test_shapes_of_absurd_length(path: Path) -> None:
    change_meta(path, lambda meta: meta.update(input_shape=[10**18] * 10_000))
    with pytest.raises(ModelFileError, match="its meta is incomplete"):
        Model.load(path)
    change_meta(path, lambda meta: meta.update(input_shape=[2]))
    reshape = {"type": "reshape", "target_shape": [10**18] * 10_000}
    change_meta(path, lambda meta: meta["config"]["layers"].insert(0, reshape))
    with pytest.raises(ModelFileError, match=r"its config cannot be used: layers\[0\].target_shape: expected"):
        Model.load(path)


def test_an_array_that_is_there_twice(path: Path) -> None:
    content = members(path)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as file:
        file.writestr("dense.kernel.npy", content["dense.kernel.npy"])
    with pytest.raises(ModelFileError, match=r"holds 'dense.kernel.npy' 2 times; the file is damaged"):
        Model.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta["inputs"].update(scale=0.0),
        lambda meta: meta["inputs"].update(scale=1e-60),
        lambda meta: meta["inputs"].update(shift=[1.0, 2.0, 3.0]),
        lambda meta: meta["targets"].update(scale=1e60),
        lambda meta: meta["targets"].update(shift=[0.0, 0.0, 0.0]),
        lambda meta: meta.update(outputs=0),
        lambda meta: meta.update(outputs=1.5),
        lambda meta: meta.update(input_shape="22"),
        lambda meta: meta.update(classes="iris"),
        lambda meta: meta.update(classes=[]),
        lambda meta: meta.update(classes=[["iris"], ["rose"]]),
        lambda meta: meta.update(table={"columns": [{"type": "number", "name": "a"}], "targets": ["b"]}),
        lambda meta: meta.update(table={"columns": [{"type": "number", "name": n} for n in "ab"], "targets": []}),
    ],
)
def test_meta_that_would_be_found_wrong_only_when_predicting(path: Path, change: Callable[[Any], None]) -> None:
    change_meta(path, change)
    with pytest.raises(ModelFileError, match="its meta is incomplete; the file is damaged"):
        Model.load(path)


def test_what_a_file_says_cannot_speak_to_the_terminal(path: Path) -> None:
    change_meta(path, lambda meta: meta["config"].update({"\x1b[2J\nmltrain: all is well": 1}))
    with pytest.raises(ModelFileError) as caught:
        Model.load(path)
    said = r"its config cannot be used: \x1b[2J\nmltrain: all is well: unknown option"
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_model_does_not_say_where_files_are(path: Path) -> None:
    """A stranger's model must not make evaluate read a file of its choice."""
    dataset = {"type": "csv", "path": "/etc/passwd", "target": "root"}
    change_meta(path, lambda meta: meta["config"].update(dataset=dataset))
    assert getattr(Model.load(path).config.dataset, "path", None) == "passwd"


def test_what_would_not_be_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"which take 5,000,0.. characters here; there is room for 5,000,000"):
        write_model_file(tmp_path / "model.npz", {"x": "y" * MOST_META}, {})
    assert not list(tmp_path.iterdir())


def test_what_no_model_file_has_room_for_is_refused_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mltrain.inference.model.MOST_META", 100)
    with pytest.raises(DataError, match="a model keeps its config and the names of columns and categories"):
        prepare(parse_config(CONFIG, "flowers.yaml"), Path())
