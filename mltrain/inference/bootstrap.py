"""How far measures would differ on other rows of the same kind: the bootstrap, and a test of two classifiers.

Rows are drawn with replacement, as many as there are, some thousand times; the measures of what was drawn vary as they
would from sample to sample (Efron 1979, https://doi.org/10.1214/aos/1176344552). A measure is computed from sums over
rows, so a drawing is only how often each row counts, and all drawings together are matrix products.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.engine.metrics.base import Metric
from mltrain.inference.scores import Predictions
from mltrain.random_streams import generator

if TYPE_CHECKING:
    from mltrain.inference.model import Model

Doubles = npt.NDArray[np.float64]

RESAMPLES, FEWEST = 2000, 200
_MOST_DRAWN = 200_000_000
"""Drawn rows of all resamples together: some seconds. Of many rows, less resamples are drawn, and intervals are
narrow."""

_FEW_ROWS = 20
"""With fewer rows, the percentile interval is too short to be of use."""

_BLOCK = 4_000_000
"""Drawn rows in memory at a time."""


class Interval(NamedTuple):
    """The bounds between which a measure lies in most resamples."""

    low: float
    high: float


def resamples_for(rows: int) -> int:
    """How many resamples are drawn of so many rows."""
    return max(FEWEST, min(RESAMPLES, _MOST_DRAWN // max(1, rows)))


def resampled(predictions: Sequence[Predictions], metrics: Sequence[Metric]) -> list[dict[str, Doubles]]:
    """The loss and the metrics of each model in every resample, by name, ``(resamples,)``.

    Predictions are of the same rows; all models see the same resamples.
    """
    measured = [_measured(one, metrics) for one in predictions]
    found: list[dict[str, list[float]]] = [{"loss": [], **{one.type_name(): [] for one in metrics}} for _ in measured]
    for counts in _counts(len(predictions[0])):
        for one, (losses, statistics), values in zip(predictions, measured, found, strict=True):
            values["loss"] += (counts @ losses / len(losses) + one.model.penalty).tolist()
            for metric, alone in zip(metrics, statistics, strict=True):
                sums = np.tensordot(counts, alone, axes=1)
                values[metric.type_name()] += [metric.result(metric.from_sums(drawn)) for drawn in sums]
    return [{name: np.array(numbers) for name, numbers in values.items()} for values in found]


def too_narrow(model: "Model", rows: int) -> list[str]:
    """Why intervals for so many rows are narrower than they should be, in a sentence each."""
    found = []
    if rows < _FEW_ROWS:
        these = "1 row is" if rows == 1 else f"{rows} rows are"
        found.append(f"{these} too few for an interval: below {_FEW_ROWS} rows, the bootstrap makes it too narrow")
    group = getattr(model.config.dataset, "group", None)
    if group is not None:
        found.append(
            f"the interval is too narrow: rows of the same '{group}' are alike, and the bootstrap draws each by itself"
        )
    return found


def interval(values: Doubles, confidence: float) -> Interval:
    """The percentile interval: a share of ``confidence`` of the resamples lies in it, as many below as above."""
    outside = (1 - confidence) / 2
    low, high = np.quantile(values, [outside, 1 - outside])
    return Interval(float(low), float(high))


def _measured(found: Predictions, metrics: Sequence[Metric]) -> tuple[Doubles, list[Doubles]]:
    """What each row adds to the loss and to the sums of each metric."""
    y, target = found.flat
    statistics = []
    for metric in metrics:
        alone = metric.row_statistics(y, target, found.loss.threshold)
        # Positions of a row are drawn together.
        statistics.append(alone.reshape(len(found), -1, *alone.shape[1:]).sum(axis=1))
    return found.row_losses(), statistics


def _counts(rows: int) -> Iterator[Doubles]:
    """How often each row is drawn, ``(some resamples, rows)``, block by block; always the same for so many rows."""
    rng, left = generator(0, "bootstrap"), resamples_for(rows)
    most = max(1, _BLOCK // rows)
    while left:
        block = min(left, most)
        left -= block
        drawn = [np.bincount(rng.integers(0, rows, rows), minlength=rows) for _ in range(block)]
        yield np.array(drawn, np.float64)


class Disagreement(NamedTuple):
    """The rows that only the first, or only the second of two classifiers has right, and McNemar's exact test.

    ``p`` is how often chance alone would divide as many rows as unevenly, or more, if both were equally good.
    McNemar 1947, https://doi.org/10.1007/BF02295996
    """

    only_first: int
    only_second: int
    p: float


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> Disagreement:
    """Compare two classifiers by whether each has each of the same rows right."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    count, least = only_first + only_second, min(only_first, only_second)
    # log(k!) for all k; the probabilities of a fair coin themselves would underflow.
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count + 1)))))
    heads = np.arange(least + 1)
    tail = np.exp(factorials[count] - factorials[heads] - factorials[count - heads] - count * np.log(2)).sum()
    return Disagreement(only_first, only_second, min(1.0, 2 * float(tail)))
