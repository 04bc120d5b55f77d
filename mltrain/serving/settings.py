"""What a server allows: who may ask, and how much at a time."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from mltrain.errors import UsageError, reason
from mltrain.system.safe_open import open_file
from mltrain.system.threads import cores

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine, as the Host header of a request may have them."""

SHORTEST_TOKEN, _LONGEST_TOKEN = 16, 4096
_MOST_THREADS = 4


@dataclass(frozen=True)
class Settings:
    """The limits of a server.

    ``token`` is what requests must bring; None: nothing, and only this machine may ask. ``hosts`` are the names by
    which the server may be called, besides those of this machine; with a token and without ``hosts``, any.
    ``default`` is the model that is asked where a request names none. Larger bodies than ``most_bytes``, and more rows
    than ``most_rows``, are refused, and so are requests that take longer than ``seconds`` or find ``queue`` others
    waiting for one of the ``threads``, and bodies that would come to more than ``most_memory`` bytes with all others
    that are held (``most_bytes``, if that is more).
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    default: str | None = None
    most_bytes: int = 16 * 2**20
    most_rows: int = 100_000
    seconds: float = 30.0
    queue: int = 64
    most_memory: int = 256 * 2**20
    threads: int = 0

    def __post_init__(self) -> None:
        if not self.threads:
            object.__setattr__(self, "threads", min(_MOST_THREADS, cores()))


def read_token(path: Path) -> str:
    """The token in a file, without the spaces and line ends around it. Raises `UsageError`."""
    try:
        with open_file(path, pipes=True) as file:
            token = file.read(_LONGEST_TOKEN + 1).decode("ascii").strip()
    except OSError as error:
        raise UsageError(f"--token-file {path}: cannot be read: {reason(error)}") from None
    except UnicodeError:
        raise UsageError(f"--token-file {path}: a token is of ASCII characters") from None
    if not SHORTEST_TOKEN <= len(token) <= _LONGEST_TOKEN or not token.isprintable() or " " in token:
        raise UsageError(
            f"--token-file {path}: a token is one word of {SHORTEST_TOKEN} characters or more; make one with: "
            f"python -c 'import secrets; print(secrets.token_urlsafe())' > {path}"
        )
    return token


_VARIABLES = {
    "default": "MLTRAIN_DEFAULT_MODEL",
    "most_bytes": "MLTRAIN_MAX_BODY",
    "most_rows": "MLTRAIN_MAX_ROWS",
    "seconds": "MLTRAIN_TIMEOUT",
    "queue": "MLTRAIN_QUEUE",
    "most_memory": "MLTRAIN_MAX_BODIES",
}
"""The environment variables of those settings that are a number or a name. Those of bodies are in MB."""


def from_environment(environment: Mapping[str, str] = os.environ) -> tuple[Path | None, Settings]:
    """The model that ``MLTRAIN_MODEL`` names, None for the newest run, and the settings. Raises `UsageError`."""
    path, token = environment.get("MLTRAIN_MODEL"), environment.get("MLTRAIN_TOKEN_FILE")
    found: dict[str, str | int | float] = {}
    for field in fields(Settings):
        name = _VARIABLES.get(field.name, "")
        if text := environment.get(name):
            found[field.name] = text if field.name == "default" else _number(name, text, field.type is int)
    for name in {"most_bytes", "most_memory"} & found.keys():
        found[name] = int(found[name]) * 2**20
    settings = Settings(
        token=None if token is None else read_token(Path(token)),
        hosts=tuple(environment.get("MLTRAIN_ALLOWED_HOSTS", "").replace(",", " ").split()),
        **found,  # type: ignore[arg-type]
    )
    return None if path is None else Path(path), settings


def _number(name: str, text: str, whole: bool) -> float | int:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e9:
        raise UsageError(f"{name}: expected a number above 0, got {text!r}")
    return number
