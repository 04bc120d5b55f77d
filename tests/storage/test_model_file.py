"""Model files that are not what they should be: each is refused in a line that says why, and nothing in it is run."""

import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_models import CLASSIFIER, Members, model_of, npy, rewrite, rewrite_meta

from mltrain.errors import ModelFileError, StorageError
from mltrain.inference.model import Model
from mltrain.inference.model_file import ModelFile, write_model_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    model_of(CLASSIFIER).save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


def refusal(path: Path) -> str:
    """The message of a file that cannot be loaded, without the path that it begins with."""
    with pytest.raises(ModelFileError) as caught:
        Model.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert caught.value.exit_code == 3
    return message.removeprefix(f"{path}: ")


NO_MODEL = "is not a model file; mltrain fit writes one called model.npz"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "model.npz") == "there is no such file"


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "cannot be read: Is a directory"


@pytest.mark.parametrize(
    "content", [b"", b"layers: []\n", b"PK\x03\x04", b"PK\x05\x06" + 18 * b"\xff", npy(np.zeros(3))]
)
def test_a_file_that_is_no_npz(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert refusal(path) == NO_MODEL


def test_an_npz_that_is_no_model(path: Path) -> None:
    np.savez(path, a=np.zeros(3))
    assert refusal(path) == "lacks the array 'meta'"


class Bomb:
    """A pickle of this would write a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["meta", "dense.kernel"])
def test_pickles_are_never_loaded(path: Path, name: str) -> None:
    victim = path.with_name("pwned")
    rewrite(path, lambda members: members.update({name: npy(np.array([Bomb(victim)], object), allow_pickle=True)}))
    assert refusal(path) == f"the array '{name}' holds Python objects, which are never loaded"
    assert not victim.exists()


def test_pickles_in_arrays_that_nobody_asks_for_are_not_loaded_either(path: Path) -> None:
    victim = path.with_name("pwned")
    rewrite(path, lambda members: members.update(more=npy(np.array([Bomb(victim)], object), allow_pickle=True)))
    Model.load(path)
    assert not victim.exists()


@pytest.mark.parametrize("name", ["meta", "dense.kernel", "dense_1.bias"])
def test_an_array_that_is_not_there(path: Path, name: str) -> None:
    rewrite(path, lambda members: members.pop(name))
    assert refusal(path) == f"lacks the array '{name}'"


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros((3, 2), np.float32), "float32 of shape (3, 2)"),
        (np.zeros(6, np.float32), "float32 of shape (6,)"),
        (np.zeros((2, 3), np.float64), "float64 of shape (2, 3)"),
        (np.zeros((2, 3), ">f4"), ">f4 of shape (2, 3)"),
        (np.zeros((2, 3), np.int32), "int32 of shape (2, 3)"),
        (np.array("text"), "<U4 of shape ()"),
    ],
)
def test_an_array_of_the_wrong_shape_or_kind(path: Path, array: np.ndarray, found: str) -> None:
    rewrite(path, lambda members: members.update({"dense.kernel": npy(array)}))
    assert refusal(path) == f"the array 'dense.kernel' is {found}, but the model's layers need float32 of shape (2, 3)"


def test_an_array_that_lies_column_by_column_is_read_as_well(path: Path) -> None:
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
    rewrite(path, lambda members: members.update({"dense.kernel": npy(np.asfortranarray(kernel))}))
    assert np.array_equal(Model.load(path).network.arrays["dense.kernel"], kernel)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(path: Path, value: float) -> None:
    kernel = np.zeros((2, 3), np.float32)
    kernel[1, 2] = value
    rewrite(path, lambda members: members.update({"dense.kernel": npy(kernel)}))
    assert refusal(path) == "the array 'dense.kernel' holds numbers that are infinite or not a number"


DAMAGED = "the array 'dense.kernel' cannot be read; the file is damaged"


def header(text: str, version: tuple[int, int] = (1, 0)) -> bytes:
    """The beginning of a .npy file with this header."""
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return np.lib.format.magic(*version) + length + text.encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", DAMAGED),
        (b"x" * 200, DAMAGED),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)"), DAMAGED),
        (header("(" * 5000), DAMAGED),
        (header("-" * 5000 + "1"), DAMAGED),
        (header("[" * 60_000), DAMAGED),
        (header("{'descr': '<f3', 'fortran_order': False, 'shape': (2, 3), }"), DAMAGED),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -6), }") + bytes(24), DAMAGED),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", (2, 0)) + bytes(24), DAMAGED),
        (npy(np.zeros((2, 3), np.float32))[:-1], "the array 'dense.kernel' has 23 bytes instead of 24"),
        (npy(np.zeros((2, 3), np.float32)) + b"x", "the array 'dense.kernel' has 25 bytes instead of 24"),
        (
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000000000, 3), }"),
            "the array 'dense.kernel' has 0 bytes instead of 12000000000000000000000000",
        ),
    ],
)
def test_an_array_that_cannot_be_read(path: Path, content: bytes, message: str) -> None:
    rewrite(path, lambda members: members.update({"dense.kernel": content}))
    assert refusal(path) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "its meta is not JSON; the file is damaged"),
        ("{", "its meta is not JSON; the file is damaged"),
        ("[" * 100_000, "its meta is not JSON; the file is damaged"),
        ("[]", "has format None, but this mltrain reads format 1 or 2"),
        ("{}", "has format None, but this mltrain reads format 1 or 2"),
        ('{"format": 3}', "has format 3, but this mltrain reads format 1 or 2"),
        ('{"format": "1"}', "has format '1', but this mltrain reads format 1 or 2"),
        ('{"format": 1}', "its meta is incomplete; the file is damaged"),
    ],
)
def test_meta_that_is_not_what_it_should_be(path: Path, text: str, message: str) -> None:
    rewrite(path, lambda members: members.update(meta=npy(np.array(text))))
    assert refusal(path) == message


@pytest.mark.parametrize("array", [np.zeros(3), np.array(["{}"]), np.array(b"{}")])
def test_meta_that_is_no_text(path: Path, array: np.ndarray) -> None:
    rewrite(path, lambda members: members.update(meta=npy(array)))
    assert refusal(path) == "its meta is not a text, so it is not a model of mltrain"


def test_meta_of_impossible_characters(path: Path) -> None:
    text = npy(np.array("xxxx")).replace("x".encode("utf-32-le"), b"\xff\xff\xff\xff")
    rewrite(path, lambda members: members.update(meta=text))
    assert refusal(path) == "its meta is not JSON; the file is damaged"


def _set(*keys: str, value: Any) -> Callable[[Any], None]:
    def change(meta: Any) -> None:
        *outer, last = keys
        for key in outer:
            meta = meta[int(key)] if isinstance(meta, list) else meta[key]
        meta[last] = value

    return change


INCOMPLETE = "its meta is incomplete; the file is damaged"

REFITS = (
    1,
    {},
    {"epochs": 1},
    *({"epochs": epochs, "held_out": {}} for epochs in (0, -1, 0.5, None, "1")),
    *(
        {"epochs": 1, "held_out": {name: value}}
        for name, value in [
            *(("loss", value) for value in (float("nan"), float("inf"), 10**400, None, "0.5", [])),
            ("f1", 0.5),  # no metric of its config
            ("\x1b[2J", 0.5),
        ]
    ),
)
"""Second trainings that no model can have had."""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda meta: meta.pop("classes"), INCOMPLETE),
        (_set("input_shape", value=5), INCOMPLETE),
        (_set("input_shape", value=["a"]), INCOMPLETE),
        (_set("input_shape", value=[0]), INCOMPLETE),
        (_set("input_shape", value=[-2]), INCOMPLETE),
        (_set("input_shape", value=[float("inf")]), INCOMPLETE),
        (_set("outputs", value="many"), INCOMPLETE),
        (_set("inputs", value=None), INCOMPLETE),
        (_set("origin", value="here"), INCOMPLETE),
        (_set("origin", "environment", "cores", value="two"), INCOMPLETE),
        (_set("inputs", "scale", value=float("nan")), INCOMPLETE),
        (_set("inputs", "scale", value=float("inf")), INCOMPLETE),
        *((_set("refit", value=value), INCOMPLETE) for value in REFITS),
        (
            _set("config", value=None),
            "its config cannot be used: expected options such as 'name: ...', got nothing",
        ),
        (
            _set("config", "layers", "0", "units", value=0),
            "its config cannot be used: layers[0].units: expected a whole number of at least 1, got 0",
        ),
        (
            _set("input_shape", value=[2, 2]),
            "its layers do not fit together: layers[0]: dense takes rows of numbers, but its input is 2 x 2; "
            "put flatten before it",
        ),
        (
            _set("classes", value=["one", "two", "three"]),
            "its layers do not fit together: layers[1].units: "
            "the last layer has 2 outputs, but the dataset has 3 classes",
        ),
        (
            _set("config", "layers", "0", "units", value=4),
            "the array 'dense.kernel' is float32 of shape (2, 3), but the model's layers need float32 of shape (2, 4)",
        ),
        (
            _set("config", "layers", "0", "name", value="hidden"),
            "lacks the array 'hidden.kernel'",
        ),
    ],
)
def test_meta_that_does_not_fit_together(path: Path, change: Callable[[Any], None], message: str) -> None:
    rewrite_meta(path, change)
    assert refusal(path) == message


def test_a_config_that_asks_for_more_memory_than_there_is(path: Path) -> None:
    """The network is made only when all its parameters are at hand."""
    rewrite_meta(path, _set("config", "layers", "0", "units", value=10**15))
    rewrite_meta(path, _set("input_shape", value=[10**15]))
    assert refusal(path).startswith("the array 'dense.kernel' is float32 of shape (2, 3), but")


def test_a_bomb_of_zeros_is_refused_without_unpacking(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte of zeros is a megabyte when it is packed. (Here it is 20 MB, to be quick.)"""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("meta.npy", "w") as member:
        member.write(header("{'descr': '<U250000000', 'fortran_order': False, 'shape': (), }"))
        for _ in range(20):
            member.write(bytes(1_000_000))
    monkeypatch.setattr(zipfile.ZipExtFile, "read", None)  # unpacking would call it
    assert refusal(path) == "the array 'meta' is compressed, as no model of mltrain is"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_arrays_are_refused(path: Path, method: int) -> None:
    rewrite(path, lambda _: None, method)
    assert refusal(path) == "the array 'meta' is compressed, as no model of mltrain is"


def test_an_encrypted_file(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    assert refusal(path) == "the array 'meta' cannot be read; the file is damaged"


def test_a_file_that_was_cut_off_anywhere(path: Path) -> None:
    for length in reversed(range(path.stat().st_size)):
        os.truncate(path, length)
        assert refusal(path) == NO_MODEL


def test_a_file_that_lacks_a_piece_in_the_middle(path: Path) -> None:
    whole = path.read_bytes()
    for start in range(0, len(whole) - 100, 61):
        path.write_bytes(whole[:start] + whole[start + 100 :])
        with pytest.raises(ModelFileError):
            Model.load(path)


def test_no_flipped_bit_does_any_harm(path: Path) -> None:
    """A changed byte is noticed, or it is one of those that do not matter."""
    whole, expected = path.read_bytes(), Model.load(path)
    noticed = 0
    places = range(0, len(whole), 7)
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        try:
            found = Model.load(path)
        except ModelFileError:
            noticed += 1
        else:
            assert found.network.parameters.tobytes() == expected.network.parameters.tobytes()
            assert (found.config, found.row_spec) == (expected.config, expected.row_spec)
    assert noticed > len(places) * 0.8


def test_a_model_file_is_closed_when_it_is_refused(path: Path) -> None:
    """Python would warn of a file that is left open, and warnings are errors here."""
    rewrite(path, lambda members: members.pop("dense.kernel"))
    with ModelFile(path) as file, pytest.raises(ModelFileError):
        file.read("dense.kernel", (2, 3))
    rewrite(path, lambda members: members.pop("meta"))
    with pytest.raises(ModelFileError):
        ModelFile(path)


def test_a_file_that_may_not_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert refusal(path) == "cannot be read: Permission denied"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        model_of(CLASSIFIER).save(tmp_path / "missing" / "model.npz")
    assert str(caught.value) == f"{tmp_path}/missing/model.npz: cannot be written: No such file or directory"


def test_a_failure_while_saving_keeps_the_old_model(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_model_file(path, {}, {"good": np.zeros(3, np.float32), "bad": np.array([object()])})
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["model.npz"]


def test_texts_in_meta_may_be_in_any_language(tmp_path: Path) -> None:
    write_model_file(tmp_path / "model.npz", {"classes": ["猫", "größer", "a\u0000b"]}, {})
    with ModelFile(tmp_path / "model.npz") as file:
        assert file.meta == {"format": 1, "classes": ["猫", "größer", "a\u0000b"]}
    assert json.loads(json.dumps(file.meta)) == file.meta


def test_members_of_other_names_do_no_harm(path: Path) -> None:
    def change(members: Members) -> None:
        members |= {"more": npy(np.zeros(5)), "../escape": b"x"}

    rewrite(path, change)
    assert Model.load(path).network.parameters.size == 17
    assert [entry.name for entry in path.parent.iterdir()] == ["model.npz"]
