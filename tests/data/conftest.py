import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mirrors import Mirrors
from msgspec.structs import replace
from tiny_mnist import tiny_files

from mltrain.data.datasets.mnist import Mnist


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without MNIST: ``work``, the working folder, and the cache are empty.

    No proxy stands between it and 127.0.0.1. Gives the folder in which ``work`` and ``cache`` are.
    """
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("MLTRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLTRAIN_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


@pytest.fixture
def mirrors(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirrors]:
    """Mirrors from which the tiny MNIST can be downloaded, and no other, as soon as one of them has it."""
    contents = tiny_files()
    files = [
        file._replace(size=len(contents[name]), sha256=hashlib.sha256(contents[name]).hexdigest())
        for file in Mnist.publication.files
        for name in file.holds
    ]
    with closing(Mirrors()) as mirrors:
        published = replace(Mnist.publication, mirrors=mirrors.addresses, files=tuple(files))
        monkeypatch.setattr(Mnist, "publication", published)
        yield mirrors
