"""Commands in a process that notes every file that it opens to write, renames, links or removes, and all it starts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = """
import json, os, sys
seen = []
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            seen.append(os.path.abspath(os.fsdecode(path)))
    elif event in ("os.rename", "os.link", "os.symlink"):
        seen.extend(os.path.abspath(os.fsdecode(path)) for path in arguments[:2])
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime"):
        if not isinstance(arguments[0], int):
            seen.append(os.path.abspath(os.fsdecode(arguments[0])))
    elif event in ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "pickle.find_class"):
        seen.append(event)
sys.addaudithook(watch)
sys.argv = ["mltrain", *json.loads(sys.argv[1])]
try:
    from mltrain.cli import main
    main()
finally:
    print(json.dumps(seen), file=sys.stderr)
"""

CONFIG = """
dataset: {type: csv, path: rows.csv, target: y, test_split: 0.25}
layers: [{type: dense, units: 1}]
loss: mse
training: {epochs: 2}
"""


@pytest.fixture(autouse=True)
def _rows(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text(CONFIG)
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{row},{2 * row}\n" for row in range(8)))


def touched(*words: str) -> set[str]:
    """What a command changes: paths, seen from the working folder, without what Python and the system keep."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, json.dumps(words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    here = Path.cwd()
    paths = {path for path in json.loads(done.stderr.splitlines()[-1]) if not path.startswith("/dev/")}
    return {str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path for path in paths}


def test_fit_writes_to_its_run_folder_only() -> None:
    paths = touched("fit", "table.yaml", "--quiet")
    assert "runs/table-001" in paths
    assert all(path == "runs" or path.startswith("runs/table-001") for path in paths)
    assert {entry.name for entry in Path("runs/table-001").iterdir()} == {
        "model.npz",
        "config.yaml",
        "history.csv",
        "checkpoint.npz",
        "frames.npz",
    }


def test_what_only_looks_writes_nothing() -> None:
    touched("fit", "table.yaml", "--quiet")
    assert touched("predict", "--x", "3") == set()
    assert touched("predict", "--input", "rows.csv") == set()
    assert touched("evaluate") == set()
    assert touched("summary", "runs/table-001") == set()
    assert touched("data", "table.yaml") == set()


def test_predict_writes_the_file_that_is_named() -> None:
    touched("fit", "table.yaml", "--quiet")
    paths = touched("predict", "--input", "rows.csv", "--output", "out.csv")
    assert "out.csv" in paths
    assert all(path == "out.csv" or path.startswith(".out.csv.") for path in paths)
