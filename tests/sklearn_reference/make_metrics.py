"""Write metrics.json: what scikit-learn computes, for tests/numbers to compare mltrain's metrics with.

    python make_metrics.py

The Python that runs it needs scikit-learn; the tests do not. All numbers are small eighths, so that every sum of them
and of their squares is exact, and two right implementations give the same bits or nearly so.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn import metrics

TARGET = Path(__file__).with_name("metrics.json")
CLASS_CASES = 60
NUMBER_CASES = 40

Scores = dict[str, float | None]


def main() -> None:
    # Undefined cases are part of what is recorded; scikit-learn warns of them.
    warnings.simplefilter("ignore")
    reference = {
        "scikit-learn": sklearn.__version__,
        "classes": list(class_cases(np.random.default_rng(31))),
        "numbers": list(number_cases(np.random.default_rng(32))),
    }
    TARGET.write_text(json.dumps(reference) + "\n")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


def class_cases(rng: Any) -> Iterator[dict[str, Any]]:
    """Outputs, a threshold for a single one, and labels: with classes that never occur, and with one row only."""
    for number in range(CLASS_CASES):
        outputs = [1, 2, 3, 5, 9][number % 5]
        classes = max(2, outputs)
        rows = 1 if number % 6 == 0 else int(rng.integers(2, 30))
        # Without ties among a row's outputs: who wins those is each library's own choice.
        y = np.array([rng.permutation(4 * outputs)[:outputs] - 2 * outputs for _ in range(rows)]) / 8
        occurring = rng.permutation(classes)[: int(rng.integers(1, classes + 1))]
        labels = rng.choice(occurring, rows)
        if number % 7 == 0:
            y[:] = y[0]  # all rows are predicted alike
        threshold = 0.5 if number % 2 else 0.0
        predicted = y.argmax(axis=1) if outputs > 1 else (y[:, 0] > threshold).astype(int)
        yield {
            "y": y.tolist(),
            "labels": labels.tolist(),
            "threshold": threshold,
            "scores": class_scores(y, labels, predicted, classes),
        }


def class_scores(y: Any, labels: Any, predicted: Any, classes: int) -> Scores:
    average = "binary" if classes == 2 else "macro"
    scores: Scores = {"accuracy": metrics.accuracy_score(labels, predicted)}
    functions: dict[str, Callable[..., float]] = {
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
    }
    for name, function in functions.items():
        scores[name] = function(labels, predicted, average=average, zero_division=0)
    if classes > 2:
        for k in (1, 2, 5):
            found = metrics.top_k_accuracy_score(labels, y, k=k, labels=np.arange(classes))
            scores[f"top_k_accuracy-k={k}"] = found
    return {name: float(score) for name, score in scores.items() if score is not None}


def number_cases(rng: Any) -> Iterator[dict[str, Any]]:
    """Outputs and targets: one row, one output or several, targets that are all the same, exact predictions."""
    for number in range(NUMBER_CASES):
        outputs = [1, 1, 2, 4][number % 4]
        rows = 1 if number % 5 == 0 else int(rng.integers(2, 30))
        target = rng.integers(-40, 41, (rows, outputs)) / 8
        y = target + rng.integers(-8, 9, (rows, outputs)) / 8
        if number % 3 == 0:
            target[:, 0] = target[0, 0]  # nothing to explain
        if number % 6 == 0:
            y[:, 0] = target[:, 0]
        scores = {
            "mean_absolute_error": metrics.mean_absolute_error(target, y),
            "mean_squared_error": metrics.mean_squared_error(target, y),
            "root_mean_squared_error": metrics.root_mean_squared_error(target, y) if outputs == 1 else None,
            "r2": metrics.r2_score(target, y) if rows > 1 else None,
        }
        known = {name: float(score) for name, score in scores.items() if score is not None}
        yield {"y": y.tolist(), "target": target.tolist(), "scores": known}


if __name__ == "__main__":
    main()
