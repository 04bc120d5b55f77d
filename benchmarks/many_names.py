"""What an embedding gains for a column of many names, compared with an input for each name.

    python -m benchmarks.many_names [--seeds 2] [--tables 5]

The tables are made up: two numbers and a column of names, each of which shifts the target by an amount of its own, and
noise. A fifth of the rows is held back. The same two layers learn both, once behind an ``index`` column with an
``embedding``, once behind a ``category`` column. Prints R2, and accuracy for the same target in two halves, with the
number of parameters. What it said last is in docs/your-data.md.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.command import mltrain
from benchmarks.processes import run

NOISE = 0.5
"""The standard deviation of the noise; that of each name's own amount is 1."""

_CONFIG = """\
dataset:
  {{type: csv, path: {path}, target: y, validation_split: 0.1, test_split: 0.2, columns: {{name: {kind}}}}}
layers:
{embedding}  - {{type: dense, units: 64, activation: relu}}
  - {{type: dense, {head}}}
loss: {loss}
optimizer: adam
metrics: [{metric}]
training: {{epochs: 100, batch_size: 64, early_stopping: {{patience: 10}}}}
"""

_EMBEDDING = """\
  - {{type: embedding, inputs: [name], input_dim: {input_dim}, output_dim: 4}}
  - flatten
  - {{type: concatenate, inputs: [input, flatten]}}
"""


class Table(NamedTuple):
    """How many rows and names a table has, and whether a few of the names have most of the rows."""

    rows: int
    names: int
    few_frequent: bool = False

    def __str__(self) -> str:
        return f"{self.rows:,}, {self.names:,}" + (", few of them frequent" if self.few_frequent else "")


class Result(NamedTuple):
    """R2 or accuracy on the rows held back, and the parameters of the network."""

    score: float
    parameters: int


TABLES = (
    Table(1000, 50),
    Table(3000, 200),
    Table(3000, 200, few_frequent=True),
    Table(10_000, 200),
    Table(10_000, 1000, few_frequent=True),
)
TASKS = ("r2", "accuracy")
KINDS = ("category", "index")


def write_table(path: Path, table: Table, seed: int, task: str) -> None:
    """The rows as CSV: ``a``, ``b``, ``name`` and the target ``y``, for accuracy as the words low and high."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, table.names + 1) if table.few_frequent else np.ones(table.names)
    names = rng.choice(table.names, table.rows, p=share / share.sum())
    numbers = rng.standard_normal((table.rows, 2))
    y = numbers @ (1, 0.5) + rng.standard_normal(table.names)[names] + NOISE * rng.standard_normal(table.rows)
    targets = np.where(y > np.median(y), "high", "low") if task == "accuracy" else y.round(4).astype(str)
    rows = zip(numbers.round(4).tolist(), names.tolist(), targets.tolist(), strict=True)
    path.write_text("a,b,name,y\n" + "".join(f"{a},{b},n{name},{goal}\n" for (a, b), name, goal in rows))


def learned(table: Table, task: str, kind: str, seed: int) -> Result:
    """Train on a table of this seed, and measure the rows held back."""
    is_class = task == "accuracy"
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_table(folder / "t.csv", table, seed, task)
        config = _CONFIG.format(
            path="t.csv",
            kind=kind,
            embedding=_EMBEDDING.format(input_dim=table.names + 2) if kind == "index" else "",
            head="units: 2, activation: softmax" if is_class else "units: 1",
            loss="categorical_crossentropy" if is_class else "mean_squared_error",
            metric=task,
        )
        (folder / "t.yaml").write_text(config)
        run(mltrain("fit", "t.yaml", "--quiet", "--out", "run", "--seed", str(seed)), folder)
        score = json.loads(run(mltrain("evaluate", "--model", "run", "--json"), folder))["metrics"][task]
        return Result(score, json.loads(run(mltrain("summary", "t.yaml", "--json"), folder))["parameters"])


def measure(tables: Sequence[Table], seeds: int) -> None:
    """Print a row a table, as Markdown: R2 and accuracy, an input each and embedded, the means of the seeds."""
    print("| rows, names | R2, an input each | R2, embedding | accuracy, an input each | accuracy, embedding |")
    print("|---|---|---|---|---|", flush=True)
    for table in tables:
        cells = []
        for task in TASKS:
            for kind in KINDS:
                results = [learned(table, task, kind, seed) for seed in range(seeds)]
                size = f" ({results[0].parameters:,})" if task == "r2" else ""
                cells.append(f"{fmean(one.score for one in results):.3f}{size}")
        print(f"| {table} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=2)
    words.add_argument("--tables", type=int, default=len(TABLES), help="only the first so many, which are the smaller")
    given = words.parse_args()
    measure(TABLES[: given.tables], given.seeds)


if __name__ == "__main__":
    main()
