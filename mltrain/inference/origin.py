"""Where a model comes from, besides its config: the rows that it learned from, and what computed it."""

from typing import Any, cast

import msgspec

from mltrain.data.base import Dataset
from mltrain.data.fingerprint import fingerprint
from mltrain.system.environment import Environment


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
