"""Does mltrain learn a table as well as scikit-learn does? Run it with a Python that has scikit-learn:

    python benchmarks/compare_sklearn.py path/to/mltrain [table.csv target]...

For each table and five splits: rows to train on and rows to test on are written to CSV; ``mltrain init csv`` writes the
config, which nobody touches; scikit-learn's MLP gets standardized numbers, one-hot names and filled gaps, and of its
two ways to learn numbers, with the target standardized or as it is, the one that suits the table better. Prints the
mean accuracy (or R2) of both on the same test rows. Tables that are named are compared in place of the usual ones.
What it said last is in docs/your-data.md.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Parts = tuple[np.ndarray, np.ndarray]
"""The numbers of the rows to train on, and of those to test on."""

SPLITS = 5
DATA = Path(__file__).parents[1] / "data"


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell == "NA"
    return True


def peer(x: np.ndarray, y: np.ndarray, parts: Parts, classes: bool, seed: int) -> list[float]:
    train, test = parts
    numeric = [index for index in range(x.shape[1]) if all(map(is_number, x[:, index]))]
    names = [index for index in range(x.shape[1]) if index not in numeric]
    cells = np.where(x == "NA", np.nan, x.astype(object))
    cells[:, numeric] = cells[:, numeric].astype(float)
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), names),
    )
    kind = MLPClassifier if classes else MLPRegressor
    learned = prepare, kind(max_iter=1000, random_state=seed)
    models = [make_pipeline(*learned)]
    if not classes:
        models.append(TransformedTargetRegressor(make_pipeline(*learned), transformer=StandardScaler()))
    target = y if classes else y.astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [model.fit(cells[train], target[train]).score(cells[test], target[test]) for model in models]


def ours(
    mltrain: str, header: list[str], rows: np.ndarray, parts: Parts, target: str, folder: Path, seed: int
) -> float:
    def run(*arguments: str) -> str:
        return subprocess.run([mltrain, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout

    for name, part in zip(("train", "test"), parts, strict=True):
        lines = [",".join(header), *(",".join(row) for row in rows[part])]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    run("init", "csv", "train.csv", "--target", target, "--force")
    assert len((folder / "train.yaml").read_text().splitlines()) <= 25
    held = ["--set", "dataset.test_split=0", "--set", "dataset.test_path=test.csv"]
    run("fit", "train.yaml", "--quiet", "--out", "run", "--seed", str(seed), *held)
    metrics = json.loads(run("evaluate", "--model", "run", "--json"))["metrics"]
    return metrics["accuracy"] if "accuracy" in metrics else metrics["r2"]


def compare(mltrain: str, name: str, header: list[str], rows: np.ndarray, target: str) -> None:
    place = header.index(target)
    y, x = rows[:, place], np.delete(rows, place, axis=1)
    classes = not all(map(is_number, y)) or len(set(y)) <= 10
    scores = []
    for seed in range(SPLITS):
        train, test = train_test_split(
            np.arange(len(rows)), test_size=0.25, random_state=seed, stratify=y if classes else None
        )
        parts = train, test
        with tempfile.TemporaryDirectory() as folder:
            mine = ours(mltrain, header, rows, parts, target, Path(folder), seed)
        scores.append((mine, *peer(x, y, parts, classes, seed)))
    mine, *theirs = np.mean(scores, axis=0)
    print(
        f"{name:15} {'accuracy' if classes else 'R2':9} mltrain {mine:.3f}   scikit-learn {max(theirs):.3f}", flush=True
    )


def table(path: Path) -> tuple[list[str], np.ndarray]:
    header, *rows = (line.split(",") for line in path.read_text().splitlines())
    return header, np.array([row for row in rows if len(row) == len(header)])


def bunch(data: Any) -> tuple[list[str], np.ndarray]:
    header = [*(str(name).replace(" ", "_") for name in data.feature_names), "goal"]
    goal = data.target.astype(str) if not hasattr(data, "target_names") else np.array(data.target_names)[data.target]
    return header, np.array([[*map(str, x), str(y)] for x, y in zip(data.data.tolist(), goal.tolist(), strict=True)])


if __name__ == "__main__":
    mltrain = str(Path(sys.argv[1]).absolute())
    for path, target in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
        compare(mltrain, Path(path).stem, *table(Path(path)), target)
    if len(sys.argv) > 2:
        sys.exit()
    compare(mltrain, "iris", *table(DATA / "iris.csv"), "species")
    compare(mltrain, "penguins", *table(DATA / "penguins.csv"), "species")
    header, rows = table(DATA / "penguins.csv")
    weighed = rows[rows[:, header.index("body_mass_g")] != "NA"]
    compare(mltrain, "penguins' mass", header, weighed, "body_mass_g")
    compare(mltrain, "wine", *bunch(load_wine()), "goal")
    compare(mltrain, "breast cancer", *bunch(load_breast_cancer()), "goal")
    compare(mltrain, "digits", *bunch(load_digits()), "goal")
    compare(mltrain, "activity", *table(DATA / "activity.csv"), "activity")
    compare(mltrain, "diabetes", *bunch(load_diabetes(scaled=False)), "goal")
