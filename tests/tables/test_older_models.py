"""Models that version 0.1.0 learned from tables predict what they predicted then.

``models_0_1_0`` holds one of each kind of table: numbers alone; names with numbers that are names; rows with gaps left
out and unknown names ignored; gaps filled in. ``predictions.json`` is what 0.1.0 wrote for the rows beside it.
"""

import json
import sys
from pathlib import Path

import pytest

from mltrain.cli import main

FOLDER = Path(__file__).parent / "models_0_1_0"
PREDICTIONS = json.loads((FOLDER / "predictions.json").read_text())


@pytest.mark.parametrize("model", PREDICTIONS)
def test_older_models_predict_as_before(model, monkeypatch, capsys):
    rows = "new_gaps.csv" if model == "median" else "new.csv"
    words = ["mltrain", "predict", "--model", str(FOLDER / f"{model}.npz"), "--input", str(FOLDER / rows)]
    words += ["--probabilities"] if "probability" in PREDICTIONS[model] else []
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    expected = [line.split(",") for line in PREDICTIONS[model].splitlines()]
    found = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert found[0] == expected[0]
    for row, wanted in zip(found[1:], expected[1:], strict=True):
        for cell, want in zip(row, wanted, strict=True):
            assert cell == want or float(cell) == pytest.approx(float(want), rel=1e-5)
