"""A folder that vanishes while `mltrain fit` trains for it."""

import shutil
from pathlib import Path

import pytest
from command_runs import mltrain

from mltrain.engine.arrays import Floats
from mltrain.runs.frames import FrameKeeper


@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_vanished_is_told(replaced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is saved all the same, and a warning says where."""

    keep = FrameKeeper.keep_if_chosen

    def remove(self: FrameKeeper, epoch: int, parameters: Floats) -> None:
        keep(self, epoch, parameters)
        if epoch == 1:
            shutil.rmtree("mine")
            if replaced:
                Path("mine").mkdir()

    Path("line.yaml").write_text(
        "{dataset: {type: linear, slope: 1, intercept: 0, x: [0, 1]}, layers: [{type: dense, units: 1}], loss: mse}"
    )
    monkeypatch.setattr(FrameKeeper, "keep_if_chosen", remove)
    done = mltrain("fit", "line.yaml", "--out", "mine", "--epochs", "2", "-q")
    where = "mine-001" if replaced else "mine"
    warning = f"warning: mine was removed or replaced during the training; the run is in {where}\n"
    assert (done.code, done.out, done.err) == (0, f"{where}\n", warning)
    assert Path(where, "model.npz").is_file()
