"""A real server on this machine, in a thread, and a client for it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from mltrain.serving.application import application
from mltrain.serving.settings import Settings

MADE = Path(__file__).parents[1] / "models_of_0_1_0"
CONFIGS = Path(__file__).parents[2] / "configs"


@contextmanager
def running(path: Path, **settings: Any) -> Iterator[httpx.Client]:
    """A client of a server that runs within the block."""
    app = application(path, Settings(**settings))
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, server_header=False))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def error(response: httpx.Response) -> str:
    return response.json()["error"]["message"]
