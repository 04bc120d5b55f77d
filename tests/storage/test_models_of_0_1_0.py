"""Models and runs of mltrain 0.1.0, by ``models_of_0_1_0/make.py``: they are read, evaluated, and gone on with."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mltrain.cli import app
from mltrain.inference.model import Model
from mltrain.runs.catalogue import list_runs
from mltrain.runs.saved_run import SavedRun

MADE = Path(__file__).parents[1] / "models_of_0_1_0"

FINISHED = ("line", "classes", "table", "images", "interrupted")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(MADE, tmp_path / "made")
    monkeypatch.chdir(tmp_path / "made")
    return tmp_path / "made"


def command(*words: str) -> None:
    app([*words], standalone_mode=False)


@pytest.mark.parametrize("name", FINISHED)
def test_evaluation_gives_what_it_gave(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command("evaluate", "--model", name, "--json")
    found, expected = json.loads(capsys.readouterr().out), json.loads(Path(f"{name}.json").read_text())
    assert (found["split"], found["samples"]) == (expected["split"], expected["samples"])
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert found["metrics"] == pytest.approx(expected["metrics"], rel=1e-5)
    assert found.get("confusion") == expected.get("confusion")


@pytest.mark.parametrize("name", FINISHED)
def test_everything_of_a_run_is_read(name: str) -> None:
    run = SavedRun.read(Path(name))
    assert run.epochs == 3
    assert run.frames is not None
    assert run.frames_to_the_end.epochs == ([0, 1, 3] if name != "interrupted" else [0, 3])
    assert run.model.origin is not None
    assert run.data.row_spec == run.model.row_spec


def test_the_runs_are_listed() -> None:
    found, _ = list_runs(Path())
    assert [run.run for run in found] == sorted(FINISHED)


@pytest.mark.parametrize("name", [*FINISHED, "killed"])
def test_going_on_ends_where_it_ended(name: str) -> None:
    """In the same bytes on the machine that made them; on others up to the last digits, see reliability.md."""
    config = ["images.yaml"] if name == "killed" else []
    command("fit", *config, "--resume", name, "--epochs", "5", "--quiet")
    expected, found = (
        Model.load(path) for path in (f"{'images' if name == 'killed' else name}-resumed.npz", f"{name}/model.npz")
    )
    for parameter, array in expected.network.arrays.items():
        np.testing.assert_allclose(found.network.arrays[parameter], array, rtol=1e-4, atol=1e-6)
    assert SavedRun.read(Path(name)).epochs == 5


def test_a_run_is_trained_again_in_its_folder() -> None:
    """Its files are known as mltrain's own, though options have been added to configs since."""
    command("fit", "table.yaml", "--out", "table", "--quiet")
    command("fit", "table/config.yaml", "--out", "table", "--quiet")
