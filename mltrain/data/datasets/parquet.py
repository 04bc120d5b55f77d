from pathlib import Path
from typing import Any, ClassVar

from mltrain.data.datasets._table import TableDataset
from mltrain.data.tables.arrow import ArrowFile
from mltrain.data.tables.source import Source


class Parquet(TableDataset):
    """Rows of a Parquet file, or of an Arrow file (.arrow, .feather, .ipc).

    All else is as with csv. Needs PyArrow: ``pip install 'mltrain[parquet]'``.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"path": "rows.parquet", "target": "label"},)

    def open(self, path: Path | str, *, as_text: bool) -> Source:
        return ArrowFile(path, as_text=as_text)
