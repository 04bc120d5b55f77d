"""The tests themselves, started by a program that ignores signals, as ``nohup`` and background jobs do."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_tests_start_can_be_interrupted(number: signal.Signals, tmp_path: Path) -> None:
    trial = tmp_path / "test_trial.py"
    trial.write_text(
        "import subprocess, sys\n"
        "def test():\n"
        f"    code = 'import os; os.kill(os.getpid(), {int(number)}); print(\"ignored\")'\n"
        "    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)\n"
        f"    assert (done.returncode, done.stdout) == ({-int(number)}, '')\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            tmp_path,
            "--confcutdir",
            TESTS,
            "-c",
            os.devnull,
            "-p",
            "conftest",
            trial,
        ],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
