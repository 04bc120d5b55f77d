"""The two studies without peers: later epochs, and growth."""

import sys

import pytest

from benchmarks import scaling, stall
from benchmarks.harness import Run
from benchmarks.works import _synthetic
from mltrain.engine.optimizers.base import Optimizer


def quiet(rounds, quick=False):
    return Run(rounds, quick, tell=lambda text: None)


def test_every_optimizer_is_trained_in_every_round():
    trained = []

    def seconds_of(config, *options):
        trained.append(options)
        return [1.0, 1.0]

    courses = stall.measure(quiet(2), seconds_of)
    names = list(Optimizer.family.names())
    assert list(courses) == names
    assert [options[-1] for options in trained] == [f"optimizer={name}" for name in [*names, *reversed(names)]]
    assert {options[1] for options in trained} == {str(stall.EPOCHS)}


def test_an_epoch_that_was_disturbed_once_does_not_count_but_a_stall_does():
    names = Optimizer.family.names()
    trainings = iter([[2.0, 9.0, 3.0]] * len(names) + [[2.0, 2.0, 3.0]] * 2 * len(names))
    for course in stall.measure(quiet(3), lambda config, *options: next(trainings)).values():
        assert course.seconds == [2.0, 2.0, 3.0]
        assert course.slowest == 1.5
        assert course.typical == 1.25


def test_stalls_are_judged():
    courses = {"good": stall.TrainingRun([1.0, 1.1]), "bad": stall.TrainingRun([1.0, 1.2])}
    assert stall.course_table(courses).splitlines()[2:] == [
        "| good      | 1 s     | 1.10              | 1.10             | 1.10    | met     |",
        "| bad       | 1 s     | 1.20              | 1.20             | 1.10    | not met |",
    ]
    assert stall.course_document(courses)["bad"]["slowest"] == pytest.approx(1.2)


@pytest.fixture
def points():
    """What a machine would give on which a step takes a microsecond for each unit of size, its products half that."""

    def call(python, function, **shape):
        assert python == sys.executable
        size = float(shape["width"] * shape["depth"] * shape["batch"]) * 1e-6
        assert ("rows" in shape) == (function is _synthetic.step)
        return size / 2 if function is _synthetic.products else {"seconds": size, "memory": 5e6}

    return scaling.measure(quiet(3), call)


def test_one_thing_grows_at_a_time(points):
    assert [(point.axis, point.value) for point in points] == [
        (axis, value) for axis, values in scaling.AXES.items() for value in values
    ]
    at = {(point.axis, point.value): point for point in points}
    assert at["width", 512].step == pytest.approx(2 * at["width", 256].step)
    assert at["rows", 1_000] == scaling.Point("rows", 1_000, at["rows", 10_000].step, at["rows", 10_000].products, 5e6)


def test_growth_as_a_table(points):
    assert scaling.point_table(points[:1]).splitlines()[2] == (
        "| width 64 | 16,384     | 8,192              | 2.00  | 5          |"
    )
    assert scaling.point_document(points[:1])[0]["axis"] == "width"


def test_a_quick_run_grows_a_little_only():
    points = scaling.measure(
        quiet(1, quick=True),
        lambda python, function, **shape: 1.0 if function is _synthetic.products else {"seconds": 1.0, "memory": 1.0},
    )
    assert len(points) == 2 * len(scaling.AXES)


def test_without_matplotlib_nothing_is_drawn(points, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert not scaling.draw(points, tmp_path / "plot.svg")
    assert not (tmp_path / "plot.svg").exists()


def test_the_plot_is_the_same_each_time(points, tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("one", "two"):
        assert scaling.draw(points, tmp_path / f"{name}.svg")
    text = (tmp_path / "one.svg").read_text("utf-8")
    assert text == (tmp_path / "two.svg").read_text("utf-8")
    assert all(axis in text for axis in scaling.AXES)
