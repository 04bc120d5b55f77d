import subprocess
import sys
from pathlib import Path

import fake_sides
import pytest

from benchmarks.processes import (
    MeasurementFailed,
    call_in_process,
    memory_of_tree,
    peak_memory_of,
    run,
    run_in_terminal,
    seconds_of,
)

LARGE = 64 * 2**20
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell")


def test_a_function_is_called_in_another_process_whatever_else_is_printed_there():
    assert call_in_process(sys.executable, fake_sides.chatty) == {"numbers": [1, 2.5]}


def test_what_a_process_that_failed_said_last_is_in_the_error():
    with pytest.raises(MeasurementFailed, match=r"exit code 3\none\ntwo"):
        run(
            [
                sys.executable,
                "-c",
                "import sys; sys.exit('one\\ntwo') if 0 else print('one\\ntwo', file=sys.stderr); sys.exit(3)",
            ]
        )


def test_the_first_run_of_a_command_does_not_count(tmp_path):
    command = [sys.executable, "-c", "open('runs', 'a').write('x')"]
    assert seconds_of(command, tmp_path, times=2) > 0
    assert (tmp_path / "runs").read_text() == "xxx"


def test_a_watched_command_sees_a_terminal():
    sees = "import sys; sys.exit(0 if sys.stderr.isatty() and sys.stdout.isatty() else 'no terminal')"
    assert call_in_process(sys.executable, run_in_terminal, command=[sys.executable, "-c", sees]) is None
    with pytest.raises(MeasurementFailed):
        call_in_process(sys.executable, run_in_terminal, command=[sys.executable, "-c", "raise SystemExit(1)"])


def test_a_short_peak_of_memory_is_seen():
    command = [sys.executable, "-c", f"b'x' * {LARGE}"]
    assert call_in_process(sys.executable, peak_memory_of, command=command) > LARGE


@on_linux
def test_memory_is_that_of_the_process_and_all_below_it():
    large = f"import sys; large = b'x' * {LARGE}"
    child = f"{large}; print('ready', flush=True); sys.stdin.read()"
    parent = f"{large}; import subprocess; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        both = memory_of_tree(process.pid)
        process.stdin.close()
    assert 2 * LARGE < both < 3 * LARGE


def test_a_process_that_is_gone_uses_no_memory():
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
        assert memory_of_tree(process.pid) == 0


def test_a_failing_command_has_no_peak(tmp_path):
    with pytest.raises(MeasurementFailed, match="exit code 1"):
        peak_memory_of([sys.executable, "-c", "raise SystemExit(1)"], Path(tmp_path))
