"""Training with helping processes: the same results, and nobody left behind, whatever happens."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from toy_training import dense, network

from mltrain.backends.base import MOST_PROCESSES
from mltrain.backends.numpy.parallel import choice
from mltrain.errors import WorkerLost
from mltrain.system.threads import BLAS_VARIABLES, workers_possible

SCRIPT = Path(__file__).with_name("process_trials.py")
SURROUNDINGS = dict.fromkeys(BLAS_VARIABLES, "1")

needs_crew = pytest.mark.skipif(not workers_possible(), reason="helping processes need Linux on x86")


both_strategies = pytest.mark.parametrize("strategy", ["columns", "rows"])


def trial(name: str, strategy: str = "columns") -> Any:
    """What a trial of `process_trials` has found."""
    done = subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, name, strategy],
        env=os.environ | SURROUNDINGS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@needs_crew
@both_strategies
def test_help_changes_nothing_but_the_rounding(strategy: str) -> None:
    """With dropout, clipped and decaying gradients, state that does not start at 0, and batches of all sizes."""
    found = trial("same_as_alone", strategy)
    assert len(found) == 9
    for name, outcome in found.items():
        _compare(name, outcome)


@needs_crew
@both_strategies
def test_help_changes_nothing_but_the_rounding_of_longer_trainings(strategy: str) -> None:
    """With penalties, accumulated gradients, a rate that falls on plateaus, a running mean, and frozen kernels."""
    found = trial("longer_same_as_alone", strategy)
    for name, outcome in found.items():
        _compare(name, outcome)
    rates = found["averaged"]["trained"][0]["rates"]
    assert rates[-1] < rates[0]


def _compare(name: str, outcome: Any) -> None:
    alone, *helped = outcome["trained"]
    assert [one["processes"] for one in outcome["trained"]] == [1, 2, 3]
    assert outcome["left"] == []
    assert alone["losses"][-1] < alone["losses"][0]
    for one in helped:
        assert one["losses"] == pytest.approx(alone["losses"], rel=1e-4), name
        assert one["val_losses"] == pytest.approx(alone["val_losses"], rel=1e-4), name
        assert (one["metrics"], one["rates"]) == (alone["metrics"], alone["rates"]), name
        assert 0 < one["difference"] < 1e-4, name


@needs_crew
@both_strategies
def test_help_gives_the_same_bytes_each_time(strategy: str) -> None:
    assert trial("same_bytes", strategy) is True


@needs_crew
@both_strategies
def test_helpers_that_are_waited_for_too_long_go_home_without_a_trace(strategy: str) -> None:
    found = trial("sent_home", strategy)
    assert len(found) == 5
    for outcome in found.values():
        stays, goes, _ = outcome["left"]
        assert (stays, goes) == (2, 0)
        assert outcome["same"] is True


@needs_crew
@both_strategies
def test_a_training_goes_on_as_it_was_shared_out_with_or_without_helpers(strategy: str) -> None:
    found = trial("gone_on", strategy)
    assert len(found) == 15
    for name, (helpers, same) in found.items():
        before, after = (int(word) for word in name.split(", ")[-1].split(" and "))
        assert helpers == (2 if before == after == 3 else 0), name
        assert same is (before == 3), name  # alone, sums are rounded in another way


@needs_crew
@pytest.mark.parametrize("name", ["killed", "killed_and_forgotten"])
def test_a_helper_that_is_killed_ends_training(name: str) -> None:
    outcome = trial(name)
    assert outcome.pop("seconds") < 10
    advice = "try again with MLTRAIN_THREADS=1 in the environment, which needs no workers and less memory"
    text = f"a worker process was ended by the system; {advice}"
    assert outcome == {"error": "WorkerLost", "text": text, "left": []}
    assert WorkerLost().exit_code == 3


@needs_crew
@both_strategies
def test_a_worker_that_is_stopped_ends_training(strategy: str) -> None:
    outcome = trial("stopped", strategy)
    assert outcome.pop("seconds") < 20
    assert re.fullmatch(
        r"a worker process is stopped \(process \d+\); try again with MLTRAIN_THREADS=1 in .*", outcome.pop("text")
    )
    assert outcome == {"error": "WorkerLost", "left": []}


@needs_crew
def test_two_interrupts_end_a_training_that_waits_for_a_stopped_worker() -> None:
    assert trial("stopped_and_ignored") == {"error": "KeyboardInterrupt", "left": []}


@needs_crew
def test_helpers_leave_interrupts_to_the_first_process() -> None:
    assert trial("helper_without_patience") == {"error": None, "left": []}


@needs_crew
@both_strategies
def test_divergence_leaves_nobody_behind(strategy: str) -> None:
    outcome = trial("diverging", strategy)
    assert (outcome["error"], outcome["left"]) == ("TrainingDiverged", [])


@needs_crew
@both_strategies
def test_an_interrupt_keeps_what_all_have_learned(strategy: str) -> None:
    outcome = trial("interrupted", strategy)
    for found in outcome["found"]:
        assert (found["error"], found["text"]) == ("TrainingInterrupted", "stopped in epoch 2 after step 2 of 3")
        assert found["left"] == []
    assert 0 < outcome["difference"] < 1e-4


@needs_crew
@both_strategies
def test_a_training_that_is_broken_off_leaves_nobody_behind(strategy: str) -> None:
    assert trial("broken_off", strategy) == [[1, []], [1, []]]


@needs_crew
def test_a_helper_that_cannot_be_started() -> None:
    outcome = trial("fork_refused")
    assert (outcome["error"], outcome["left"]) == ("WorkerLost", [])
    assert outcome["text"] == (
        "a worker process cannot be started: Resource temporarily unavailable; "
        "try again with MLTRAIN_THREADS=1 in the environment, which needs no workers and less memory"
    )


@needs_crew
def test_a_training_that_cannot_begin_leaves_nobody_behind() -> None:
    outcome = trial("no_room_for_buffers")
    assert (outcome["error"], outcome["left"]) == ("MemoryError", [])


@needs_crew
@both_strategies
def test_helpers_wait_while_the_first_process_is_busy(strategy: str) -> None:
    assert trial("slow_validation", strategy) == 3


@needs_crew
@both_strategies
def test_a_step_allocates_no_more_than_one_activation(strategy: str) -> None:
    found = trial("allocation", strategy)
    assert 0 < found["peak"] <= found["activation"]


@needs_crew
def test_helpers_keep_no_copy_of_the_state_before_training() -> None:
    assert trial("first_snapshot") == 2


@needs_crew
def test_what_is_written_before_a_meeting_is_read_after_it() -> None:
    """A hundred times, by each of three, and again; whoever is alone waits for nobody."""
    each = [3 * turn + 3 for turn in range(100)]
    assert trial("barriers") == {"there": 2, "sums": 2 * [3 * [each]], "left": []}


@needs_crew
def test_helpers_end_when_the_first_process_is_killed() -> None:
    # Whoever measures coverage cannot read the notes of a process that was killed.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "endless"], env=unmeasured | SURROUNDINGS, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            helpers = json.loads(process.stdout.readline())
            assert len(helpers) == 2
            assert all(map(_is_running, helpers))
        finally:
            process.kill()
    give_up = time.monotonic() + 60
    while any(map(_is_running, helpers)):
        assert time.monotonic() < give_up
        time.sleep(0.01)


def _is_running(process: int) -> bool:
    """Whether a process is there and not only waits to be buried."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which two processes can help each other."""
    monkeypatch.setattr(choice, "workers_possible", lambda: True)
    monkeypatch.setattr(choice, "blas_is_alone", lambda: True)
    monkeypatch.setattr(choice, "cores", lambda: 2)


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize(
    ("inputs", "units", "processes"),
    [(784, 512, 2), (500, 100, 2), (499, 100, 1), (60, 1000, 2), (10_000, 5, 2), (1, 1, 1)],
)
def test_only_large_kernels_are_worth_sharing(inputs: int, units: int, processes: int) -> None:
    assert choice.choose(network(inputs, dense(units)).nodes, 32).processes == processes


@pytest.mark.usefixtures("two_cores")
def test_help_must_be_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    large = network(784, dense(512))
    monkeypatch.setattr(choice, "cores", lambda: 64)
    assert choice.choose(large.nodes, 32).processes == MOST_PROCESSES
    monkeypatch.setattr(choice, "cores", lambda: 1)
    assert choice.choose(large.nodes, 32).processes == 1
    monkeypatch.setattr(choice, "cores", lambda: 2)
    monkeypatch.setattr(choice, "blas_is_alone", lambda: False)
    assert choice.choose(large.nodes, 32).processes == 1
    monkeypatch.setattr(choice, "blas_is_alone", lambda: True)
    monkeypatch.setattr(choice, "workers_possible", lambda: False)
    assert choice.choose(large.nodes, 32).processes == 1
