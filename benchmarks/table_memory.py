"""How much memory a large table takes while a network learns it, compared with its numbers as 32-bit floats.

    python -m benchmarks.table_memory [ROWS]

What counts is the peak of all of ``mltrain fit`` (reading, splitting, scaling, an epoch, saving), less the peak of the
same command on a table of a hundred rows: that is Python, NumPy and mltrain themselves. The table is written to the
system's folder for temporary files; a million rows take 200 MB there, and two minutes in all.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.command import mltrain
from benchmarks.processes import peak_memory_of

COLUMNS, ROWS, FEW = 20, 1_000_000, 100
AT_MOST = 1.5
"""How many times the float32 array of all cells the table may take."""

_BLOCK = 10_000
_CONFIG = """\
dataset: {{type: csv, path: {name}.csv, target: c{last}, validation_split: 0.1, test_split: 0.2}}
layers: [{{type: dense, units: 16, activation: relu}}, {{type: dense, units: 1}}]
loss: mse
optimizer: adam
training: {{epochs: 1, batch_size: 256}}
"""


def write_table(folder: Path, name: str, rows: int) -> Path:
    """A table of normally distributed numbers with a config beside it; the config's path."""
    rng = np.random.default_rng(0)
    with (folder / f"{name}.csv").open("w") as file:
        print(*(f"c{column}" for column in range(COLUMNS)), sep=",", file=file)
        for start in range(0, rows, _BLOCK):
            block = rng.standard_normal((min(_BLOCK, rows - start), COLUMNS)).round(6).tolist()
            file.writelines(",".join(map(str, row)) + "\n" for row in block)
    config = folder / f"{name}.yaml"
    config.write_text(_CONFIG.format(name=name, last=COLUMNS - 1))
    return config


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with TemporaryDirectory() as place:
        folder = Path(place)
        # The small one first: the system's account of ended processes knows their largest only.
        few, many = write_table(folder, "few", FEW), write_table(folder, "many", rows)
        own = peak_memory_of(mltrain("fit", str(few), "--quiet", "--out", str(folder / "few")))
        began = time.perf_counter()
        peak = peak_memory_of(mltrain("fit", str(many), "--quiet", "--out", str(folder / "many")))
        seconds = time.perf_counter() - began
        text = many.with_suffix(".csv").stat().st_size
    array = 4 * rows * COLUMNS
    share = (peak - own) / array
    print(
        f"{rows:,} rows of {COLUMNS} columns: {text / 1e6:.0f} MB of text, {array / 1e6:.0f} MB as float32; fit takes "
        f"{seconds:.1f} s and {peak / 1e6:.0f} MB, of which {own / 1e6:.0f} MB are its own: "
        f"{share:.2f} times the array (at most {AT_MOST}: {'met' if share <= AT_MOST else 'not met'})"
    )


if __name__ == "__main__":
    main()
