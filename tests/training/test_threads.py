"""Who uses the processor's cores."""

import os
import platform
import sys

import pytest

from mltrain.system import threads
from mltrain.system.threads import BLAS_VARIABLES, blas_is_alone, cores, share_cores, workers_possible


@pytest.fixture(autouse=True)
def _nothing_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*BLAS_VARIABLES, "MLTRAIN_THREADS"):
        monkeypatch.setenv(name, "")  # so that what the test sets is undone, even where there was nothing
        monkeypatch.delenv(name)
    monkeypatch.delitem(sys.modules, "numpy", raising=False)


def told() -> set[str | None]:
    return {os.environ.get(name) for name in BLAS_VARIABLES}


def with_crew(monkeypatch: pytest.MonkeyPatch, *, possible: bool) -> None:
    monkeypatch.setattr(threads, "workers_possible", lambda: possible)


def test_numpy_uses_one_core_where_processes_can_help_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with_crew(monkeypatch, possible=True)
    share_cores(None)
    assert blas_is_alone()
    assert "MLTRAIN_THREADS" not in os.environ
    share_cores(3)
    assert blas_is_alone()
    assert os.environ["MLTRAIN_THREADS"] == "3"


def test_numpy_uses_the_cores_itself_where_they_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    with_crew(monkeypatch, possible=False)
    share_cores(None)
    assert told() == {None}
    share_cores(3)
    assert told() == {"3"}
    assert not blas_is_alone()


@pytest.mark.parametrize("name", BLAS_VARIABLES[:2])
def test_what_was_set_by_hand_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "7")
    for possible in (True, False):
        with_crew(monkeypatch, possible=possible)
        share_cores(1)
        assert os.environ[name] == "7"
        assert told() == {"7", None}
        assert not blas_is_alone()


@pytest.mark.parametrize(("name", "value"), [*((name, "1") for name in BLAS_VARIABLES), ("OMP_NUM_THREADS", "7")])
def test_one_core_holds_for_whatever_numpy_computes_with(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert not blas_is_alone(), "NumPy may have been built with another library"
    with_crew(monkeypatch, possible=True)
    share_cores(None)
    assert blas_is_alone()


def test_what_numpy_reads_when_it_is_imported_is_not_set_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", threads)  # any module will do
    with_crew(monkeypatch, possible=True)
    share_cores(2)
    assert told() == {None}
    assert not blas_is_alone()
    assert os.environ["MLTRAIN_THREADS"] == "2"


@pytest.mark.parametrize(
    ("system", "machine", "possible"),
    [
        ("linux", "x86_64", True),
        ("linux", "AMD64", True),
        ("linux", "aarch64", False),
        ("darwin", "x86_64", False),
        ("win32", "AMD64", False),
    ],
)
def test_processes_can_help_each_other_on_linux_and_x86(
    system: str, machine: str, possible: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert workers_possible() is possible


@pytest.mark.parametrize(
    ("asked", "found"), [(None, 4), ("", 4), ("1", 1), ("3", 3), ("9", 4), ("0", 4), ("many", 4), ("-1", 4)]
)
def test_no_more_cores_than_there_are(asked: str | None, found: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    if asked is not None:
        monkeypatch.setenv("MLTRAIN_THREADS", asked)
    assert cores() == found


def test_only_cores_that_this_process_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5}, raising=False)
    assert cores() == 2


def test_a_machine_that_does_not_say_has_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
