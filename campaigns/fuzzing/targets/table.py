import copy
import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

from campaigns.fuzzing.mutations import TEXTS, change_bytes, change_text, change_tree
from campaigns.fuzzing.targets import Target
from mltrain.data.datasets.csv import Csv
from mltrain.data.tables.opening import open_rows

_NUMBERS = "".join(f"{row},{row * row},{-row / 3},{row % 5}\n" for row in range(12))
_NAMES = 'kind;age;"the\nlength"\n' + "".join(
    f"{kind};{age};{len(age) / 2}\n" for kind in ("cat", "dog", "'x'") for age in ("1", "", "70")
)
_BLANKS = "# of 2024\n" + "".join(f'{row}  "a \u00e9"\t{row % 3}\n' for row in range(9))
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-32")
_ROWS: list[dict[str, Any]] = [{"kind": "cat", "age": 3, "weight": 1.5}, {"kind": None, "weight": [1]}, {"age": "old"}]
_WORDS = (
    *TEXTS,
    *",;|\t\"'",
    '""',
    "\r",
    "\r\n",
    "nan",
    "inf",
    "-inf",
    "1e39",
    "1e-400",
    "1_0",
    "0x1",
    "NA",
    "12.5.2001",
    "1,5",
    "١",
)


class TableTarget(Target):
    """a CSV or JSON Lines table, plain or gzip, changed in its bytes, lines and cells"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lines = False

    def mutated(self, rng: Random) -> dict[str, bytes]:
        self._lines = rng.random() < 0.2
        if self._lines:
            rows = change_tree(rng, copy.deepcopy(_ROWS))
            text = "\n".join(map(json.dumps, rows))
        else:
            text = rng.choice((_NUMBERS, _NAMES, _BLANKS)).replace("\n", rng.choice(("\n", "\n", "\r", "\r\n")))
        if rng.random() < 0.7:
            content = change_text(rng, text, _WORDS)
        else:
            content = change_bytes(rng, text.encode(rng.choice(_ENCODINGS)))
        if rng.random() < 0.1:
            content = change_bytes(rng, gzip.compress(content, mtime=0))
        return {"rows.jsonl" if self._lines else "rows.csv": content}

    def read(self) -> None:
        if self._lines:
            with open_rows(self.folder / "rows.jsonl") as source:
                for block in source.blocks():
                    assert len(block.columns) == len(source.columns)
            return
        with open_rows(self.folder / "rows.csv") as source:
            columns = source.columns
        Csv(path="rows.csv", target=columns[-1], missing="drop", unknown="ignore").load(0, self.folder)
