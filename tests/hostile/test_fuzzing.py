"""The fuzzer: it finds what it should find, and a short campaign against every target finds nothing."""

import contextlib
import importlib
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from random import Random

import pytest

from campaigns.fuzzing.campaign import Campaign, Limits
from campaigns.fuzzing.targets import TARGETS, Target
from mltrain.data.tables import arrow, arrow_worker
from mltrain.errors import DataError

MUTATIONS = {"model": 600, "config": 400, "run": 100, "arrow": 30, "parquet": 30}
FEWER = 200


def test_there_is_a_target_for_each_kind_of_file() -> None:
    archives = {"checkpoint", "model", "npz", "run"}
    assert set(TARGETS) == archives | {"arrow", "config", "idx", "parquet", "picture", "table"}
    assert all(target.__doc__ for target in TARGETS.values())


class Forked:
    """A process that reads an Arrow or Parquet file, as `arrow._start` makes one, but with PyArrow imported already.

    A process of its own for each file, as ever; to import PyArrow in each takes ten times as long as to read the file.
    """

    def __init__(self, path: Path | str):
        theirs, into = os.pipe()
        out_of, their_output = os.pipe()
        with warnings.catch_warnings(action="ignore"):  # of threads, which the copy does not use
            self.pid = os.fork()
        if self.pid == 0:
            code = 1
            with contextlib.suppress(BaseException):
                for descriptor, source in enumerate((theirs, their_output, os.open(os.devnull, os.O_WRONLY))):
                    os.dup2(source, descriptor)
                os.closerange(3, max(theirs, into, out_of, their_output) + 1)
                sys.argv, sys.stdin, sys.stdout = ["", str(path)], open(0), open(1, "w")  # noqa: SIM115 - a descriptor
                arrow_worker.main()
                code = 0
            os._exit(code)
        os.close(theirs)
        os.close(their_output)
        self.stdin, self.stdout = open(into, "wb"), open(out_of, "rb")  # noqa: SIM115, PTH123 - a descriptor
        self.code: int | None = None

    def kill(self) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_changed_files_are_read_or_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in ("arrow", "parquet"):
        importlib.import_module("pyarrow.parquet")
        monkeypatch.setattr(arrow, "_start", Forked)
    campaign = Campaign(TARGETS[name](tmp_path), limits=Limits(seconds=20))
    campaign.run(range(MUTATIONS.get(name, FEWER)))
    assert campaign.finds == []
    assert campaign.loaded
    assert len(campaign.refusals) > 5


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_mutation_is_known_by_its_number(name: str, tmp_path: Path) -> None:
    target = TARGETS[name](tmp_path)
    assert [target.mutated(Random(f"0:{number}")) for number in range(30)] == [
        target.mutated(Random(f"0:{number}")) for number in range(30)
    ]


class Faulty(Target):
    """what goes wrong in a way of its own for each number"""

    def mutated(self, rng: Random) -> dict[str, bytes]:
        return {"x": b"x"}

    def read(self) -> None:
        self.fault()

    def fault(self) -> None:
        raise NotImplementedError


def crash() -> None:
    raise KeyError("x")


def warn() -> None:
    warnings.warn("look out", stacklevel=1)


def hang() -> None:
    while True:
        time.process_time()


def hoard() -> None:
    bytearray(10**9)


def chatter() -> None:
    raise DataError("one\ntwo")


@pytest.mark.parametrize("fault", [crash, warn, hang, hoard, chatter])
def test_every_kind_of_fault_is_found(fault: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Faulty, "fault", staticmethod(fault))
    campaign = Campaign(Faulty(tmp_path), limits=Limits(seconds=0.05), keep=tmp_path / "kept")
    campaign.run(range(3, 4))
    assert [find.number for find in campaign.finds] == [3]
    assert (tmp_path / "kept" / "test_fuzzing-0-3" / "x").read_bytes() == b"x"
    assert "FIND 3 (seed 0): " in campaign.report()


def test_what_is_refused_in_a_line_is_no_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DataError("rows.csv:3: no number")

    monkeypatch.setattr(Faulty, "fault", staticmethod(refuse))
    campaign = Campaign(Faulty(tmp_path))
    campaign.run(range(2))
    assert (campaign.loaded, campaign.finds, dict(campaign.refusals)) == (0, [], {"rows.csv_ no number": 2})
