"""What is said of other ways to train: the same, and how far apart if not."""

import numpy as np
import pytest

from campaigns.differential import machines
from campaigns.differential.machines import SETTINGS, Setting, compare, main


def test_a_table_of_settings(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (SETTINGS[0], Setting("of one epoch less", options=("--set", "training.epochs=0")))
    monkeypatch.setattr(machines, "SETTINGS", settings)
    assert main(["--configs", "xor", "--epochs", "1"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"xor; 1 epochs; NumPy {np.__version__}"
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out[2:]]
    assert cells[0] == ["", "configs with the same weights", "furthest apart"]
    assert cells[2] == ["the same again", "1 of 1", ""]


def test_the_furthest_is_named() -> None:
    one = {"dense.kernel": np.array([1.0, -4.0]), "dense.bias": np.zeros(1)}
    other = one | {"dense.kernel": np.array([1.5, -4.0])}
    outcome = compare("label", ["same", "other"], [one, one], [one, other])
    assert outcome == ("label", 1, 2, 0.125, "other")
