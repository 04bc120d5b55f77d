"""Two mirrors on this machine, which send what a test tells them to."""

import gzip
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = bytes | int | Callable[[BaseHTTPRequestHandler], None]


class Mirrors:
    """``answers``, by path, are a file, an HTTP status, or a function that does what it likes; else there is nothing.

    ``addresses`` are those of the mirrors "one" and "two"; ``asked`` are the paths that were asked for, in order.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self._http = _Http(("127.0.0.1", 0), self._handler())
        port = self._http.server_address[1]
        self.addresses = (f"http://127.0.0.1:{port}/one/", f"http://127.0.0.1:{port}/two/")
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def put(self, mirror: str, files: dict[str, bytes]) -> None:
        """From now on, a mirror has these files, which are given uncompressed."""
        self.answers |= {f"/{mirror}/{name}.gz": gzip.compress(content) for name, content in files.items()}

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mirrors = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirrors.asked.append(self.path)
                answer = mirrors.answers.get(self.path, 404)
                if callable(answer):
                    answer(self)
                elif isinstance(answer, int):
                    self.send_error(answer)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that hang up are what some tests are about
