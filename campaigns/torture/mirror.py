"""A mirror on this machine, in a process of its own, that has one file."""

import gzip
import random
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection

CONTENT = random.Random(0).randbytes(2000)
"""What the file holds, uncompressed; random, so that it stays as long when it is compressed."""

COMPRESSED = gzip.compress(CONTENT, mtime=0)


@contextmanager
def mirror() -> Iterator[str]:
    """The address of the file, as long as the block lasts."""
    ours, theirs = Pipe()
    process = Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/file.gz"
    finally:
        process.kill()
        process.join()


def _serve(told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    told.send(server.server_address[1])
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(COMPRESSED)))
        self.end_headers()
        self.wfile.write(COMPRESSED)

    def log_message(self, *_: object) -> None:
        pass
