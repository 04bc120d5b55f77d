"""The environment of the libraries that mltrain is measured against: where it is, and what is in it.

Make it once, with the command in `HOW_TO_MAKE`, or name another one by ``--peers`` or in ``MLTRAIN_PEERS``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.processes import ROOT, call_in_process

VARIABLE, DEFAULT = "MLTRAIN_PEERS", ".venv-peers/bin/python"
REQUIREMENTS = ROOT / "benchmarks/requirements-peers.txt"
HOW_TO_MAKE = "python -m venv .venv-peers && .venv-peers/bin/pip install -r benchmarks/requirements-peers.txt"


@dataclass(frozen=True)
class Peers:
    """The interpreter, which may not be there, and the version of each wanted package that it has."""

    python: Path
    versions: Mapping[str, str]

    @property
    def absent(self) -> list[str]:
        """The wanted packages that are not there."""
        return [name for name in wanted() if name not in self.versions]


def find_peers(python: str | None = None) -> Peers:
    """The peers of the interpreter ``python``, or of the one that the environment variable or custom names."""
    path = ROOT / Path(python or os.environ.get(VARIABLE) or DEFAULT).expanduser()
    return Peers(path, call_in_process(path, installed_versions, names=wanted()) if path.is_file() else {})


def wanted() -> list[str]:
    """The packages that requirements-peers.txt lists."""
    return re.findall(r"^[A-Za-z][\w-]*", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)


def installed_versions(names: list[str]) -> dict[str, str]:
    """The versions of those of the packages that this interpreter has."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
