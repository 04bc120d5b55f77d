"""Where tests of commands work."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's working folder, empty: on a machine without network or downloads, with one core."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLTRAIN_OFFLINE", "1")
    monkeypatch.setenv("MLTRAIN_CACHE", str(tmp_path / "cache"))
    # Named here so that what `fit` sets in this process is undone.
    monkeypatch.setenv("MLTRAIN_THREADS", "1")
    return folder
