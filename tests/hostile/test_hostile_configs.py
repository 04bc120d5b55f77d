"""Configs made to do harm: by what they say of themselves, by what they name, and by more of the same."""

import codecs
import os
from pathlib import Path

import pytest
from guarded import answers, refusal

from mltrain.config.load import load_config
from mltrain.errors import ConfigError
from mltrain.system import safe_open as reading

HEAD = "dataset: {type: linear, slope: 1, intercept: 0, x: [1]}\nloss: mse\nlayers:"


def filled(text: str, piece: str) -> str:
    """A text with many of a piece behind it."""
    return text + piece * (200_000 // len(piece))


def test_a_file_of_a_hundred_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with path.open("wb") as file:
        file.truncate(10**8)
    assert refusal("config", path) == "FILE: longer than 1 MB; is this a config? Rows belong in a file of their own"


LARGE = {
    "layers": filled(HEAD + "\n", "- elu\n") + "- x\n",
    "layers on a line": filled(HEAD + " [", "elu,"),
    "wrong layers": filled(HEAD + " [", "{x: 1},"),
    "keys": HEAD + " [elu]\n" + "".join(f"k{number}: 1\n" for number in range(20_000)),
    "the same key": filled(HEAD + " [elu]\n", "a:\n"),
    "a long key": HEAD + " [elu]\n" + "k" * 10**6 + ": 1",
    "a long name": HEAD + f" [{'e' * 10**6}]",
    "numbers": HEAD.replace("[1]", "[" + "1," * 100_000 + "x]") + " [elu]",
    "empty lists": filled("x: [", "[],"),
    "brackets": filled("", "["),
    "braces": filled("", "{a: "),
    "items": filled("", "- "),
    "questions": filled("", "? "),
    "quotes": filled('a: "', "\\x41"),
    "tags": filled("", "!a "),
    "anchors": filled("[", "&a x, "),
    "aliases": filled("a: &a x\nb: [", "*a, "),
    "long aliases": "a: &a " + "x" * 10**5 + "\nb: [" + "*a, " * 10**4 + "]",
    "documents": filled("", "---\n"),
    "comments": filled("", "#\n"),
    "tabs": filled("a:\n", "\t"),
    "spaces": filled("a:", " ") + "b",
    "lines": filled("a: |\n", " \n"),
    "NUL": filled("", "\0"),
}


def test_large_texts_of_all_kinds(tmp_path: Path) -> None:
    paths = []
    for name, text in LARGE.items():
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(text)
    found = dict(zip(LARGE, answers("config", *paths), strict=True))
    assert all(found.values())
    assert found["brackets"] == f"{tmp_path}/brackets.yaml:1:33  nested more than 32 levels deep"
    assert str(found["long aliases"]).endswith("stand for more than 100,000 values or characters")
    assert str(found["NUL"]).endswith("this is not text: it holds the character '\\x00'")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x: !!python/object/apply:os.system ['touch pwned']\n", "tags such as '!!python/object/apply:os.system'"),
        (b"x: !!python/name:os.system\n", "tags such as '!!python/name:os.system' are not allowed"),
        (b"x: !!python/object/new:type {}\n", "tags such as '!!python/object/new:type' are not allowed"),
        (b"\xff\xfe\x00\x00", "is encoded as UTF-16; save it as UTF-8"),
        (codecs.BOM_UTF8 + b"a: \xc0\x80\n", "this is not UTF-8 text: it holds the byte 0xc0"),
        (b"a: \xed\xa0\x80\n", "this is not UTF-8 text: it holds the byte 0xed"),
        (b"%YAML 9.9\n---\na: 1\n", "incompatible YAML document"),
        (b'a: "\\ud800"\n', "x.yaml:1:"),
    ],
)
def test_texts_that_are_more_or_less_than_plain_data(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "x.yaml")
    assert message in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.yaml"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/random"])
def test_devices(device: str) -> None:
    with pytest.raises(ConfigError, match=f"^{device}: cannot be read: it is a device, not a file$"):
        load_config(device)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_nobody_writes_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.01)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        ConfigError, match=r"cannot be read: it is a pipe, and nothing came out of it for 0.01 seconds$"
    ):
        load_config(tmp_path / "pipe")


@pytest.mark.parametrize("option", ["type: csv, target: y, path", "type: npz, path", "type: idx, labels: x, images"])
def test_files_of_data_that_are_none(tmp_path: Path, option: str) -> None:
    paths = []
    for index, name in enumerate(["a" * 5000, "a\\0b", "~nobody-of-this-name/x.csv", "/dev/zero", "/proc/self/mem"]):
        dataset = f'{{{option}: "{name}"}}'
        paths.append(tmp_path / f"{index}.yaml")
        paths[-1].write_text(f"dataset: {dataset}\nloss: mse\nlayers: [elu]\n")
    # One line for each option that names a file; idx has two.
    assert all(answer and answer.count("\n") < 2 for answer in answers("config", *paths))
