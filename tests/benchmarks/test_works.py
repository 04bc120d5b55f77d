"""The real works: that they can be called as they must be. What peers do is seen by running the benchmark only."""

import importlib
import inspect
import json
import pkgutil
import sys

import pytest

from benchmarks import works
from benchmarks.peers import wanted
from benchmarks.processes import call_in_process
from benchmarks.works import _synthetic, all_works, small_step

WORKS = all_works()
SIDES = [
    pytest.param(side, id=f"{name}: {side.label}")
    for name, work in WORKS.items()
    for side in (work.mltrain, *work.others)
]


def test_no_work_is_forgotten():
    there = {module.name for module in pkgutil.iter_modules(works.__path__) if not module.name.startswith("_")}
    assert set(works.FILES) == there
    assert {"mnist-batch-32", "small-step", "linear-fit", "help-command"} <= WORKS.keys()


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_every_work_has_somebody_to_compare_with(work):
    labels = [side.label for side in (work.mltrain, *work.others)]
    assert len(labels) > 1
    assert len(set(labels)) == len(labels)
    assert not work.mltrain.needs


@pytest.mark.parametrize("side", SIDES)
def test_every_side_can_be_called_in_another_process(side):
    found = getattr(importlib.import_module(side.function.__module__), side.function.__name__)
    assert found is side.function
    inspect.signature(found).bind(**json.loads(json.dumps(dict(side.arguments))), quick=True)
    assert set(side.needs) <= set(wanted())


@pytest.mark.parametrize("side", SIDES)
def test_an_aim_is_below_its_limit(side):
    assert side.aim is None or side.aim < side.at_most


def test_the_command_is_measured_by_its_history():
    assert call_in_process(sys.executable, small_step.mltrain, quick=True) > 0


def test_a_network_of_any_size_is_measured_with_its_memory_and_its_products():
    shape = {"features": 3, "width": 4, "depth": 2, "batch": 8, "quick": True}
    step = call_in_process(sys.executable, _synthetic.step, rows=20, **shape)
    assert step["seconds"] > 0
    assert step["memory"] > 0 or sys.platform != "linux"
    assert call_in_process(sys.executable, _synthetic.products, **shape) > 0
