"""`mltrain serve`: the app, run by uvicorn in this process until it is told to stop."""

import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from mltrain.errors import UsageError, reason
from mltrain.serving.application import application
from mltrain.serving.settings import Settings

_BACKLOG = 2048
"""Connections that the system keeps until they are taken."""

_KEPT_ALIVE = 75
"""Seconds after which an idle connection is closed: longer than clients keep theirs."""


def serve(
    path: Path | None,
    host: str,
    port: int,
    settings: Settings,
    *,
    begun: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C; requests that run then are answered. Raises `MltrainError` if it cannot begin.

    ``begun`` is called with the address once connections are taken, and ``warn`` with what is wrong with new files.
    """
    app = application(path, settings)
    logging.getLogger("mltrain.serving").addHandler(_Handler(warn))
    with _bound(host, port) as listening:
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEPT_ALIVE,
            timeout_graceful_shutdown=int(settings.seconds) + 1,
            ws="none",
        )
        begun(_address(host, listening.getsockname()[1]))
        # uvicorn ends well on both, and then raises the signal again for whoever ran it.
        before = {number: signal.signal(number, _nothing) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `UsageError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, since asyncio switches Nagle's algorithm off by it, which would cost 40 ms a request.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"{host}:{port}: cannot be listened at: {reason(error)}; choose another --port or --host"
        ) from None
    return listening


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _nothing(number: int, frame: FrameType | None) -> None:
    pass


class _Handler(logging.Handler):
    def __init__(self, warn: Callable[[str], None]):
        super().__init__()
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        self._warn(record.getMessage())
