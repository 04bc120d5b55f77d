"""Where a model comes from, besides its config: the rows that it learned from, and what computed it."""

from typing import Any

import msgspec
import numpy as np

from mltrain import __version__
from mltrain.data import Dataset
from mltrain.data.fingerprint import fingerprint


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a model file says of its training.

    ``data`` is the `fingerprint` of its dataset, ``rows`` how many each part had, ``mltrain`` and ``numpy``
    are the versions that trained it. There is no date in it, so that the same training gives the same bytes.
    """

    data: str
    rows: dict[str, int]
    mltrain: str
    numpy: str

    @classmethod
    def of(cls, dataset: Dataset) -> "Origin":
        """The origin of what is trained on a dataset, here and now."""
        return cls(
            data=fingerprint(dataset),
            rows={name: len(rows.x) for name, rows in dataset.by_name.items()},
            mltrain=__version__,
            numpy=np.__version__,
        )

    @property
    def document(self) -> dict[str, Any]:
        """The same as data for JSON."""
        return {name: getattr(self, name) for name in self.__struct_fields__}
