"""Scripts about every lesson and every member: as ruff formats them, of a readable length, and with what they lack."""

import ast
import re
from pathlib import Path

import pytest
from command_runs import mltrain, succeed
from member_configs import member_configs
from script_cases import LACKING, LESSONS, Case, ruff, write_started

from mltrain.code.script import Framework
from mltrain.errors import ConfigError

FRAMEWORKS: list[Framework] = ["keras", "torch", "numpy"]
MOST_LINES, MOST_LINES_OF_INIT = 80, 135
"""Lines of code for a lesson, and for a config of `mltrain init csv`; docs/code.md says what makes the latter long."""


def code_lines(text: str) -> int:
    """Lines of a script without its first words, blank lines and comments."""
    body = ast.parse(text).body[0]
    lines = text.splitlines()[body.end_lineno :]
    return len([line for line in lines if line.strip() and not line.strip().startswith("#")])


@pytest.fixture(scope="module")
def lessons() -> list[Case]:
    """Their rows are read once for all frameworks."""
    return [Case(name, f"configs/{name}.yaml") for name in LESSONS]


@pytest.fixture(scope="module")
def members() -> list[Case]:
    return [Case(name, config) for name, config in member_configs(random=True)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_lessons(here: Path, tmp_path: Path, lessons: list[Case], framework: Framework) -> None:
    for case in lessons:
        name = case.name
        if name in LACKING[framework]:
            with pytest.raises(ConfigError):
                case.write(framework, tmp_path)
            continue
        case.write(framework, tmp_path, weights=False)
        text = (tmp_path / f"{name}.py").read_text()
        assert code_lines(text) <= MOST_LINES, name
        assert len([line for line in text.splitlines() if line]) >= 28, name
        keys = re.findall(r"^# (dataset|layers|loss|optimizer|training|metrics)\b", text, re.MULTILINE)
        assert keys == ["dataset", "layers", "loss", "optimizer", "training", "metrics"]
        trains = {"keras": "model.fit(", "torch": "    optimizer.step()\n", "numpy": "    p -= "}
        assert (trains[framework] in text) == (name not in ("concert", "edges")), name
        case.write(framework, tmp_path)
        assert "np.load(" in (tmp_path / f"{name}.py").read_text()
    assert ruff(tmp_path) == ""


def test_configs_that_init_writes(here: Path, tmp_path: Path) -> None:
    """Keras and PyTorch express those of tables, and those of images with their rows in a file."""
    for name in write_started():
        for framework in ("keras", "torch"):
            script = tmp_path / f"{name}_{framework}.py"
            for changes in (
                ["dataset.validation_split=0", "training.early_stopping.folds=5"],
                ["dataset.validation_split=0.1", "training.early_stopping={patience: 9, refit: true}"],
            ):
                settings = [word for change in changes for word in ("--set", change)]
                succeed("code", f"{name}.yaml", "--framework", framework, *settings, "--out", script, "--force")
                assert code_lines(script.read_text()) <= MOST_LINES_OF_INIT
                assert ruff(script) == ""
        done = mltrain("code", f"{name}.yaml", "--framework", "numpy")
        assert done.code == 2
        assert f"{name}.yaml:" in done.err
        assert ":5  layers[0]: periodic_embedding cannot be written for numpy" in done.err
    image = pytest.importorskip("PIL.Image")
    for number in range(20):
        (here / "images" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        image.new("RGB", (20, 20), (9 * number, 99, 200)).save(here / "images" / "ab"[number % 2] / f"{number}.png")
    succeed("init", "images", "images", "--out", "images.yaml")
    done = mltrain("code", "images.yaml", "--framework", "keras")
    assert "images.yaml:3:10  dataset: the rows of this dataset cannot be told in a few lines" in done.err
    script = tmp_path / "images.py"
    succeed("code", "images.yaml", "--framework", "keras", "--data", tmp_path / "rows.npz", "--out", script)
    assert code_lines(script.read_text()) <= MOST_LINES
    assert ruff(tmp_path) == ""


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_members(tmp_path: Path, members: list[Case], framework: Framework) -> None:
    lacking = {}
    for number, case in enumerate(members):
        name = case.name
        try:
            weights = bool(number % 2) and not name.startswith("initializer")
            case.write(framework, tmp_path, weights=weights, data=name.startswith("layer"))
        except ConfigError as error:
            lacking[name.removeprefix("layer_")] = error.problems[0].message
    assert ruff(tmp_path) == ""
    if framework == "numpy":
        kept = {"dense", "dropout", "flatten", "gaussian_noise", "reshape"}
        layers = {case.name.removeprefix("layer_") for case in members if case.name.startswith("layer_")}
        assert {name.rpartition("_")[0] for name in layers - set(lacking)} == kept
        assert not set(lacking) - layers
        return
    assert lacking == MEMBERS_LACKING[framework]


@pytest.mark.parametrize("first_name", ["stem", "residual_block_one"])
def test_network_classes(tmp_path: Path, first_name: str) -> None:
    """Each layer in a class of PyTorch, as two layers read the first one."""
    written = 0
    for name, config in member_configs():
        if not name.startswith("layer_") or any(one in name for one in ("residual", "random_", "refit")):
            continue
        first, *others, last = config["layers"]
        first = {**first, "name": first.get("name", first_name)}
        ends: list[dict[str, object]] = [
            {"type": "flatten", "inputs": [first["name"]], "name": "flat"},
            {"type": "concatenate", "inputs": ["flat", "last"]},
            {"type": "dense", "units": 1},
        ]
        Case(name, {**config, "layers": [first, *others, {**last, "name": "last"}, *ends]}).write(
            "torch", tmp_path, data=True
        )
        assert "class Network(nn.Module):" in (tmp_path / f"{name}.py").read_text()
        written += 1
    assert written > 40
    assert ruff(tmp_path) == ""


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_tracked_parameters_are_shown_before_a_refit_only(tmp_path: Path, framework: Framework) -> None:
    config = dict(member_configs())["refit_adam"]
    for track in (["dense.kernel"], []):
        Case("tracked", {**config, "training": {**config["training"], "track": track}}).write(framework, tmp_path)
        first, _, again = (tmp_path / "tracked.py").read_text().partition("# refit: ")
        assert ("  dense.kernel" in first) == bool(track)
        assert "dense" not in again
        assert "callbacks" not in again
    assert ruff(tmp_path) == ""


_TORCHVISION = "cannot be written for torch: PyTorch itself has no random transformations of images; torchvision has"
MEMBERS_LACKING = {
    "keras": {},
    "torch": {
        f"random_{what}_{number}": f"random_{what} {_TORCHVISION}"
        for what in ("flip", "rotation", "translation", "zoom")
        for number in (0, 1)
    },
}
"""Configs of members that a framework cannot express, by their names in `member_configs`, with the reason."""
