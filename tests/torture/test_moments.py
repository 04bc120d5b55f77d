"""Killed at any moment: ``python -m campaigns.torture moments``, with fewer bytes; and would it notice?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children that die are forks")

CARELESS = """
import os, sys
from pathlib import Path
from campaigns.torture.moments import die_at_bytes, die_at_every_call
path = Path(sys.argv[1])
def write(): {write}
def prepare(): path.write_bytes(b"o" * 9)
def check(moment):
    if not path.exists() or path.read_bytes() not in (b"o" * 9, b"n" * 99):
        sys.exit("torn " + moment)
die_at_every_call(write, prepare, check)
die_at_bytes(write, prepare, check, 32)
"""
"""A writer who takes no care."""


def run(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    # In memory, where there is such a folder: a disk takes its time for each of a thousand files.
    memory = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}
    environment = {**os.environ, **memory, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_no_moment_loses_anything(tmp_path: Path) -> None:
    done = run("-m", "campaigns.torture", "moments", "--every", "1024", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    counts = {
        name: [int(count) for count in re.findall(r"(\d+) times", text)]
        for name, _, text in (line.partition(": ") for line in done.stdout.splitlines())
    }
    saving = ["writing over a file", "saving a new run", "saving over a run", "downloading a file"]
    assert list(counts) == [*saving, "removing a run"]
    assert counts["removing a run"][0] >= 5
    for name in saving:
        calls, in_writing, refused = counts[name]
        assert calls >= 5
        assert in_writing == refused >= 1
    assert counts["saving over a run"][0] >= 40


def test_readers_see_whole_runs(tmp_path: Path) -> None:
    done = run("-m", "campaigns.torture", "readers", "--seconds", "0.1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("each saw one of them, whole\n")


@pytest.mark.parametrize(
    ("write", "moment"),
    [
        ("path.unlink(); path.write_bytes(b'n' * 99)", "before call 2"),
        ("path.write_bytes(b'n' * 99)", "at byte 0"),
    ],
)
def test_a_careless_writer_is_found_out(tmp_path: Path, write: str, moment: str) -> None:
    done = run("-c", CARELESS.format(write=write), str(tmp_path / "file"), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, f"torn {moment}\n")
