import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS / "docs"), str(TESTS / "commands")]  # campaigns, and what tests share

from doc_terminal import fill  # noqa: E402


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the lessons, their tables and some images of MNIST."""
    folder = tmp_path_factory.mktemp("clone")
    fill(folder)
    return folder


@pytest.fixture
def here(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder as the working folder, on one core."""
    monkeypatch.setenv("MLTRAIN_THREADS", "1")
    monkeypatch.chdir(clone)
    return clone
