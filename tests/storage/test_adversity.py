"""What can happen to the place of a run: it vanishes, is full or read-only; many want it; the clock is wrong."""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from saved_models import CLASSIFIER, model_of

from mltrain.errors import StorageError
from mltrain.runs.atomic_folder import SAVED, SAVING, settle, together
from mltrain.runs.run import Run, find_model
from mltrain.runs.run_folders import MARK
from mltrain.system.atomic_write import UNFINISHED, create_locked, replacing

FILES = ["config.yaml", "history.csv", "model.npz"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path | str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def save(run: Run) -> Path:
    return run.save(model_of(CLASSIFIER), [], Path())


# A folder that vanishes while a network learns


def test_a_folder_that_vanished_is_made_again() -> None:
    with Run.claim("line", Path("mine/run")) as run:
        Path("mine/run").rmdir()
        Path("mine").rmdir()
        save(run)
    assert names("mine/run") == FILES


def test_a_number_that_somebody_else_has_now_is_left_to_them() -> None:
    with Run.claim("line") as run:
        (run.folder / MARK).unlink()
        run.folder.rmdir()
        with Run.claim("line") as other:
            assert other.folder == Path("runs/line-001")
            assert save(run) == Path("runs/line-002/model.npz")
            assert names(other.folder) == [MARK]
    assert names("runs") == ["line-002"]


# A folder that cannot be written to


def test_a_read_only_folder(here: Path) -> None:
    """Root may write anywhere, so it becomes nobody for this."""
    program = """
import os, sys
from pathlib import Path
from mltrain.runs.run import Run
Path("mine").mkdir()
Path("mine").chmod(0o555)
Path().chmod(0o555)
if os.geteuid() == 0:
    os.seteuid(65534)
for out in (None, Path("mine"), Path("mine/below")):
    try:
        Run.claim("line", out)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"StorageError: {place}: the run cannot be written there: Permission denied"
        for place in ("runs", "mine", "mine/below")
    ]


@pytest.mark.parametrize("limit", [0, 100, 1000])
def test_a_file_size_limit_or_a_full_disk(limit: int) -> None:
    """Of the two, the system tells by different numbers only; that of a limit can be had everywhere."""
    save(Run.claim("line", Path("run")))
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    old, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Run.claim("line", Path("run")) as run:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(StorageError, match=r"^run/[a-z.]+: cannot be written: File too large$"):
                save(run)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (old, hard))
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


def test_a_folder_in_the_place_of_a_file() -> None:
    Path("run/history.csv").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"^run/history.csv: cannot be written: it is a folder$"):
        save(Run.claim("line", Path("run")))
    assert names("run") == ["history.csv"]


# What the dead leave behind


def abandoned(path: Path) -> None:
    """As of a process that was killed: there, but locked by nobody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_an_abandoned_file_is_deleted_by_the_next_writer(here: Path) -> None:
    abandoned(here / f".a.txt.0000{UNFINISHED}")
    abandoned(here / f".b.txt.0000{UNFINISHED}")
    with replacing(here / "a.txt") as file:
        file.write(b"new")
    assert names(here) == [f".b.txt.0000{UNFINISHED}", "a.txt"]


def test_the_file_of_a_living_writer_stays(here: Path) -> None:
    with replacing(here / "a.txt") as first:
        first.write(b"first")
        with replacing(here / "a.txt") as second:
            second.write(b"second")
        assert (here / "a.txt").read_bytes() == b"second"
    assert (here / "a.txt").read_bytes() == b"first"
    assert names(here) == ["a.txt"]


def test_where_there_are_no_locks_nothing_is_deleted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    abandoned(here / f".a.txt.0000{UNFINISHED}")
    monkeypatch.setattr("fcntl.flock", unsupported)
    with replacing(here / "a.txt") as file:
        file.write(b"new")
    assert names(here) == [f".a.txt.0000{UNFINISHED}", "a.txt"]
    with Run.claim("line") as run:
        save(run)
    assert names("runs/line-001") == FILES


def test_the_folder_of_a_killed_training_is_deleted_and_its_number_used_again() -> None:
    abandoned(Path("runs/line-002") / MARK)
    abandoned(Path("runs/line-002") / f"{SAVING}00" / "config.yaml")
    Path("runs/line-001").mkdir()
    with Run.claim("line") as run:
        assert run.folder == Path("runs/line-002")
        assert names(run.folder) == [MARK]


def test_a_living_training_keeps_its_folder() -> None:
    with Run.claim("line") as one, Run.claim("line") as other:
        assert [one.folder.name, other.folder.name] == ["line-001", "line-002"]


def test_a_mark_that_was_found_before_it_was_locked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_handle: int) -> None:
        (here / "mark").unlink()

    monkeypatch.setattr("mltrain.system.atomic_write.lock", found)
    assert create_locked(here / "mark") is None


def test_what_was_saved_but_not_moved_is_the_new_state() -> None:
    save(Run.claim("line", Path("runs/line-007")))
    new = Path("runs/line-007/model.npz").read_bytes()
    Path("runs/line-007", SAVED).mkdir()
    Path("runs/line-007/model.npz").rename(Path("runs/line-007") / SAVED / "model.npz")
    assert find_model(None) == Path("runs/line-007/model.npz")
    assert find_model(None).read_bytes() == new
    assert names("runs/line-007") == FILES


def test_a_link_in_the_place_of_a_save_leads_nowhere(here: Path) -> None:
    """Runs come from strangers, too."""
    (here / "private").mkdir()
    (here / "private" / "letter.txt").touch()
    (here / "run").mkdir()
    (here / "run" / SAVED).symlink_to(here / "private")
    settle(here / "run")
    assert names("private") == ["letter.txt"]
    with pytest.raises(StorageError, match="cannot be written"), together(here / "run") as files:
        (files / "a.txt").touch()
    assert (names("private"), names("run")) == (["letter.txt"], [SAVED])


def test_a_save_that_cannot_be_finished(here: Path) -> None:
    (here / "run" / SAVED / "a.txt").mkdir(parents=True)
    (here / "run" / "a.txt").touch()
    with pytest.raises(StorageError, match="run: a save that was broken off cannot be finished: "):
        settle(here / "run")


# Many at once, and a wrong clock


def test_many_that_claim_and_save_at_once() -> None:
    barrier, runs = threading.Barrier(20), []

    def claim_and_save() -> None:
        barrier.wait()
        with Run.claim("line") as run:
            runs.append(save(run).parent.name)

    threads = [threading.Thread(target=claim_and_save) for _ in range(barrier.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(runs) == names("runs") == [f"line-{number:03d}" for number in range(1, 21)]
    assert all(names(Path("runs") / run) == FILES for run in runs)


def test_many_that_save_to_one_folder_at_once() -> None:
    failures: list[BaseException] = []

    def save_often() -> None:
        try:
            for _ in range(5):
                save(Run.claim("line", Path("run")))
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=save_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert names("run") == FILES


@pytest.mark.parametrize("why", [errno.ENOTEMPTY, errno.EEXIST])
def test_what_somebody_else_saved_is_in_the_way_and_gone_before_we_look(
    monkeypatch: pytest.MonkeyPatch, why: int
) -> None:
    refusals, rename = [OSError(why, os.strerror(why))], Path.rename

    def rename_late(self: Path, target: Path) -> Path:
        if target.name == SAVED and refusals:
            raise refusals.pop()
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_late)
    save(Run.claim("line", Path("run")))
    assert refusals == []
    assert names("run") == FILES


def test_a_clock_that_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing asks what time it is, but for how long things took; and that another clock tells."""
    from mltrain.api import fit
    from mltrain.config.load import parse_config

    jumps = iter(range(10**9, 0, -(10**6)))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    reports = []
    config = parse_config(
        "{dataset: {type: linear, slope: 1, intercept: 0, x: [0, 1]}, layers: [{type: dense, units: 1}], loss: mse,"
        " training: {epochs: 3}}",
        "line.yaml",
    )
    model = fit(config, on_epoch=reports.append)
    with Run.claim("line") as run:
        run.save(model, model.history, Path())
    assert all(0 < report.seconds < 10 for report in reports)


def test_a_signal_in_the_middle_of_a_save_leaves_the_old_run(monkeypatch: pytest.MonkeyPatch) -> None:
    save(Run.claim("line", Path("run")))
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    monkeypatch.setattr(os, "fsync", lambda _: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        save(Run.claim("line", Path("run")))
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before
