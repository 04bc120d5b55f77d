"""The command `mltrain serve`, and the app as other servers run it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from live_server import MADE

from mltrain.commands.serve import run
from mltrain.errors import DataError, MltrainError, UsageError
from mltrain.views.terminal.terminal import Terminal

OPTIONS = {
    "token_file": None,
    "hosts": (),
    "default": None,
    "most_megabytes": 1,
    "most_megabytes_together": 1,
    "most_rows": 100,
    "seconds": 5.0,
    "queue": 4,
}
SLOW = 60_000
"""Rows of a request that is still running when the server is told to stop."""


@contextmanager
def command(*words: str) -> Iterator[tuple["subprocess.Popen[str]", httpx.Client]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mltrain", "serve", "--port", "0", *words], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        address = re.search(r"http://[\d.]+:\d+", line)
        assert address is not None, line + process.stderr.read()
        with httpx.Client(base_url=address[0], trust_env=False, timeout=60) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_sigterm_answers_what_runs(tmp_path: Path) -> None:
    shutil.copytree(MADE / "line", tmp_path / "line")
    with command(str(tmp_path / "line")) as (process, client):
        found: list[httpx.Response] = []
        rows = [[float(number)] for number in range(SLOW)]
        asking = threading.Thread(target=lambda: found.append(client.post("/predict", json=rows)))
        asking.start()
        pattern = re.compile(r"^mltrain_requests_in_progress 2$", re.M)
        while pattern.search(client.get("/metrics").text) is None and not found:
            time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        asking.join(30)
        assert found[0].status_code == 200
        assert len(found[0].json()["predictions"]) == SLOW
        assert process.wait(20) == 0
        with pytest.raises(httpx.ConnectError):
            client.get("/healthz")


def test_app_of_other_servers(tmp_path: Path) -> None:
    """``uvicorn mltrain.serving:app`` in a process of its own, and without a model."""
    environment = {**os.environ, "MLTRAIN_MODEL": str(MADE / "line"), "MLTRAIN_MAX_ROWS": "2"}
    code = "import mltrain.serving as s; from starlette.applications import Starlette; print(type(s.app) is Starlette)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    environment["MLTRAIN_MODEL"] = str(tmp_path / "none")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("mltrain: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("host", "path", "message"),
    [
        ("0.0.0.0", MADE / "line", "--host 0.0.0.0: others than this machine can ask there, so it takes a token"),
        ("models.example", MADE / "line", "--host models.example: others than this machine"),
        ("127.0.0.1", MADE / "none", "none: "),
        ("127.0.0.1", MADE.parent / "serving", "holds neither models"),
    ],
)
def test_what_cannot_be_served(host: str, path: Path, message: str) -> None:
    with pytest.raises(MltrainError) as refused:
        run(Terminal(), path, host=host, port=0, **OPTIONS)
    assert message in str(refused.value)


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port}: cannot be listened at: .*choose another --port"):
            run(Terminal(), MADE / "line", host="127.0.0.1", port=port, **OPTIONS)


def test_an_unknown_default(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"--default lin: there is no such model; did you mean 'line'\?"):
        run(Terminal(), folder, host="127.0.0.1", port=0, **{**OPTIONS, "default": "lin"})


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_without_the_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    advice = rf"^serve needs the package {package}; install it with: pip install 'mltrain\[serve\]'$"
    with pytest.raises(DataError, match=advice):
        run(Terminal(), MADE / "line", host="127.0.0.1", port=0, **OPTIONS)
