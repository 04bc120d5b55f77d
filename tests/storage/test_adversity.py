"""What can happen to the place of a run: it vanishes, is full or read-only; many want it; the clock is wrong."""

import contextlib
import dataclasses
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace
from saved_models import CLASSIFIER, model_of

from mltrain.errors import StorageError
from mltrain.inference.model import Model
from mltrain.runs.catalogue import list_runs
from mltrain.runs.removal import check_run, remove_run
from mltrain.runs.run import Run, find_model
from mltrain.runs.saved_run import SavedRun
from mltrain.system.atomic_folder import GONE, SAVED, SAVING, current_file, read_together, settle, together
from mltrain.system.atomic_write import UNFINISHED, create_locked, replacing
from mltrain.training.epoch_report import EpochReport

FILES = ["config.yaml", "history.csv", "model.npz"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path | str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def save(run: Run) -> Path:
    return run.save(model_of(CLASSIFIER), [], Path())


def save_to(folder: str) -> Path:
    with Run.claim("line", Path(folder)) as run:
        return save(run)


# A folder that vanishes while a network learns


def test_a_folder_that_vanished_is_made_again() -> None:
    with Run.claim("line", Path("mine/run")) as run:
        Path("mine/run").rmdir()
        Path("mine").rmdir()
        save(run)
    assert names("mine/run") == FILES


def test_a_number_that_somebody_else_has_now_is_left_to_them() -> None:
    with Run.claim("line") as run:
        run.folder.rmdir()
        with Run.claim("line") as other:
            assert other.folder == Path("runs/line-001")
            assert save(run) == Path("runs/line-002/model.npz")
            assert names(other.folder) == []
    assert names("runs") == ["line-002"]


def test_a_folder_that_was_replaced_is_left_to_its_new_run() -> None:
    with Run.claim("line", Path("mine")) as run:
        Path("mine").rmdir()
        new = save_to("mine").read_bytes()
        assert not run.stands()
        assert save(run) == Path("mine-001/model.npz")
    assert names(".") == ["mine", "mine-001"]
    assert Path("mine/model.npz").read_bytes() == new


def test_a_run_that_is_trained_cannot_be_removed() -> None:
    save_to("run")
    with Run.claim("line", Path("run")):
        for refused in (check_run, remove_run):
            with pytest.raises(StorageError, match=r"^run: a training is at work there; end it first"):
                refused(Path("run"))
        assert names("run") == FILES
    assert remove_run(Path("run")) == []


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
    save_to("run")
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
        save_to("run")
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
    abandoned(Path("runs/line-002") / f"{SAVING}00" / "config.yaml")
    abandoned(Path("runs/line-002") / f".checkpoint.npz.0000{UNFINISHED}")
    abandoned(Path("runs/line-001") / "notes.txt")
    with Run.claim("line") as run:
        assert run.folder == Path("runs/line-002")
        assert names(run.folder) == []
    assert names("runs/line-001") == ["notes.txt"]


def test_a_living_training_keeps_its_folder() -> None:
    with Run.claim("line") as one, Run.claim("line") as other:
        assert [one.folder.name, other.folder.name] == ["line-001", "line-002"]


def test_a_file_that_was_found_before_it_was_locked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_handle: int) -> None:
        (here / "a").unlink()

    monkeypatch.setattr("mltrain.system.atomic_write.lock", found)
    assert create_locked(here / "a") is None


# Reading, while a save is unfinished


def test_what_was_saved_but_not_moved_is_the_new_state() -> None:
    """Readers see it, and change nothing; the next training moves it."""
    save_to("runs/line-007")
    Path("runs/line-007/best.npz").touch()
    new = Path("runs/line-007/model.npz").read_bytes()
    Path("runs/line-007", SAVED).mkdir()
    Path("runs/line-007/model.npz").rename(Path("runs/line-007") / SAVED / "model.npz")
    Path("runs/line-007", SAVED, GONE).write_text("best.npz\n")
    before = snapshot("runs")
    assert find_model(None) == Path("runs/line-007/model.npz")
    assert Model.load("runs/line-007/model.npz").config == model_of(CLASSIFIER).config
    assert current_file(Path("runs/line-007"), "best.npz") is None
    assert SavedRun.read(Path("runs/line-007")).name == "line-007"
    assert [run.run for run in list_runs(Path("runs"))[0]] == ["line-007"]
    check_run(Path("runs/line-007"))
    assert snapshot("runs") == before
    with Run.claim("line", Path("runs/line-007")) as run:
        assert (run.folder / "model.npz").read_bytes() == new
        assert names(run.folder) == FILES


STRANGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "an unfinished file that is a pipe": (f"../.model.npz.00{UNFINISHED}", os.mkfifo),
    "a list of nothing": (GONE, lambda path: path.write_bytes(b"notes\0.txt\n")),
    "a list that is no text": (GONE, lambda path: path.write_bytes(b"\xff\xfe\n../notes.txt")),
    "a list of other files": (GONE, lambda path: path.write_bytes(b"notes.txt\n../notes.txt\n/etc/passwd")),
    "a long list": (GONE, lambda path: path.write_bytes(b"x\n" * 10**6)),
    "a pipe as the list": (GONE, os.mkfifo),
    "a folder as the list": (GONE, Path.mkdir),
    "a link as the list": (GONE, lambda path: path.symlink_to("/dev/zero")),
    "a pipe as the model": ("model.npz", os.mkfifo),
    "a folder as the model": ("model.npz", Path.mkdir),
    "a link as the model": ("model.npz", lambda path: path.symlink_to("/nowhere")),
    "other files": ("notes.txt", lambda path: path.write_bytes(b"new")),
    "a file": ("", lambda path: path.write_bytes(b"model.npz")),
    "a pipe": ("", os.mkfifo),
    "a link": ("", lambda path: path.symlink_to(path.parent)),
    "a link to itself": ("", lambda path: path.symlink_to(path)),
}
"""What may be in the place of an unfinished save, or of a file of it."""


@pytest.mark.parametrize("what", STRANGE)
def test_a_strange_unfinished_save_is_looked_at_and_left(what: str) -> None:
    """A run folder may come from anybody."""
    save_to("runs/line-001")
    Path("runs/line-001/notes.txt").write_text("mine")
    name, make = STRANGE[what]
    if name:
        Path("runs/line-001", SAVED).mkdir()
    make(Path("runs/line-001", SAVED, name))
    before = snapshot("runs")
    assert Model.load(find_model(None)).config == model_of(CLASSIFIER).config
    assert SavedRun.read(Path("runs/line-001")).name == "line-001"
    assert len(list_runs(Path("runs"))[0]) == 1
    check_run(Path("runs/line-001"))
    assert snapshot("runs") == before
    with contextlib.suppress(StorageError):  # what cannot be finished is refused, before training
        save_to("runs/line-001")
    assert Path("runs/line-001/notes.txt").read_text() == "mine"


def snapshot(folder: str) -> dict[str, object]:
    """What is in a folder, and when and as what it was made."""
    return {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in sorted(Path(folder).rglob("*"))
    }


def test_readers_see_one_training_while_others_are_saved_over_it() -> None:
    """Each save has its seed in the config, and as many epochs in its history."""
    stop, failures = threading.Event(), []

    def read_often() -> None:
        try:
            while not stop.is_set():
                record = SavedRun.read(Path("run"))
                assert record.epochs == record.model.config.seed
                assert record.dataset == record.model.config.dataset
                (facts,), _ = list_runs(Path())
                assert facts.epochs is not None
        except BaseException as error:
            failures.append(error)

    model = model_of(CLASSIFIER)
    models = [dataclasses.replace(model, config=replace(model.config, seed=seed)) for seed in (1, 2)]
    histories = [[EpochReport(epoch, seed, 1, 0.1, 0.5, {}) for epoch in range(1, seed + 1)] for seed in (1, 2)]

    def save_one(number: int) -> None:
        with Run.claim("line", Path("run")) as run:
            run.save(models[number], histories[number], Path())

    save_one(0)
    readers = [threading.Thread(target=read_often) for _ in range(2)]
    for thread in readers:
        thread.start()
    for number in range(1, 60):
        save_one(number % 2)
    stop.set()
    for thread in readers:
        thread.join()
    assert failures == []


def test_a_save_in_the_middle_of_a_read_is_read_again() -> None:
    save_to("run")
    seen = []

    def read(files: Mapping[str, Path]) -> str:
        seen.append(files["model.npz"].stat().st_ino)
        if len(seen) == 1:
            save_to("run")
        return files["config.yaml"].read_text()

    read_together(Path("run"), FILES, read)
    assert len(seen) == 2
    assert seen[0] != seen[1]


def test_a_folder_that_changes_during_every_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mltrain.system.atomic_folder._PATIENCE", 0.0)
    save_to("run")
    with pytest.raises(StorageError, match=r"^run: another program writes to it all the time"):
        read_together(Path("run"), FILES, lambda _: save_to("run"))


def test_a_link_in_the_place_of_a_save_leads_nowhere(here: Path) -> None:
    """Runs come from strangers, too."""
    (here / "private").mkdir()
    (here / "private" / "letter.txt").touch()
    (here / "run").mkdir()
    (here / "run" / SAVED).symlink_to(here / "private")
    settle(here / "run", ["letter.txt"])
    assert names("private") == ["letter.txt"]
    with pytest.raises(StorageError, match="cannot be written"), together(here / "run", ["a.txt"]) as files:
        (files / "a.txt").touch()
    assert (names("private"), names("run")) == (["letter.txt"], [SAVED])


def test_a_save_that_cannot_be_finished(here: Path) -> None:
    (here / "run" / SAVED / "a.txt").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"run/.saved: cannot be finished: .*; move it away"):
        settle(here / "run", ["a.txt"])


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


def test_many_that_want_one_folder_at_once() -> None:
    """One gets it, the others are told; and whoever comes later gets it again."""
    barrier, saved, refused = threading.Barrier(8), [], []

    def save_once() -> None:
        barrier.wait()
        try:
            with Run.claim("line", Path("run")) as run:
                saved.append(save(run))
                barrier.wait()
        except StorageError as error:
            refused.append(str(error))
            barrier.wait()

    threads = [threading.Thread(target=save_once) for _ in range(barrier.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert saved == [Path("run/model.npz")]
    assert refused == ["run: another mltrain is training there right now"] * 7
    save_to("run")
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
    save_to("run")
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    monkeypatch.setattr(os, "fsync", lambda _: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        save_to("run")
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before
