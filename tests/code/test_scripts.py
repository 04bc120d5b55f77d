"""Scripts about every lesson and every member: as ruff formats them, of a readable length, and with what they lack."""

import ast
import re
from pathlib import Path

import pytest
from member_configs import member_configs
from script_cases import LESSONS, Case, ruff

from mltrain.code.script import Framework
from mltrain.errors import ConfigError

FRAMEWORKS: list[Framework] = ["keras", "torch", "numpy"]
MOST_LINES = 80
LONGER = {"mnist_best": 100, "shapes": 88}
"""Lessons whose network or formula takes more lines than others; forward and backward written out take more, too."""

LACKING = {"torch": {"mnist_best"}, "numpy": {"edges", "mnist_best", "mnist_convnet", "shapes"}}
"""Lessons that a framework cannot express."""


def code_lines(text: str) -> int:
    """Lines of a script without its first words, blank lines and comments."""
    body = ast.parse(text).body[0]
    lines = text.splitlines()[body.end_lineno :]
    return len([line for line in lines if line.strip() and not line.strip().startswith("#")])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_lessons(here: Path, tmp_path: Path, framework: Framework) -> None:
    for name in LESSONS:
        case = Case(name, f"configs/{name}.yaml")
        if name in LACKING.get(framework, ()):
            with pytest.raises(ConfigError):
                case.write(framework, tmp_path)
            continue
        case.write(framework, tmp_path, weights=False)
        text = (tmp_path / f"{name}.py").read_text()
        lines = code_lines(text)
        assert 20 <= lines <= LONGER.get(name, MOST_LINES) + 15 * (framework == "numpy"), (name, lines)
        keys = re.findall(r"^# (dataset|layers|loss|optimizer|training|metrics)\b", text, re.MULTILINE)
        assert keys == ["dataset", "layers", "loss", "optimizer", "training", "metrics"]
        trains = {"keras": "model.fit(", "torch": "    optimizer.step()\n", "numpy": "    p -= "}
        assert (trains[framework] in text) == (name not in ("concert", "edges")), name
        case.write(framework, tmp_path)
        assert "np.load(" in (tmp_path / f"{name}.py").read_text()
    assert ruff(tmp_path) == ""


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_members(tmp_path: Path, framework: Framework) -> None:
    lacking = {}
    for number, (name, config) in enumerate(member_configs(random=True)):
        try:
            weights = bool(number % 2) and not name.startswith("initializer")
            Case(name, config).write(framework, tmp_path, weights=weights, data=name.startswith("layer"))
        except ConfigError as error:
            lacking[name.removeprefix("layer_")] = error.problems[0].message
    assert ruff(tmp_path) == ""
    if framework == "numpy":
        kept = {"dense", "dropout", "flatten", "gaussian_noise", "reshape"}
        layers = {name.removeprefix("layer_") for name, _ in member_configs() if name.startswith("layer_")}
        assert {name.rpartition("_")[0] for name in layers - set(lacking)} == kept
        assert not set(lacking) - layers
        return
    assert lacking == MEMBERS_LACKING[framework]


_TORCHVISION = "cannot be written for torch: PyTorch itself has no random transformations of images; torchvision has"
MEMBERS_LACKING = {
    "keras": {},
    "torch": {
        "average_pooling2d_1": "PyTorch cannot leave this padding out of an average",
        **{
            f"random_{what}_{number}": f"random_{what} {_TORCHVISION}"
            for what in ("flip", "rotation", "translation", "zoom")
            for number in (0, 1)
        },
    },
}
"""Configs of members that a framework cannot express, by their names in `member_configs`, with the reason."""
