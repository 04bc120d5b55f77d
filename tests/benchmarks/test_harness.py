import fake_sides
import pytest

from benchmarks.harness import Result, Run, Sample, Side, Work, measure
from benchmarks.peers import Peers
from benchmarks.processes import MeasurementFailed

NO_PEERS = Peers("nowhere", {})


def quiet(rounds=1, quick=False):
    return Run(rounds, quick, tell=lambda text: None)


def work(own, *others):
    return Work("a-work", "a work", "s", own, others)


def result_of(own, other, **limits):
    """The result of mltrain's numbers and those of one other side, and that side."""
    side = Side("other", fake_sides.told, **limits)
    samples = {"mltrain": Sample(own), "other": Sample(other)}
    return Result(work(Side("mltrain", fake_sides.told), side), samples, {}), side


def test_the_sides_take_turns_and_the_order_turns_round():
    order = []
    calls = {name: lambda name=name: order.append(name) or len(order) for name in "abc"}
    results = quiet(rounds=3).alternate(calls)
    assert "".join(order) == "abccbaabc"
    assert results == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_who_fails_is_not_called_again_and_does_not_stop_the_others():
    calls = []

    def fails():
        calls.append("fails")
        raise MeasurementFailed("it broke")

    run = quiet(rounds=3)
    assert run.alternate({"good": lambda: 1, "bad": fails}) == {"good": [1, 1, 1]}
    assert calls == ["fails"]
    assert run.failures == ["it broke"]


def test_a_run_says_what_it_does():
    said = []
    Run(2, quick=False, tell=said.append).alternate({"one": lambda: 1})
    assert said == ["  round 1 of 2: one", "  round 2 of 2: one"]


def test_ratios_are_those_of_medians():
    result, side = result_of([1.0, 100.0, 2.0], [4.0, 3.0, 1000.0])
    assert result.ratio(side) == 0.5


@pytest.mark.parametrize(
    ("own", "limits", "verdict"),
    [
        (0.5, {"at_most": 1.0, "aim": 0.5}, "aim met"),
        (0.6, {"at_most": 1.0, "aim": 0.5}, "met"),
        (1.0, {"at_most": 1.0, "aim": 0.5}, "met"),
        (1.1, {"at_most": 1.0, "aim": 0.5}, "not met"),
        (0.1, {"at_most": 1.0}, "met"),
        (0.1, {}, None),
    ],
)
def test_verdicts(own, limits, verdict):
    result, side = result_of([own], [1.0], **limits)
    assert result.verdict(side) == verdict


def test_without_one_side_there_is_neither_ratio_nor_verdict():
    side = Side("other", fake_sides.told, at_most=1.0)
    result = Result(work(Side("mltrain", fake_sides.told), side), {"mltrain": Sample([1.0])}, {"other": "absent"})
    assert result.ratio(side) is None
    assert result.verdict(side) is None


def test_every_side_is_measured_in_its_own_process():
    own = Side("mltrain", fake_sides.told, {"number": 2.0})
    other = Side("other", fake_sides.told, {"number": 4.0}, at_most=1.0)
    result = measure(work(own, other), NO_PEERS, quiet(rounds=2))
    assert result.samples == {"mltrain": Sample([2.0, 2.0]), "other": Sample([4.0, 4.0])}
    assert (result.ratio(other), result.missing) == (0.5, {})


@pytest.mark.parametrize("quick", [True, False])
def test_sides_are_told_to_be_quick(quick):
    result = measure(work(Side("mltrain", fake_sides.was_it_quick)), NO_PEERS, quiet(quick=quick))
    assert result.samples["mltrain"].values == [float(quick)]


def test_absent_peers_are_left_out_and_named():
    said = []
    own = Side("mltrain", fake_sides.told, {"number": 1.0})
    peer = Side("a library", fake_sides.told, {"number": 1.0}, needs=("torch", "jax"))
    result = measure(work(own, peer), Peers("nowhere", {"torch": "2.0"}), Run(1, quick=False, tell=said.append))
    assert result.missing == {"a library": "absent"}
    assert "  a library is left out: jax is not there" in said


def test_a_side_that_fails_is_reported_with_its_last_words():
    own = Side("mltrain", fake_sides.told, {"number": 1.0})
    run = quiet(rounds=2)
    result = measure(work(own, Side("other", fake_sides.broken)), NO_PEERS, run)
    assert result.missing == {"other": "failed"}
    assert result.samples == {"mltrain": Sample([1.0, 1.0])}
    [failure] = run.failures
    assert failure.endswith("RuntimeError: the side is broken")
