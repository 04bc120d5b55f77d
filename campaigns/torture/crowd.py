"""Very many trainings started at once in one folder: each gets a number of its own, and saves whole files."""

import subprocess
import sys
from pathlib import Path

from mltrain.runs.saved_run import SavedRun

CONFIG = """
name: crowd
dataset: {type: linear, slope: 3, intercept: 2, x: [0, 1, 2, 3]}
layers: [{type: dense, units: 1}]
loss: mse
training: {epochs: 3}
"""


def crowd(folder: Path, fits: int) -> list[str]:
    """Start so many; the names of their runs. Raises AssertionError if two share one, or any file is torn."""
    (folder / "crowd.yaml").write_text(CONFIG, encoding="utf-8")
    words = [sys.executable, "-m", "mltrain", "fit", "crowd.yaml", "--quiet"]
    processes = [
        subprocess.Popen([*words, "--seed", str(seed)], cwd=folder, stdout=subprocess.PIPE, text=True)
        for seed in range(fits)
    ]
    said = []
    for seed, process in enumerate(processes):
        out, _ = process.communicate()
        assert process.returncode == 0, f"exit code {process.returncode}"
        said.append(out.strip())
        record = SavedRun.read(folder / said[-1])
        assert record.model.config.seed == seed, f"{said[-1]} is of another training"
        assert record.epochs == 3
    names = [Path(run).name for run in said]
    assert sorted(names) == [f"crowd-{number:03d}" for number in range(1, fits + 1)], "numbers are shared or left out"
    assert sorted(path.name for path in (folder / "runs").iterdir()) == sorted(names)
    return names
