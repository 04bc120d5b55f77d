"""Scripts for Keras and PyTorch, run by an interpreter that has them, lose in each epoch what mltrain does."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from member_configs import member_configs
from script_cases import LACKING, LESSONS, SHORT, Case, write_started

from benchmarks.peers import HOW_TO_MAKE, find_peers
from campaigns.differential.draw import draw_config
from mltrain.code.script import Framework
from mltrain.config.dump import to_plain
from mltrain.errors import ConfigError, TrainingDiverged

PEERS = find_peers()
RUNNER = Path(__file__).with_name("run_scripts.py")
DRAWN = 20
"""Random configs of `campaigns.differential`."""

SETTINGS = {
    # Random layers draw other numbers in each framework: they do nothing here.
    "mnist": ("layers.2.rate=0",),
    "mnist_convnet": ("layers.5.rate=0",),
    "mnist_best": (
        *("layers.0.height_factor=0", "layers.0.width_factor=0", "layers.1.factor=0", "layers.16.rate=0"),
        "optimizer.learning_rate.warmup_steps=3",
        # With larger steps, adam makes differences of 1e-4 out of the roundings of gradients that are all but 0.
        "optimizer.learning_rate.warmup_target=1e-5",
    ),
}
CLOSE, LATER = 1e-5, 5e-3
"""How far losses may be apart, relatively: in the first epoch, and in later ones, where roundings have added up."""


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_scripts_train_as_mltrain_does(here: Path, tmp_path: Path, framework: Framework) -> None:
    if framework not in PEERS.versions:
        pytest.skip(f"{PEERS.python} does not have {framework}; make the peers with: {HOW_TO_MAKE}")
    cases = [
        *(Case(name, f"configs/{name}.yaml", (*SHORT, *SETTINGS.get(name, ()))) for name in LESSONS),
        *(Case(name, f"{name}.yaml", (*SHORT, "layers.2.rate=0", "layers.4.rate=0")) for name in write_started()),
        *(Case(name, config) for name, config in member_configs() if "random" not in name),
        *(Case(f"drawn_{number}", _drawn(number)) for number in range(DRAWN)),
    ]
    if framework == "keras" and os.environ.get("KERAS_BACKEND") == "torch":
        # Keras on PyTorch counts a repeated border where it pads an average unevenly, unlike on its other backends.
        cases = [case for case in cases if case.name != "layer_average_pooling2d_1"]
    written = [case for case in cases if _is_written(case, framework, tmp_path)]
    assert {case.name for case in cases[: len(LESSONS)]} - {case.name for case in written} == LACKING[framework]
    assert len(written) > 0.8 * len(cases)
    done = subprocess.run([str(PEERS.python), str(RUNNER), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    problems = {case.name: problem for case in written if (problem := _difference(case, framework, found[case.name]))}
    assert not problems
    other_end = {"torch": "batch", "keras": "averaged"}
    # PyTorch's moving variance divides by n - 1, and Keras validates the weights themselves and not their mean.
    refits = [case for case in written if case.plan.refits and other_end[framework] not in case.name]
    assert len(refits) >= 10
    problems = {case.name: problem for case in refits if (problem := _end_differs(case, found[case.name]))}
    assert not problems


def _is_written(case: Case, framework: Framework, folder: Path) -> bool:
    try:
        case.write(framework, folder, data=case.name.startswith(("layer", "drawn")))
    except ConfigError:
        return False
    return True


def _difference(case: Case, framework: Framework, found: dict[str, Any]) -> str:
    """How a script's losses differ from mltrain's; empty if they do not."""
    if "error" in found:
        return str(found["error"])
    if framework == "keras" and case.plan.folds:  # the history is that of the last fold
        return ""
    try:
        ours, theirs = np.array(case.losses), np.array(found["losses"])
    except TrainingDiverged:
        return ""
    if ours.shape != theirs.shape:
        return f"{len(theirs)} epochs, not {len(ours)}"
    bounds = np.where(np.arange(len(ours)), LATER, CLOSE) * np.abs(ours).max(initial=0) + 1e-6
    return "" if (np.abs(ours - theirs) <= bounds).all() else f"{theirs}, not {ours}"


def _end_differs(case: Case, found: dict[str, Any]) -> str:
    """How the loss that a script prints at its end differs from that of `mltrain evaluate`; empty if it does not."""
    (evaluated,) = found["evaluated"]
    is_close = abs(evaluated - case.evaluated) <= LATER * max(1, case.evaluated)
    return "" if is_close else f"evaluated {evaluated}, not {case.evaluated}"


def _drawn(number: int) -> dict[str, Any]:
    """A random config, without what is random in its network or different in Keras by intention."""
    config = to_plain(draw_config(0, number))
    config["training"].pop("gradient_accumulation", None)
    config["training"]["epochs"] = min(3, config["training"]["epochs"])
    for layer in config["layers"]:
        if isinstance(layer, dict) and layer["type"] == "dropout":
            layer["rate"] = 0.0
    return config
