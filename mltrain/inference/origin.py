"""Where a model comes from, besides its config: the rows that it learned from, and what computed it."""

import os
import platform
from typing import Any, cast

import msgspec
import numpy as np

from mltrain import __version__
from mltrain.data.base import Dataset
from mltrain.data.fingerprint import fingerprint


class Environment(msgspec.Struct, frozen=True):
    """Versions of what computes, the system (``Linux x86_64``), and how many cores the processor has.

    Nothing in it tells one machine from another of its kind.
    """

    mltrain: str
    python: str
    numpy: str
    system: str
    cores: int

    @classmethod
    def here(cls) -> "Environment":
        """That of this process."""
        system = f"{platform.system()} {platform.machine()}"
        return cls(__version__, platform.python_version(), np.__version__, system, os.cpu_count() or 1)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a model file says of its training.

    ``data`` is the `fingerprint` of its dataset, ``rows`` how many each part had. There is no date in it, so that the
    same training gives the same bytes.
    """

    data: str
    rows: dict[str, int]
    environment: Environment

    @classmethod
    def of(cls, dataset: Dataset) -> "Origin":
        """The origin of what is trained on a dataset, here and now."""
        return cls(
            data=fingerprint(dataset),
            rows={name: len(rows.x) for name, rows in dataset.by_name.items()},
            environment=Environment.here(),
        )

    @property
    def document(self) -> dict[str, Any]:
        """The same as data for JSON."""
        return cast(dict[str, Any], msgspec.to_builtins(self))
