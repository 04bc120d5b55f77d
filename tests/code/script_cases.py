"""Configs, scripts about them, and what mltrain itself makes of them."""

import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from command_runs import succeed

from mltrain.code.plan import Plan
from mltrain.code.rows import row_arrays
from mltrain.code.script import Framework, write_script
from mltrain.commands.code import plan_of
from mltrain.config.load import located_config
from mltrain.inference.model import Model
from mltrain.job import split_to_evaluate

DOWNLOADED = {"cifar10", "fashion_mnist"}
"""Lessons whose images no clone has."""

LESSONS = sorted({path.stem for path in (Path(__file__).parents[2] / "configs").glob("*.yaml")} - DOWNLOADED)
LACKING: dict[Framework, set[str]] = {
    "keras": set(),
    "torch": {"mnist_best"},
    "numpy": {"edges", "mnist_best", "mnist_convnet", "shapes"},
}
"""Lessons that a framework cannot express."""

SHORT = ["training.epochs=3", "training.track=[]"]
"""Three epochs; where parameters are tracked, mltrain measures the loss behind an epoch."""


@dataclass(frozen=True, eq=False)
class Case:
    """A config that is trained from weights in a file."""

    name: str
    config: Any
    settings: tuple[str, ...] = ()

    @cached_property
    def plan(self) -> Plan:
        """The config made ready, once for all frameworks."""
        return plan_of(located_config(self.config, self.settings))

    def write(self, framework: Framework, folder: Path, *, weights: bool = True, data: bool = False) -> None:
        """Write a script, with the weights that it starts from and perhaps the rows that it loads."""
        model, rows = folder / f"{self.name}.npz", folder / f"{self.name}_rows.npz"
        if weights:
            np.savez(model, **self.plan.job.network.arrays)
        if data:
            np.savez(rows, **row_arrays(self.plan))
        plan = replace(self.plan, weights=model if weights else None, data=rows if data else None, problems=[])
        (folder / f"{self.name}.py").write_text(write_script(plan, framework))

    @cached_property
    def model(self) -> Model:
        """The model that mltrain trains."""
        job = plan_of(located_config(self.config, self.settings)).job
        return job.model(list(job.train()))

    @property
    def losses(self) -> list[float]:
        """The losses of mltrain's epochs."""
        return [report.loss for report in self.model.history]

    @property
    def evaluated(self) -> float:
        """The loss of `mltrain evaluate`."""
        _, rows = split_to_evaluate(self.model.measured_parts(self.plan.job.dataset))
        return self.model.evaluate(rows).loss


def write_started() -> list[str]:
    """Write configs with `mltrain init csv` into the working folder, for the tables there; gives their names."""
    for name, (target, words) in _TABLES.items():
        out = f"{name}_init.yaml"
        succeed("init", "csv", f"data/{name}.csv", "--target", target, *words, "--out", out, "--force")
    return [f"{name}_init" for name in _TABLES]


_TABLES = {
    "iris": ("species", []),
    "penguins": ("body_mass_g", ["--regression"]),
    "activity": ("activity", ["--classes"]),
}
"""Tables of the repository, each with its target and options."""


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
