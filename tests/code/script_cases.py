"""Configs, scripts about them, and what mltrain itself makes of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mltrain.code.rows import row_arrays
from mltrain.code.script import Framework, write_script
from mltrain.commands.code import plan_of
from mltrain.config.load import located_config

DOWNLOADED = {"cifar10", "fashion_mnist"}
"""Lessons whose images no clone has."""

LESSONS = sorted({path.stem for path in (Path(__file__).parents[2] / "configs").glob("*.yaml")} - DOWNLOADED)
SHORT = ["training.epochs=3", "training.track=[]"]
"""Three epochs; where parameters are tracked, mltrain measures the loss behind an epoch."""


class Case(NamedTuple):
    """A config that is trained from weights in a file: ``losses`` are those of mltrain's epochs."""

    name: str
    config: Any
    settings: tuple[str, ...] = ()

    def write(self, framework: Framework, folder: Path, *, weights: bool = True, data: bool = False) -> None:
        """Write a script, with the weights that it starts from and perhaps the rows that it loads."""
        source = located_config(self.config, self.settings)
        model, rows = folder / f"{self.name}.npz", folder / f"{self.name}_rows.npz"
        plan = plan_of(source)
        plan.job.model([]).save(model)
        if data:
            np.savez(rows, **row_arrays(plan))
        plan = plan_of(source, model if weights else None, rows if data else None)
        (folder / f"{self.name}.py").write_text(write_script(plan, framework))

    def losses(self) -> list[float]:
        """The losses of mltrain's epochs."""
        return [report.loss for report in plan_of(located_config(self.config, self.settings)).job.train()]


def ruff(folder: Path) -> str:
    """What ruff says of all scripts in a folder, by its own defaults; nothing where all is well."""
    said = ""
    for words in (["format", "--diff"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--isolated", "--quiet", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        said += done.stdout + done.stderr
    return said
