"""A PostgreSQL server of Debian's packages, for tests: in a folder of its own, and gone afterwards."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_AS_USER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # the server refuses to run as root

needs_postgres = pytest.mark.skipif(
    not _FOUND or (bool(_AS_USER) and not shutil.which("runuser")),
    reason="needs PostgreSQL: apt-get install postgresql",
)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A server that listens on this machine only; the URL of its database."""
    folder = Path(tempfile.mkdtemp(prefix="mltrain-postgres-"))
    binaries = _FOUND[-1].parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"-c fsync=off -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    try:
        if _AS_USER:
            shutil.chown(folder, "postgres")
        data = str(folder / "data")
        _run(str(binaries / "initdb"), "-D", data, "-U", "mltrain", "-A", "trust", "--no-sync", "-E", "UTF8")
        _run(str(binaries / "pg_ctl"), "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            yield f"postgresql://mltrain@127.0.0.1:{port}/postgres"
        finally:
            _run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*words: str) -> None:
    subprocess.run([*_AS_USER, *words], check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
