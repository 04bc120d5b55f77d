"""Optional packages, imported only by the features that need them."""

import importlib
from typing import Any

from mltrain.errors import DataError


def needed(module: str, what: str, extra: str) -> Any:
    """Import a module of an optional package. Raises `DataError`, which says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise DataError(
            f"{what} needs the package {package}; install it with: pip install 'mltrain[{extra}]'"
        ) from None
