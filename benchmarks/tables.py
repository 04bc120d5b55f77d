"""Does the config that ``mltrain init csv`` writes learn a table as well as scikit-learn does?

    python -m benchmarks.tables path/to/mltrain [table.csv target]... [--seeds 3] [--set OPTION=VALUE]

run by a Python that has scikit-learn. For each table and seed, a quarter of the rows is held back; ``init csv`` writes
the config for the others, which nobody touches but ``--set``, by which a part of it can be left out. Scikit-learn gets
standardized numbers, one-hot names and filled gaps: its MLP, with the target standardized or as it is, whichever suits
the table better, and its gradient boosting. Prints accuracy (or R2) on the rows held back and seconds of training, and
at the end the means, and how much mltrain is ahead. The tables are those of the repository and those that come with
scikit-learn, unless others are named. What it said last is in docs/your-data.md and docs/first-model.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Parts = tuple[np.ndarray, np.ndarray]
"""The numbers of the rows to train on, and of those to test on."""

DATA = Path(__file__).parents[1] / "data"
SIDES = ("mltrain", "MLP", "boosting")
BELOW = 0.01
"""A table on which mltrain is behind by more than this is counted."""


class Table(NamedTuple):
    """A table of texts, as a file has them; gaps are ``NA``."""

    name: str
    header: list[str]
    rows: np.ndarray
    target: str

    @property
    def y(self) -> np.ndarray:
        return self.rows[:, self.header.index(self.target)]

    @property
    def classes(self) -> bool:
        return not all(map(is_number, self.y)) or len(set(self.y)) <= 10


class Result(NamedTuple):
    """Accuracy or R2 on rows held back, and the seconds of training."""

    score: float
    seconds: float


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell == "NA"
    return True


def peers(table: Table, parts: Parts, seed: int) -> list[Result]:
    """scikit-learn's MLP, and its gradient boosting."""
    (train, test), y = parts, table.y if table.classes else table.y.astype(float)
    x = np.delete(table.rows, table.header.index(table.target), axis=1)
    numeric = [index for index in range(x.shape[1]) if all(map(is_number, x[:, index]))]
    names = [index for index in range(x.shape[1]) if index not in numeric]
    cells = np.where(x == "NA", np.nan, x.astype(object))
    cells[:, numeric] = cells[:, numeric].astype(float)
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
        (
            make_pipeline(
                SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            ),
            names,
        ),
    )
    learned = prepare, (MLPClassifier if table.classes else MLPRegressor)(max_iter=1000, random_state=seed)
    networks = [make_pipeline(*learned)]
    if not table.classes:
        networks.append(TransformedTargetRegressor(make_pipeline(*learned), transformer=StandardScaler()))
    trees = HistGradientBoostingClassifier if table.classes else HistGradientBoostingRegressor

    def result(model: Any) -> Result:
        began = time.perf_counter()
        model.fit(cells[train], y[train])
        return Result(model.score(cells[test], y[test]), time.perf_counter() - began)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [max(map(result, networks)), result(make_pipeline(prepare, trees(random_state=seed)))]


def ours(mltrain: str, table: Table, parts: Parts, folder: Path, seed: int, overrides: Sequence[str]) -> Result:
    def run(*arguments: str) -> str:
        return subprocess.run([mltrain, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout

    for name, part in zip(("train", "test"), parts, strict=True):
        lines = [",".join(table.header), *(",".join(row) for row in table.rows[part])]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    run("init", "csv", "train.csv", "--target", table.target, "--force")
    began = time.perf_counter()
    changes = [word for override in overrides for word in ("--set", override)]
    run("fit", "train.yaml", "--quiet", "--out", "run", "--seed", str(seed), *changes)
    seconds = time.perf_counter() - began
    metrics = json.loads(run("evaluate", "--model", "run", "--data", "test.csv", "--json"))["metrics"]
    return Result(metrics["accuracy"] if "accuracy" in metrics else metrics["r2"], seconds)


def compare(mltrain: str, table: Table, seeds: int, overrides: Sequence[str]) -> dict[str, Result]:
    """The mean of the seeds for each side; prints them as a line."""
    results = []
    for seed in range(seeds):
        train, test = train_test_split(
            np.arange(len(table.rows)), test_size=0.25, random_state=seed, stratify=table.y if table.classes else None
        )
        with tempfile.TemporaryDirectory() as folder:
            mine = ours(mltrain, table, (train, test), Path(folder), seed, overrides)
        results.append([mine, *peers(table, (train, test), seed)])
    found = {side: Result(*mean) for side, mean in zip(SIDES, np.mean(results, axis=0), strict=True)}
    row = " ".join(f"{result.score:8.3f} {result.seconds:6.1f}s" for result in found.values())
    print(f"{table.name:16} {'accuracy' if table.classes else 'R2':8} {len(table.rows):6} {row}", flush=True)
    return found


def summarize(found: Sequence[dict[str, Result]]) -> None:
    """Prints the means, and how much mltrain is ahead of each peer."""
    means = " ".join(f"{np.mean([one[side].score for one in found]):8.4f} {'':6} " for side in SIDES)
    print(f"{'mean':16} {'':8} {len(found):6} {means}")
    for side in SIDES[1:]:
        ahead = [one["mltrain"].score - one[side].score for one in found]
        seconds = [sum(one[name].seconds for one in found) for name in ("mltrain", side)]
        print(
            f"mltrain less {side}: mean {np.mean(ahead):+.4f}, worst {min(ahead):+.4f}, more than {BELOW} below on "
            f"{sum(one < -BELOW for one in ahead)} of {len(ahead)}; {seconds[0] / seconds[1]:.1f} times its seconds"
        )


def from_file(path: Path, target: str, name: str = "") -> Table:
    header, *rows = (line.split(",") for line in path.read_text().splitlines())
    return Table(name or path.stem, header, np.array([row for row in rows if len(row) == len(header)]), target)


def from_bunch(name: str, data: Any) -> Table:
    header = [*(str(feature).replace(" ", "_") for feature in data.feature_names), "goal"]
    goal = data.target.astype(str) if not hasattr(data, "target_names") else np.array(data.target_names)[data.target]
    rows = [[*map(str, x), str(y)] for x, y in zip(data.data.tolist(), goal.tolist(), strict=True)]
    return Table(name, header, np.array(rows), "goal")


def usual_tables() -> list[Table]:
    """The tables of the repository and of scikit-learn."""
    mass = from_file(DATA / "penguins.csv", "body_mass_g", "penguins, mass")
    return [
        from_file(DATA / "iris.csv", "species"),
        from_file(DATA / "penguins.csv", "species"),
        mass._replace(rows=mass.rows[mass.y != "NA"]),
        from_bunch("wine", load_wine()),
        from_bunch("breast cancer", load_breast_cancer()),
        from_bunch("digits", load_digits()),
        from_file(DATA / "activity.csv", "activity"),
        from_bunch("diabetes", load_diabetes(scaled=False)),
    ]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("mltrain", help="the command to measure")
    words.add_argument("tables", nargs="*", metavar="TABLE TARGET", help="CSV files, each with its target")
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--set", action="append", default=[], help="change the written config, as fit --set does")
    given = words.parse_args()
    if len(given.tables) % 2:
        words.error("each table needs its target")
    pairs = zip(given.tables[::2], given.tables[1::2], strict=True)
    tables = [from_file(Path(path), target) for path, target in pairs] or usual_tables()
    mltrain = str(Path(given.mltrain).absolute()) if "/" in given.mltrain else given.mltrain
    print(f"{'table':16} {'measure':8} {'rows':>6} " + " ".join(f"{side:>16}" for side in SIDES))
    summarize([compare(mltrain, table, given.seeds, given.set) for table in tables])
    return 0


if __name__ == "__main__":
    sys.exit(main())
