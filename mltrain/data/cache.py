"""Where downloaded data is kept: the folder that the system has for what can be fetched again."""

import os
import sys
from pathlib import Path

from mltrain.errors import DataError

VARIABLE = "MLTRAIN_CACHE"


def cache_folder() -> Path:
    """The folder itself, which need not exist yet; `VARIABLE` in the environment says another. Raises `DataError`."""
    try:
        chosen = os.environ.get(VARIABLE)
        return Path(chosen).expanduser() if chosen else _system_folder() / "mltrain"
    except RuntimeError as error:
        raise DataError(f"there is no home folder to keep data in; set {VARIABLE} to a folder that will do") from error


def _system_folder() -> Path:
    if sys.platform == "win32":
        return _from_environment("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return _from_environment("XDG_CACHE_HOME") or Path.home() / ".cache"


def _from_environment(variable: str) -> Path | None:
    path = Path(os.environ.get(variable, ""))
    return path if path.is_absolute() else None  # the XDG specification says to ignore relative ones
