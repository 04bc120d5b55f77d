import os
import re
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from refusals import refusal

from mltrain.config import config_files as files
from mltrain.config.load import load_config


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    for name in ("linear.yaml", "mnist.yml", "notes.txt"):
        (tmp_path / "configs" / name).write_text("seed: 1\n")
    return tmp_path


def test_a_file_that_is_not_there_but_for_a_slip() -> None:
    line = "configs/liner.yaml: there is no such file; did you mean 'configs/linear.yaml'?"
    assert refusal(load_config, "configs/liner.yaml") == [line]


def test_a_file_without_its_ending() -> None:
    assert refusal(load_config, Path("configs/linear")) == [
        "configs/linear: there is no such file; did you mean 'configs/linear.yaml'?"
    ]


def test_a_file_like_no_other() -> None:
    assert refusal(load_config, "configs/xyz.yaml") == [
        "configs/xyz.yaml: there is no such file; configs has linear.yaml, mnist.yml"
    ]


def test_a_folder_of_many_configs(here: Path) -> None:
    for index in range(12):
        (here / f"{index:02}.yaml").touch()
    assert refusal(load_config, "a") == [
        "a: there is no such file; . has 00.yaml, 01.yaml, 02.yaml, 03.yaml, 04.yaml, 05.yaml, 06.yaml, 07.yaml, "
        "08.yaml, 09.yaml, ..."
    ]


def test_a_folder_without_configs() -> None:
    assert refusal(load_config, "linear.yaml") == [
        "linear.yaml: there is no such file; 'mltrain init' writes configs to start from"
    ]


def test_a_folder_that_is_not_there() -> None:
    assert refusal(load_config, "confgis/linear.yaml") == ["confgis/linear.yaml: there is no folder 'confgis'"]


def test_a_folder_in_place_of_a_file() -> None:
    assert refusal(load_config, "configs") == [
        "configs: this is a folder, not a config; configs has linear.yaml, mnist.yml"
    ]


@pytest.mark.parametrize("content", [b"", b"\n  \n", b"\xef\xbb\xbf"])
def test_an_empty_file(here: Path, content: bytes) -> None:
    (here / "x.yaml").write_bytes(content)
    assert refusal(load_config, "x.yaml") == ["x.yaml: the file is empty; 'mltrain init' writes configs to start from"]


@pytest.mark.parametrize("content", [b"# to do\n", b"---\n", b"null\n"])
def test_a_file_without_a_config(here: Path, content: bytes) -> None:
    (here / "x.yaml").write_bytes(content)
    line = "x.yaml: there is no config in it; 'mltrain init' writes configs to start from"
    assert refusal(load_config, "x.yaml") == [line]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\x89PNG\r\n\x1a\n", "x.yaml:1:1  this is not UTF-8 text: it holds the byte 0x89"),
        (b"PK\x03\x04", "x.yaml:1:3  this is not text: it holds the character '\\x03'"),
        ("seed: 1\nname: Größe\n".encode("latin-1"), "x.yaml:2:9  this is not UTF-8 text: it holds the byte 0xf6"),
        ("seed: 1\n".encode("utf-16"), "x.yaml: this text is encoded as UTF-16; save it as UTF-8"),
        ("seed: 1\n".encode("utf-16-be"), "x.yaml:1:1  this is not text: it holds the character '\\x00'"),
    ],
)
def test_bytes_that_are_no_text(here: Path, content: bytes, line: str) -> None:
    (here / "x.yaml").write_bytes(content)
    assert refusal(load_config, "x.yaml") == [line]


def test_a_byte_order_mark_is_no_part_of_the_text(here: Path) -> None:
    (here / "x.yaml").write_bytes("seed: x\n".encode("utf-8-sig"))
    assert "x.yaml:1:7  seed: expected a whole number of at least 0, got 'x'" in refusal(load_config, "x.yaml")


TOO_LONG = "{}: longer than 1 MB; is this a config? Rows belong in a file of their own"


def test_a_huge_file_is_not_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (here / "x.yaml").open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("was opened"))
    assert refusal(load_config, "x.yaml") == [TOO_LONG.format("x.yaml")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_read_up_to_the_same_size(here: Path) -> None:
    os.mkfifo(here / "pipe")

    def write() -> None:
        with suppress(BrokenPipeError), (here / "pipe").open("wb") as pipe:
            pipe.write(b"#" * (2**20 + 1))

    writer = Thread(target=write)
    writer.start()
    assert refusal(load_config, "pipe") == [TOO_LONG.format("pipe")]
    writer.join()


def test_a_file_that_may_not_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (here / "x.yaml").touch()
    monkeypatch.setattr(os, "open", refuse)
    assert refusal(load_config, "x.yaml") == ["x.yaml: cannot be read: Permission denied"]


def test_a_folder_that_may_not_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    line = "configs/liner.yaml: there is no such file; 'mltrain init' writes configs to start from"
    assert refusal(load_config, "configs/liner.yaml") == [line]


def test_a_name_that_no_file_can_have() -> None:
    (line,) = refusal(load_config, "a" * 5000)
    assert re.fullmatch("a{250} [.]{3} a{200,}: cannot be read: File name too long", line)
