"""How far mltrain is from a peer, and how far is too far.

In float64 two right implementations agree to a dozen digits: `FORMULA` is the most that both may be apart.

In float32 all go astray, some configs more than others: a network of ten layers of relu and softmax adds up more
roundings than a single neuron. So the peer itself says what is usual: both float32 results are held against the peer's
float64 result, and mltrain's may be `FACTOR` times as far off as the peer's own, and `FLOOR` besides, because the peer
may have been lucky.

Some configs are discontinuous: lion steps by the sign of a gradient that is all but 0, a relu's input is all but 0. One
rounding decides there, and no two implementations agree. Whether that is so is measured as well: mltrain's float64 run
is repeated with every array between its layers, on the way there and back, nudged by one rounding at each step. A
difference within `FACTOR` times what the nudges do is explained; anything else is a disagreement.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from campaigns.differential.case import Case
from campaigns.differential.exchange import Result
from campaigns.differential.ours import rounding, train_float64

FORMULA = 1e-9
FACTOR, FLOOR = 4.0, 32.0
NUDGED_RUNS = 8

UNIT = float(np.finfo(np.float32).eps)
"""Float32 distances are counted in these, as shares of the largest number that they are compared with."""


Word = Literal["agrees", "diverges", "explained", "disagrees"]
"""``diverges``: so does the peer."""


class Distance(NamedTuple):
    """How far apart two results are where they are furthest apart, as a share of the largest number there."""

    share: float
    where: str


class Ours(NamedTuple):
    """mltrain's results of a case: of float32 the losses of epochs, or None where training diverged; of float64 all."""

    float32: Result | None
    float64: Result


@dataclass(frozen=True)
class Verdict:
    """One case beside one peer.

    ``formula`` is how far apart both are in float64, ``ours`` and ``peers`` how far each one's float32 is from the
    peer's float64, in units of float32.
    """

    number: int
    peer: str
    word: Word
    formula: float
    ours: float
    peers: float
    where: str


def judge(case: Case, peer: str, ours: Ours, float32: Result, float64: Result) -> Verdict:
    """Compare mltrain's results of a case with a peer's; the peer's losses are those of single steps."""
    if ours.float32 is None:
        word: Word = "disagrees" if np.isfinite(float32.losses).all() else "diverges"
        return Verdict(case.number, peer, word, math.nan, math.nan, math.nan, "training diverged")
    formula = distance(case, ours.float64, float64)
    reference, peers_own = by_epoch(case, float64), by_epoch(case, float32)
    found, usual = distance(case, ours.float32, reference), distance(case, peers_own, reference)
    apart, own = found.share / UNIT, usual.share / UNIT
    wrong, astray = formula.share > FORMULA, is_astray(apart, own)
    if not wrong and not astray:
        return Verdict(case.number, peer, "agrees", formula.share, apart, own, found.where)
    clean = ours.float64
    explained = (not wrong or formula.share <= FORMULA + FACTOR * spread(case, clean, np.float64)) and (
        not astray or not is_astray(apart, spread(case, clean, np.float32) / UNIT)
    )
    where = f"{formula.where} in float64" if wrong else f"{found.where} in float32"
    return Verdict(case.number, peer, "explained" if explained else "disagrees", formula.share, apart, own, where)


def is_astray(units: float, usual: float) -> bool:
    """Whether a float32 result is further off than one whose implementation is ``usual`` units off."""
    return not units <= FACTOR * usual + FLOOR


def spread(case: Case, clean: Result, precision: type[np.floating]) -> float:
    """How far the case's float64 result is moved by nudges as large as roundings of this precision."""
    runs = (train_float64(case, rounding(precision, run)) for run in range(NUDGED_RUNS))
    return max(distance(case, run, clean).share for run in runs)


def by_epoch(case: Case, result: Result) -> Result:
    """The result with the losses of epochs in place of those of steps."""
    return result._replace(losses=case.means_by_epoch(result.losses))


def distance(case: Case, one: Result, other: Result) -> Distance:
    """How far apart two results are: in losses, as a share of the largest, and in weights, of the largest of a layer.

    (Weights and biases of a layer are added up, so that a rounding of the one is none of the other's business.)
    """
    distances = [_apart(one.losses, other.losses, np.abs(other.losses).max(), "loss")]
    for name, array in other.weights.items():
        layer = name.rpartition(".")[0]
        largest = max(
            np.abs(weights[own]).max()
            for weights in (other.weights, case.first_weights)
            for own in weights
            if own.rpartition(".")[0] == layer
        )
        distances.append(_apart(one.weights[name], array, largest, name))
    return max(distances)


def _apart(one: np.ndarray, other: np.ndarray, scale: float, where: str) -> Distance:
    apart = np.abs(np.subtract(one, other, dtype=np.float64)).max()
    if not math.isfinite(apart):
        return Distance(math.inf, where)
    return Distance(0.0 if apart == 0 else float(apart / scale) if scale else math.inf, where)
