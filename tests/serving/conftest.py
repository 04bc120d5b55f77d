import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live_server import CONFIGS, MADE, running

import mltrain
from mltrain.inference.model import Model


@pytest.fixture(scope="session")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a model of a table that has numbers and names, and predicts a number; its config is beside it."""
    folder = tmp_path_factory.mktemp("penguins")
    config = mltrain.load_config(CONFIGS / "penguins.yaml", ["training.epochs=2"])
    with warnings.catch_warnings(action="ignore"):
        mltrain.fit(config).save(folder / "model.npz")
    (folder / "config.yaml").write_text(
        (CONFIGS / "penguins.yaml").read_text("utf-8").replace("../data", str(CONFIGS.parent / "data")), "utf-8"
    )
    return folder / "model.npz"


@pytest.fixture(scope="session")
def client(penguins: Path) -> Iterator[httpx.Client]:
    """A client of a server of the penguins, with small limits."""
    with running(penguins, most_bytes=20_000, most_rows=50) as found:
        yield found


@pytest.fixture
def penguins_model(penguins: Path) -> Model:
    return Model.load(penguins)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a run, a model file, and what is neither."""
    shutil.copytree(MADE / "table", tmp_path / "models" / "table")
    shutil.copy(MADE / "line" / "model.npz", tmp_path / "models" / "line.npz")
    (tmp_path / "models" / "notes.txt").write_text("")
    return tmp_path / "models"
