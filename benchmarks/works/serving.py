"""Predictions over HTTP: the time of a request of one row, and of one of 1,000 rows, on one connection.

The peers answer with the same as mltrain does, in JSON: the class and the probabilities of each row. Their networks
have the layers of the iris lesson, and weights drawn at random.
"""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.command import mltrain as command
from benchmarks.harness import Side, Work
from benchmarks.processes import ROOT, MeasurementFailed, run

ROW = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
BATCH = 1000
WARM_UP, TIMES, QUICK_TIMES = 20, 500, 20

PATIENCE = 60.0
"""Seconds in which a server must have begun."""


def mltrain(rows: int, quick: bool) -> float:
    with TemporaryDirectory() as folder:
        run(command("fit", str(ROOT / "configs/iris.yaml"), "--epochs", "1", "--quiet"), Path(folder))
        return _seconds(command("serve", "--port"), Path(folder), rows, quick)


def onnxruntime(rows: int, quick: bool) -> float:
    return _seconds([sys.executable, "benchmarks/scripts/serve_onnxruntime.py"], ROOT, rows, quick)


def torch(rows: int, quick: bool) -> float:
    return _seconds([sys.executable, "benchmarks/scripts/serve_torch.py"], ROOT, rows, quick)


def _seconds(server: Sequence[str], folder: Path, rows: int, quick: bool) -> float:
    """The median time of a request to the server, whose command takes a port."""
    body, headers = json.dumps([ROW] * rows), {"Content-Type": "application/json"}
    times = QUICK_TIMES if quick else TIMES if rows == 1 else TIMES // 10
    with _running(server, folder) as connection:
        seconds = []
        for _ in range(WARM_UP + times):
            began = time.perf_counter()
            connection.request("POST", "/predict", body, headers)
            response = connection.getresponse()
            answer = response.read()
            seconds.append(time.perf_counter() - began)
            if response.status != 200 or answer.count(b"probabilities") != rows:
                raise MeasurementFailed(f"{server}: answered {response.status}: {answer[:200]!r}")
    return median(seconds[WARM_UP:])


@contextmanager
def _running(server: Sequence[str], folder: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server that runs within the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*server, str(port)], cwd=folder, stderr=subprocess.DEVNULL)
    try:
        yield _connected(process, port)
    finally:
        process.terminate()
        process.wait()


def _connected(process: "subprocess.Popen[bytes]", port: int) -> http.client.HTTPConnection:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.05)
        else:
            assert connection.sock is not None
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise MeasurementFailed(f"the server did not begin; its command ended with {process.poll()}")


def _work(name: str, title: str, rows: int) -> Work:
    peers = ("fastapi", "uvicorn")
    return Work(
        name,
        title,
        "ms",
        Side("mltrain", mltrain, {"rows": rows}),
        (
            Side("FastAPI with onnxruntime", onnxruntime, {"rows": rows}, (*peers, "onnx", "onnxruntime"), at_most=1.0),
            Side("FastAPI with PyTorch", torch, {"rows": rows}, (*peers, "torch"), at_most=1.0),
        ),
    )


WORKS = [
    _work("serve-row", "`mltrain serve`, a request of one row", 1),
    _work("serve-1000", "`mltrain serve`, a request of 1,000 rows", BATCH),
]
