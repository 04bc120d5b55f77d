"""The origin of a model besides its config: a fingerprint of its training rows, and versions of software and system."""

import os
import platform
from typing import Any, cast

import msgspec
import numpy as np

from mltrain import __version__
from mltrain.data.base import Dataset
from mltrain.data.fingerprint import fingerprint


class Environment(msgspec.Struct, frozen=True):
    """Versions of the software, the system (``Linux x86_64``), and the number of cores.

    It does not identify a single machine.
    """

    mltrain: str
    python: str
    numpy: str
    system: str
    cores: int

    @classmethod
    def here(cls) -> "Environment":
        """The software and system of this process."""
        system = f"{platform.system()} {platform.machine()}"
        return cls(__version__, platform.python_version(), np.__version__, system, os.cpu_count() or 1)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a training in a model file.

    ``data`` is the `fingerprint` of the dataset, ``rows`` the row count of each split. There is no date in it, so that
    the same training gives the same bytes.
    """

    data: str
    rows: dict[str, int]
    environment: Environment

    @classmethod
    def of(cls, dataset: Dataset) -> "Origin":
        """The origin of a model trained on this dataset by this process."""
        return cls(
            data=fingerprint(dataset),
            rows={name: len(rows.x) for name, rows in dataset.by_name.items()},
            environment=Environment.here(),
        )

    @property
    def trained_on_validation(self) -> "Origin":
        """The same of a model that was trained again on the rows for validation, too: they count as rows to train on.

        ``data`` stays the same, since the rows are.
        """
        rows = {name: count for name, count in self.rows.items() if name != "validation"}
        rows["train"] += self.rows.get("validation", 0)
        return msgspec.structs.replace(self, rows=rows)

    @property
    def document(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return cast(dict[str, Any], msgspec.to_builtins(self))
