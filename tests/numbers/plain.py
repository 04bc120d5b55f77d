"""Softmax and all losses once more: one row at a time, in Python's own floats, as plainly as a textbook has them.

Each loss gives the values of a row and their derivatives by its ``z``, both lists, or a single value and a list.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

Row = list[float]


class Value(NamedTuple):
    """A loss, its derivatives by z, and the largest number on the way to it, of which rounding errors are a share."""

    loss: float
    slopes: Row
    size: float


def softmax(z: Row) -> Row:
    terms = [math.exp(one - max(z)) for one in z]
    return [term / math.fsum(terms) for term in terms]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def squared(z: float, target: float) -> Value:
    loss = (z - target) ** 2
    return Value(loss, [2 * (z - target)], loss)


def absolute(z: float, target: float) -> Value:
    loss = abs(z - target)
    return Value(loss, [math.copysign(1.0, z - target) if loss else 0.0], loss)


def huber(z: float, target: float, delta: float = 1.0) -> Value:
    error = abs(z - target)
    loss = error**2 / 2 if error <= delta else delta * (error - delta / 2)
    return Value(loss, [math.copysign(min(error, delta), z - target)], loss)


def binary_crossentropy(z: float, target: float) -> Value:
    loss = softplus(-z if target else z)
    return Value(loss, [sigmoid(z) - target], loss)


def hinge(z: float, target: float) -> Value:
    side = 1 if target else -1
    return Value(max(0.0, 1 - side * z), [-side if side * z < 1 else 0.0], 1 + abs(z))


def perceptron(z: float, target: float) -> Value:
    wrong = (1 if z > 0 else 0) - target
    return Value(wrong * z, [wrong], abs(z))


def crossentropy(z: Row, target: Row) -> Value:
    scores = [one - max(z) for one in z]
    log_total = math.log(math.fsum(map(math.exp, scores)))
    losses = [share * (log_total - score) for share, score in zip(target, scores, strict=True)]
    slopes = [y - share for y, share in zip(softmax(z), target, strict=True)]
    return Value(math.fsum(losses), slopes, 1 + math.fsum(losses))


ELEMENTS: dict[str, Callable[..., Value]] = {
    "mean_squared_error": squared,
    "mean_absolute_error": absolute,
    "huber": huber,
    "binary_crossentropy": binary_crossentropy,
    "hinge": hinge,
    "perceptron": perceptron,
}
"""The losses of one output each."""

ROWS = ("categorical_crossentropy", "sparse_categorical_crossentropy")
"""The losses of a whole row: crossentropy, with the shares of the classes or the number of one."""


def values(name: str, z: list[Row], target: Any, **options: Any) -> list[Value]:
    """The values of all elements of a batch, row by row."""
    if name in ROWS:
        classes = range(len(z[0]))
        shares = (
            [[float(one == number) for number in classes] for one in target] if name.startswith("sparse") else target
        )
        smoothed = options.get("label_smoothing", 0.0)
        shares = [[share * (1 - smoothed) + smoothed / len(row) for share in row] for row in shares]
        return [crossentropy(*row) for row in zip(z, shares, strict=True)]
    element = ELEMENTS[name]
    pairs = [pair for row in zip(z, target, strict=True) for pair in zip(*row, strict=True)]
    return [element(*pair, **options) for pair in pairs]
