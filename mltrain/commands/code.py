"""``mltrain code``: a config as a script for Keras, PyTorch or NumPy alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mltrain.code.plan import Plan
from mltrain.code.rows import row_arrays
from mltrain.code.script import Framework, write_script
from mltrain.config.load import LocatedConfig, read_config
from mltrain.errors import ConfigError, ModelFileError, UsageError
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model
from mltrain.job import prepare
from mltrain.runs.run import find_model
from mltrain.system.files import write_text, write_whole
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


def run(
    terminal: Terminal,
    path: Path,
    changes: Sequence[str],
    framework: Framework | None,
    *,
    weights: Path | None,
    data: Path | None,
    out: Path | None,
    force: bool,
) -> None:
    """Print the script, or write it to a file."""
    if framework is None:
        raise UsageError("say for what the script is: --framework keras, torch or numpy")
    for option, file in (("--out", out), ("--data", data)):
        if file is not None and (file.is_dir() or (file.exists() and not force)):
            raise UsageError(f"{file} is there already; name another file with {option}, or write over it with --force")
    source = read_config(path, changes)
    try:
        plan = plan_of(source, weights, data)
        text = write_script(plan, framework)
    except ConfigError as error:
        raise source.locate(error.problems) from error
    if data is not None:
        arrays: dict[str, Any] = {**row_arrays(plan)}
        write_whole(data, lambda file: np.savez(file, **arrays))
        terminal.note(f"the rows are in {data}")
    if out is None:
        terminal.result(verbatim(text.rstrip("\n")), {"framework": framework, "script": text})
        return
    write_text(out, text)
    terminal.note(f"the script is in {out}")


def plan_of(source: LocatedConfig, weights: Path | None = None, data: Path | None = None) -> Plan:
    """The plan of a script. Raises `ConfigError`, `DataError`, and `ModelFileError` for weights that do not fit."""
    job = prepare(source.config, source.folder, source.data, source.nodes)
    if weights is None:
        return Plan(job, source.folder, None, data)
    file = find_model(weights)
    model = Model.load(file)
    if isinstance(model, Ensemble):
        raise ModelFileError(f"{file}: is an ensemble of {len(model.members)} networks, and a script has one")
    shapes = {name: shape for name, (_, shape) in job.network.places.items()}
    theirs = {name: shape for name, (_, shape) in model.network.places.items()}
    if unlike := [name for name in {**shapes, **theirs} if shapes.get(name) != theirs.get(name)]:
        raise ModelFileError(
            f"{file}: is a model of other layers: '{unlike[0]}' is not the same in {source.config.name}"
        )
    inputs, own = job.dataset.preprocessing.inputs, model.preprocessing.inputs
    if not (np.allclose(inputs.shift, own.shift, 1e-4) and np.allclose(inputs.scale, own.scale, 1e-4)):
        raise ModelFileError(
            f"{file}: was trained on other rows, by which it scales its inputs; give the config of its run, config.yaml"
        )
    return Plan(job, source.folder, file, data)
