import sys
from pathlib import Path

import pytest

from mltrain.data.cache import cache_folder
from mltrain.errors import DataError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("MLTRAIN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", ".cache/mltrain"), ("darwin", "Library/Caches/mltrain"), ("win32", "AppData/Local/mltrain")],
)
def test_every_system_has_a_place(home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, folder: str):
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == home / folder


@pytest.mark.parametrize(("platform", "variable"), [("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")])
def test_the_system_may_be_told_another(home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str):
    monkeypatch.setattr(sys, "platform", platform)
    default = cache_folder()
    monkeypatch.setenv(variable, str(home / "elsewhere"))
    assert cache_folder() == home / "elsewhere" / "mltrain"
    monkeypatch.setenv(variable, "relative")
    assert cache_folder() == default


def test_the_users_choice_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "elsewhere"))
    monkeypatch.setenv("MLTRAIN_CACHE", str(home / "mine"))
    assert cache_folder() == home / "mine"
    monkeypatch.setenv("MLTRAIN_CACHE", "~/mine")
    assert cache_folder() == home / "mine"
    monkeypatch.setenv("MLTRAIN_CACHE", "")
    assert cache_folder() == home / "elsewhere" / "mltrain"


def test_without_a_home_one_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(DataError) as error:
        cache_folder()
    assert str(error.value) == "there is no home folder to keep data in; set MLTRAIN_CACHE to a folder that will do"
