"""Files are written whole or not at all."""

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from mltrain.errors import StorageError
from mltrain.system import files
from mltrain.system.files import write_text, write_whole


def test_a_file_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "größer\n")
    assert (tmp_path / "a.txt").read_bytes() == "größer\n".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_has_the_permissions_that_new_files_have(tmp_path: Path) -> None:
    (tmp_path / "usual.txt").touch()
    write_text(tmp_path / "a.txt", "")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "usual.txt").stat().st_mode


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException | type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write(file: BinaryIO) -> None:
        file.write(b"new, but not")
        raise error

    expected = StorageError if isinstance(error, OSError) else error
    with pytest.raises(expected) as caught:  # type: ignore[arg-type]
        write_whole(path, write)
    if isinstance(error, OSError):
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_disk_that_fails_to_keep_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(StorageError, match=r"a\.txt: cannot be written: Input/output error$"):
        write_text(tmp_path / "a.txt", "new")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("a.txt", "old")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing/a.txt", "No such file or directory"), ("file/a.txt", "Not a directory"), ("folder", "Is a directory")],
)
def test_a_place_where_no_file_can_be(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError) as caught:
        write_text(tmp_path / name, "")
    assert str(caught.value) == f"{tmp_path / name}: cannot be written: {reason}"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_an_error_without_words_of_the_system() -> None:
    assert files.reason(OSError("unsupported operation")) == "unsupported operation"
