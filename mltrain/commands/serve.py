"""``mltrain serve``: predictions over HTTP."""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from mltrain.errors import UsageError
from mltrain.system.extras import needed
from mltrain.views.terminal.terminal import Terminal


def run(
    terminal: Terminal,
    path: Path | None,
    *,
    host: str,
    port: int,
    token_file: Path | None,
    hosts: Sequence[str],
    default: str | None,
    most_megabytes: int,
    most_megabytes_together: int,
    most_rows: int,
    seconds: float,
    queue: int,
) -> None:
    """Serve a model or a folder of models until the command is stopped."""
    for package in ("starlette", "uvicorn"):
        needed(package, "serve", "serve")
    from mltrain.serving.server import serve
    from mltrain.serving.settings import Settings, read_token

    token = None if token_file is None else read_token(token_file)
    if token is None and not _is_loopback(host):
        raise UsageError(
            f"--host {host}: others than this machine can ask there, so it takes a token: --token-file FILE"
        )
    settings = Settings(
        token=token,
        hosts=tuple(hosts),
        default=default,
        most_bytes=most_megabytes * 2**20,
        most_rows=most_rows,
        seconds=seconds,
        queue=queue,
        most_memory=most_megabytes_together * 2**20,
    )
    serve(
        path,
        host,
        port,
        settings,
        begun=lambda address: terminal.note(f"serving at {address} until Ctrl-C; POST rows to {address}predict"),
        warn=terminal.warning,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
