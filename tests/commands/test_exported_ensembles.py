"""Ensembles are exported as any model is: their networks side by side, and the mean of what these say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import lesson, succeed

import mltrain


@pytest.mark.parametrize(("config", "how"), [("penguins", ("--folds", "3")), ("circle", ("--members", "3"))])
def test_an_exported_ensemble_says_what_the_model_says(config: str, how: tuple[str, ...], work: Path) -> None:
    succeed("fit", lesson(config), "--epochs", "2", *how, "--out", "run")
    succeed("export", "run", "--to", "python", "--out", "alone.py")
    done = subprocess.run([sys.executable, "alone.py", "--self-test"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("self-test passed: 8 rows")
    model = mltrain.load_model("run")
    if model.preprocessing.table is not None:
        columns = [column.name for column in model.preprocessing.table.columns]
        assert len(columns) == len(set(columns))
        row = dict.fromkeys(columns, "5")
        if config == "penguins":
            row |= {"species": "Adelie", "island": "Dream", "sex": "male"}
        rows = work / "new.csv"
        rows.write_text(",".join(columns) + "\n" + ",".join(row[name] for name in columns) + "\n")
        done = subprocess.run([sys.executable, "alone.py", str(rows)], capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
        (found,) = succeed("predict", "run", "--input", str(rows), "--json").document["predictions"]
        if config == "penguins":
            assert answer["body_mass_g"] == pytest.approx(found["y"][0], rel=1e-5)
        else:
            assert found["label"] in json.dumps(answer)
