"""Reading a file in a process of its own, which may take little memory and little time, and may not warn."""

import json
import subprocess
import sys
from pathlib import Path

MEGABYTES = 200
"""Memory that a file may take before it is refused, on top of what the imported program has."""

SECONDS = 60
"""Seconds of the processor for all files of a call: many times what they take, and little beside a hang."""

READERS = {
    "model": "from mltrain.inference.model import Model; read = Model.load",
    "run": "from mltrain.runs.saved_run import SavedRun; read = lambda path: SavedRun.read(Path(path))",
    "config": "from mltrain.config.load import load_config; read = load_config",
    "csv": "from mltrain.data.datasets.csv import Csv; read = lambda path: Csv(path=path, target='y').load(0, Path())",
    "npz": "from mltrain.data.datasets.npz import Npz; read = lambda path: Npz(path=path).load(0, Path())",
    "idx": "from mltrain.data.idx_format import read_idx; read = lambda path: read_idx(Path(path), 3, 2**31)",
    "rows": "from mltrain.data.tables.opening import open_rows; read = lambda path: list(open_rows(path).blocks())",
    "picture": "from mltrain.data.image_files import read_digit; read = lambda path: read_digit(path, 28, 28)",
}
"""How the commands read each kind of file."""

_CODE = """
import json, sys, warnings
from pathlib import Path
{reader}
from mltrain.errors import MltrainError
try:
    read("there is no such file")  # imports what is imported late
except MltrainError:
    pass
if sys.platform == "linux":
    import resource
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + {megabytes} * 2**20, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
warnings.simplefilter("error")
answers = []
for path in json.loads(sys.argv[1]):
    try:
        read(path)
        answers.append(None)
    except MltrainError as error:
        answers.append(str(error))
print(json.dumps(answers))
"""


def answers(kind: str, *paths: Path) -> list[str | None]:
    """What reading each of the files says: None if it was read. Whatever else comes of one fails the test."""
    code = _CODE.format(reader=READERS[kind], megabytes=MEGABYTES, seconds=SECONDS)
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps([str(path) for path in paths])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def refusal(kind: str, path: Path) -> str:
    """The one line with which a file is refused, without its name."""
    (answer,) = answers(kind, path)
    assert answer is not None
    assert "\n" not in answer
    return answer.replace(str(path), "FILE")
