"""NumPy scripts, run here: they begin with mltrain's weights by themselves, and lose what it does, epoch by epoch."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from member_configs import member_configs
from run_scripts import run
from script_cases import LACKING, LESSONS, SHORT, Case

from mltrain.code.numpy.weights import parameters_of

CLOSE = 1e-5
"""How far losses may be apart, as a share of the largest; the numbers of a script have six decimals."""


def check(case: Case, folder: Path, *, weights: bool, data: bool = False) -> None:
    case.write("numpy", folder, weights=weights, data=data)
    found = run(folder / f"{case.name}.py")
    assert "error" not in found, found["error"]
    ours = np.array(case.losses)
    assert len(ours) == len(found["losses"])
    largest = np.abs(ours).max(initial=0)
    assert np.abs(ours - found["losses"]).max(initial=0) <= CLOSE * largest + 1e-6
    (evaluated,) = found["evaluated"]
    assert abs(case.evaluated - evaluated) <= CLOSE * max(largest, case.evaluated) + 1e-6


@pytest.mark.parametrize("name", sorted(set(LESSONS) - LACKING["numpy"]))
def test_lessons_lose_what_mltrain_loses(here: Path, tmp_path: Path, name: str) -> None:
    few_steps = ["training.batch_size=160"] if name == "mnist" else []
    check(Case(name, f"configs/{name}.yaml", (*SHORT, *few_steps)), tmp_path, weights=False)


@pytest.mark.filterwarnings("ignore:overflow")
def test_members_lose_what_mltrain_loses(tmp_path: Path) -> None:
    checked = set()
    for name, config in member_configs(random=True):
        if name.startswith("layer_") and not name.startswith(("layer_d", "layer_flat", "layer_gauss", "layer_resh")):
            continue
        if "depthwise" not in name:
            check(Case(name, config), tmp_path, weights=len(checked) % 2 == 0, data=name.startswith("layer"))
            checked.add(name)
    assert len(checked) > 80


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_refit_ends_with_the_weights_of_mltrain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, config in member_configs(random=True):
        if not name.startswith("refit_"):
            continue
        case = Case(name, config)
        case.write("numpy", tmp_path)
        found = runpy.run_path(str(tmp_path / f"{name}.py"))
        for own, ours, _ in parameters_of(case.plan):
            np.testing.assert_allclose(found[own], case.model.network.arrays[ours], rtol=1e-4, atol=1e-5)
        if case.model.refit:
            watched = case.config["training"]["early_stopping"].get("monitor", "val_loss")
            if watched == "val_loss":
                assert found["best"] == pytest.approx(case.model.refit.held_out["loss"], rel=1e-5)
        if case.plan.folds:  # whose trainings stop where the mean of their losses does
            assert {training.gi_frame.f_locals["epoch"] for *_, training in found["folds"]} == {len(case.losses)}
        refits = [line for line in capsys.readouterr().out.splitlines() if line.startswith("refit, epoch ")]
        assert len(refits) == (case.model.refit.epochs if case.model.refit else 0)


def test_a_trained_model_is_evaluated(here: Path, tmp_path: Path) -> None:
    """Without epochs a script only evaluates the weights that it loads."""
    from command_runs import succeed

    succeed("fit", "configs/iris.yaml", "--epochs", "5", "--quiet", "--out", str(tmp_path / "iris"))
    measured = succeed("evaluate", str(tmp_path / "iris"), "--json").document
    words = ["code", "configs/iris.yaml", "--framework", "numpy", "--set", "training.epochs=0"]
    succeed(*words, "--weights", str(tmp_path / "iris"), "--out", str(tmp_path / "iris.py"))
    found = run(tmp_path / "iris.py")
    assert found["losses"] == []
    assert found["evaluated"] == [pytest.approx(measured["loss"], abs=2e-6)]
