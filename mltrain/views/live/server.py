"""An HTTP server for the page, on the loopback interface only."""

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from ipaddress import ip_address
from socketserver import TCPServer
from typing import Any

from mltrain.views.live.broadcast import Broadcast
from mltrain.views.palette import with_palettes

LOOPBACK = "127.0.0.1"

_SIGN_OF_LIFE = 5.0
"""Seconds after which a silent connection is written to, so that a closed tab is noticed."""

_PATIENCE = 10.0
"""Seconds in which a request must have arrived, and in which a reader must take what is written to it."""

_MOST_CONNECTIONS, _SPARE_FILES = 32, 48
"""Connections at a time, and open files that the training keeps for itself where the system allows only a few."""

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}


def most_connections() -> int:
    """The limit of connections: it leaves file descriptors free for saving the model."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(1, min(_MOST_CONNECTIONS, (allowed - _SPARE_FILES) // 2))


class Server(ThreadingHTTPServer):
    """Bound to the loopback address at a free port from the beginning; serves between `start` and `stop`.

    ``about`` tells, as JSON, what does not change while the training runs. Each connection has a thread and an open
    file. There are `most_connections` at a time, more are closed at once, and one on which no request arrives in time
    is closed, too.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, feed: Broadcast, about: Callable[[], str]):
        super().__init__((LOOPBACK, 0), _Handler)
        self.feed, self.about = feed, about
        self.page = with_palettes(files("mltrain.views.live").joinpath("page.html").read_text("utf-8"))
        self._thread: threading.Thread | None = None
        self._free = threading.BoundedSemaphore(most_connections())
        self._deadlines: dict[Any, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread of its own, if there is room for it."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._deadlines[request] = time.monotonic() + _PATIENCE
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._forget(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def arrived(self, request: Any) -> None:
        """All of the connection's request is there."""
        self._deadlines.pop(request, None)

    def _forget(self, request: Any) -> None:
        self.arrived(request)
        self._free.release()

    def service_actions(self) -> None:
        """Between two looks for connections: end those whose request comes too slowly."""
        now = time.monotonic()
        for request, deadline in list(self._deadlines.items()):
            if now > deadline:
                self.arrived(request)
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """Bind without asking the name service what this machine is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}/"

    def may_serve(self, host: str, client: str) -> bool:
        """Whether a request was meant for this server and comes from this machine.

        A page from elsewhere whose name was made to mean 127.0.0.1 has that name as its ``host``.
        """
        return host in (f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}") and (
            ip_address(client).is_loopback
        )

    @property
    def runs(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        """Serve from now on, in a thread."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = sys_version = ""
    timeout = _PATIENCE

    def do_GET(self) -> None:
        self.server.arrived(self.request)
        if not self.server.may_serve(self.headers.get("Host", ""), self.client_address[0]):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "this page is for the machine that trains, and no other")
        elif self.path == "/":
            self._answer(HTTPStatus.OK, "text/html", self.server.page)
        elif self.path == "/about":
            self._answer(HTTPStatus.OK, "application/json", self.server.about())
        elif self.path == "/events":
            self._stream()
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "there is no such page")

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self._head(status, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        for name, value in _HEADERS.items():
            self.send_header(name, value)

    def _stream(self) -> None:
        """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), until the last one."""
        self._head(HTTPStatus.OK, "text/event-stream")
        self.end_headers()
        number, last = 0, False
        with self.server.feed as feed:
            while not last:
                message = feed.newer(number, _SIGN_OF_LIFE)
                if message is not None:
                    number, last = message.number, message.last
                self.wfile.write(f"data: {message.text}\n\n".encode() if message else b": training\n\n")
                self.wfile.flush()

    def log_message(self, *arguments: object) -> None:
        """The terminal is for the training."""
