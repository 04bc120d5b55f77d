"""Ctrl-C and its kin while a network learns: what was learned is saved, and who insists is obeyed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import (
    PATIENCE,
    RUN_FILES,
    PseudoTerminal,
    files,
    lesson,
    mltrain,
    pseudo_terminal,
    succeed,
    without_codes,
)

from mltrain.system.interrupts import interruptible

LONG = ("fit", lesson("linear"), "--epochs", "100000000", "--out", "run")

ENDLESS_STEP = """
import time
from mltrain.job import TrainingJob
def train(self, stop, *_):
    print("begun", flush=True)
    while not stop():
        time.sleep(0.01)
    print("asked to stop", flush=True)
    while True:  # not one long sleep: a signal that comes just before it would have to wait for its end
        time.sleep(0.01)
    yield
TrainingJob.train = train
"""
"""Python that makes a training of one step that does not end, so that it cannot stop between two."""


def assert_saved(work: Path) -> None:
    assert sorted(files(work / "run")) == RUN_FILES
    (found,) = succeed("predict", "--model", "run", "--x", "10", "--json").document["predictions"]
    assert 30 <= found["y"][0] <= 32


def ask_to_end(terminal: PseudoTerminal, how: str) -> None:
    if how == "Ctrl-C":
        terminal.type("\x03")
    else:
        terminal.process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_what_was_learned_is_saved(how: str, work: Path) -> None:
    with pseudo_terminal(*LONG) as terminal:
        terminal.wait_for("100000000")  # the first drawing, after a tenth of a second full of epochs
        ask_to_end(terminal, how)
        assert terminal.wait_for_end() == 130
    *_, note, advice, error = without_codes(terminal.shown).splitlines()
    assert note == "note: what was learned so far is saved: run/model.npz"
    assert advice == "note: go on with: mltrain fit --resume run"
    assert error.startswith("error: stopped in epoch ")
    assert error.endswith(" after step 1 of 1")
    assert_saved(work)


def test_elsewhere_than_on_a_terminal(work: Path) -> None:
    words = [sys.executable, "-m", "mltrain", *LONG, "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("epoch       500/"):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert json.loads(out)["error"]["type"] == "TrainingInterrupted"
    note, advice, error = err.splitlines()[-3:]
    assert note == "note: what was learned so far is saved: run/model.npz"
    assert advice == "note: go on with: mltrain fit --resume run"
    assert error.startswith("error: stopped in epoch ")
    assert_saved(work)


def test_second_ctrl_c_ends_at_once(work: Path) -> None:
    with pseudo_terminal(*LONG, preface=ENDLESS_STEP) as terminal:
        terminal.wait_for("begun")
        terminal.type("\x03")
        terminal.wait_for("asked to stop")
        terminal.type("\x03")
        assert terminal.wait_for_end() == 130
    assert without_codes(terminal.shown).splitlines()[-1] == "error: interrupted"
    assert not (work / "run").exists()


def test_first_signal_is_noted_and_the_second_does_what_it_does_otherwise() -> None:
    with interruptible() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_ignored_signals_stay_ignored() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_before_training_saves_nothing(monkeypatch: pytest.MonkeyPatch, work: Path) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mltrain.commands.train_and_save.prepare", interrupted)
    assert mltrain(*LONG) == (130, "", "error: interrupted\n")
    assert not list(work.iterdir())
