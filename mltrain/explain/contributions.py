"""What each column adds to one prediction, so that all of them add up to it.

*Integrated gradients* go in a straight line from the mean row to the row that is explained, and sum up the slopes on
the way (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365). *Shapley values* are the mean of what a column
adds to the prediction, over all orders in which the columns can become known (Lundberg and Lee 2017,
https://arxiv.org/abs/1705.07874); columns that are not known yet have the cells of other rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import numpy.typing as npt

from mltrain.backends.default import default_backend
from mltrain.engine.arrays import Floats
from mltrain.errors import UsageError
from mltrain.explain.columns import ColumnInputs
from mltrain.explain.dependence import answers_of, output_names
from mltrain.inference.model import Model
from mltrain.random_streams import generator
from mltrain.training.targets import target_scaling

MOST_EXACT = 10
"""Columns of which all 2 ** columns subsets are looked at, at most."""

ORDERS = 200
"""Orders of the columns from which Shapley values are estimated."""

MOST_BACKGROUND = 100
"""Other rows whose cells stand in for unknown ones, at most."""

_STEPS = (32, 128, 512, 2048)
_CLOSE = 1e-3
"""The number of steps grows until what is missing in the sum is below this share of the distance."""

_BLOCK = 50_000

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contributions:
    """What each of ``columns`` adds to the prediction of ``output``, from ``base`` on: ``values``, ``(columns,)``.

    ``gap`` is what their sum lacks of ``prediction - base``, by the rounding of numbers and of the steps.
    """

    output: str
    base: float
    prediction: float
    columns: tuple[str, ...]
    values: Doubles

    @property
    def gap(self) -> float:
        return self.prediction - self.base - float(self.values.sum())


def integrated_gradients(
    model: Model, row: Floats, baseline: Floats, columns: Sequence[ColumnInputs], output: int
) -> Contributions:
    """Explain one output (a class, or a target, by its number) for one ``row``, ``(inputs,)``; see `has_slopes`."""
    base, prediction = answers_of(model, np.stack([baseline, row]))[:, output]
    difference = row.astype(np.float64) - baseline
    by_input = np.zeros_like(difference)
    for steps in _STEPS:
        shares = (np.arange(steps) + 0.5) / steps
        line = (baseline + shares[:, None] * difference).astype(np.float32)
        by_input = difference * _slopes(model, line, output).mean(axis=0)
        if abs(prediction - base - by_input.sum()) <= _CLOSE * abs(prediction - base):
            break
    values = np.array([by_input[column.inputs].sum() for column in columns])
    return Contributions(
        output_names(model)[output], float(base), float(prediction), tuple(one.name for one in columns), values
    )


def has_slopes(model: Model) -> bool:
    """Whether the answers change smoothly with the inputs: not behind a step, and not where inputs number names."""
    layers = {stage.type_name() for node in model.network.nodes for stage in node.layer.stages()}
    return not layers & {"embedding", "step"}


def _slopes(model: Model, x: Floats, output: int) -> Doubles:
    """The gradient of one number of `answers_of` by the inputs, ``(rows, inputs)``, in the units of the inputs."""
    total = np.zeros(x.shape)
    networks = model.networks()
    for member, places in networks:
        own = x if places is None else np.ascontiguousarray(x[:, places])
        inputs = member.preprocessing.inputs
        weights, units = _weights(member, own, output)
        slopes = default_backend().input_gradients(member.network, own, weights, inputs).astype(np.float64)
        slopes *= np.array(inputs.scale) * units
        total[:, places or slice(None)] += slopes
    return total / len(networks)


def _weights(model: Model, x: Floats, output: int) -> tuple[Floats, float]:
    """What each of the network's scores counts in the slope of one answer, and the answer's units.

    Scores are the numbers before a softmax or sigmoid, whose own derivative is in the weights.
    """
    width = model.network.output_shape[-1]
    last = model.network.nodes[-1].layer.stages()[-1].type_name()
    sign, place = (1.0, output) if width > 1 or model.classes is None else (2.0 * output - 1, 0)
    weights = np.zeros((len(x), width), np.float32)
    weights[:, place] = sign
    if last == "sigmoid":
        y = answers_before_units(model, x)
        weights *= y * (1 - y)
    elif last == "softmax":
        y = answers_before_units(model, x)
        weights = (sign * y[:, [place]] * (np.eye(width, dtype=np.float32)[place] - y)).astype(np.float32)
    scale = target_scaling(model.config.loss, model.preprocessing).scale
    return weights, 1 / (scale[place] if isinstance(scale, tuple) and len(scale) > 1 else float(np.ravel(scale)[0]))


def answers_before_units(model: Model, x: Floats) -> Floats:
    """The network's own outputs, ``(rows, outputs)``, scaled as it learned them."""
    return default_backend().predict(model.network, x, model.preprocessing.inputs)


def shapley_values(
    model: Model, row: Floats, background: Floats, columns: Sequence[ColumnInputs], output: int
) -> Contributions:
    """Explain one output for one ``row`` exactly: every subset of the columns is tried on every ``background`` row.

    Raises `UsageError` if there are more than `MOST_EXACT` columns.
    """
    count = len(columns)
    if count > MOST_EXACT:
        raise UsageError(
            f"--exact tries every subset of the columns, and {count} columns have {2**count:,} of them; "
            f"it takes up to {MOST_EXACT} columns. Without --exact, integrated gradients explain any number"
        )
    known = _values_of_subsets(model, row, background, columns, output)
    values = np.zeros(count)
    for place in range(count):
        others = [one for one in range(count) if one != place]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for subset in combinations(others, size):
                bits = sum(1 << one for one in subset)
                values[place] += weight * (known[bits | 1 << place] - known[bits])
    names = tuple(one.name for one in columns)
    return Contributions(output_names(model)[output], float(known[0]), float(known[-1]), names, values)


def sampled_shapley_values(
    model: Model, row: Floats, background: Floats, columns: Sequence[ColumnInputs], output: int
) -> Contributions:
    """Estimate Shapley values from `ORDERS` orders of the columns, half of them the reverse of the others.

    In each order, a row of the ``background`` gets the cells of the ``row``, one column after the other (Strumbelj and
    Kononenko 2010, https://jmlr.org/papers/v11/strumbelj10a.html). The sum is exact all the same.
    """
    rng = generator(model.config.seed, "permutation")
    values, first, last = np.zeros(len(columns)), 0.0, 0.0
    for number in range(ORDERS // 2):
        order = rng.permutation(len(columns))
        for one in (order, order[::-1]):
            x = np.repeat(background[number % len(background)][None], len(columns) + 1, axis=0)
            for known, place in enumerate(one, 1):
                x[known:, columns[place].inputs] = row[columns[place].inputs]
            y = answers_of(model, x)[:, output]
            values[one] += np.diff(y) / ORDERS
            first, last = first + y[0] / ORDERS, last + y[-1] / ORDERS
    names = tuple(one.name for one in columns)
    return Contributions(output_names(model)[output], float(first), float(last), names, values)


def _values_of_subsets(
    model: Model, row: Floats, background: Floats, columns: Sequence[ColumnInputs], output: int
) -> Doubles:
    """The mean prediction where the columns of a subset are known, for each subset by its bits."""
    subsets, rows = 1 << len(columns), len(background)
    found = np.empty(subsets)
    at_a_time = max(1, _BLOCK // rows)
    for first in range(0, subsets, at_a_time):
        some = range(first, min(subsets, first + at_a_time))
        x = np.repeat(background[None], len(some), axis=0)
        for mixed, bits in zip(x, some, strict=True):
            for place, column in enumerate(columns):
                if bits >> place & 1:
                    mixed[:, column.inputs] = row[column.inputs]
        y = answers_of(model, x.reshape(-1, x.shape[-1]))[:, output]
        found[first : some.stop] = y.reshape(len(some), rows).mean(axis=1)
    return found
