"""The formulas of all metrics once more, number by number in Python's own floats; and metrics measured in blocks."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mltrain.engine.metrics.base import Metric


def measure(metric: Metric, y: Any, target: Any, threshold: float = 0.5, cuts: tuple[int, ...] = ()) -> float:
    """The metric of all rows, seen in the blocks between the cuts."""
    statistics = None
    for part in np.split(np.arange(len(y)), cuts):
        found = metric.statistics(y[part], target[part], threshold)
        statistics = found if statistics is None else metric.merge(statistics, found)
    assert statistics is not None
    return metric.result(statistics)


# Of lists of rows of outputs, with rows of targets ...


def squares(y: list[list[float]], target: list[list[float]]) -> list[list[float]]:
    return [[(a - b) ** 2 for a, b in zip(*rows, strict=True)] for rows in zip(y, target, strict=True)]


def mean(rows: list[list[float]]) -> float:
    return math.fsum(map(math.fsum, rows)) / (len(rows) * len(rows[0]))


def r2(y: list[list[float]], target: list[list[float]]) -> float:
    missed = [math.fsum(column) for column in zip(*squares(y, target), strict=True)]
    columns = list(zip(*target, strict=True))
    means = [math.fsum(column) / len(column) for column in columns]
    spread = [math.fsum((t - m) ** 2 for t in column) for column, m in zip(columns, means, strict=True)]
    return math.fsum(1 - a / b for a, b in zip(missed, spread, strict=True)) / len(columns)


# ... or with class numbers.


def guesses(row: list[float], threshold: float) -> list[int]:
    """Classes, the likeliest first."""
    scores = row if len(row) > 1 else [threshold, row[0]]
    return sorted(range(len(scores)), key=lambda index: -scores[index])


def class_score(
    score: Callable[[int, int, int], float],
) -> Callable[[list[list[float]], list[int], float], float]:
    def of(y: list[list[float]], true: list[int], threshold: float) -> float:
        predicted = [guesses(row, threshold)[0] for row in y]
        scores = {
            number: score(
                sum(p == t == number for p, t in zip(predicted, true, strict=True)),
                predicted.count(number),
                true.count(number),
            )
            for number in {*predicted, *true}
        }
        return scores.get(1, 0) if len(y[0]) <= 2 else math.fsum(scores.values()) / len(scores)

    return of


def top(k: int) -> Callable[[list[list[float]], list[int], float], float]:
    return lambda y, true, threshold: (
        sum(t in guesses(row, threshold)[:k] for row, t in zip(y, true, strict=True)) / len(y)
    )


NUMBERS: dict[str, Callable[[list[list[float]], list[list[float]]], float]] = {
    "mean_squared_error": lambda y, target: mean(squares(y, target)),
    "root_mean_squared_error": lambda y, target: math.sqrt(mean(squares(y, target))),
    "mean_absolute_error": lambda y, target: mean([[math.sqrt(a) for a in row] for row in squares(y, target)]),
    "r2": r2,
}
CLASSES: dict[str, Callable[[list[list[float]], list[int], float], float]] = {
    "accuracy": top(1),
    "precision": class_score(lambda right, predicted, true: right / predicted if predicted else 0),
    "recall": class_score(lambda right, predicted, true: right / true if true else 0),
    "f1": class_score(lambda right, predicted, true: 2 * right / (predicted + true)),
    "top_k_accuracy": top(5),
    "top_k_accuracy-k=2": top(2),
}


def class_targets(labels: Any, outputs: int) -> list[Any]:
    """The same class numbers in each form in which losses take them."""
    if outputs == 1:
        return [labels.astype(np.float32)[:, None], labels.astype(np.int32)]
    return [labels.astype(np.int32), np.eye(outputs, dtype=np.float32)[labels]]
