"""What counts as agreement: mltrain's own float64 stands for a peer, right, wrong and undecided."""

from typing import Any

import numpy as np
import pytest

from campaigns.differential.case import Case, draw_case
from campaigns.differential.exchange import Result
from campaigns.differential.ours import train_float32, train_float64
from campaigns.differential.verdict import UNIT, Ours, distance, is_astray, judge, spread
from mltrain.config import Config
from mltrain.config.convert import convert


def as_float32(result: Result) -> Result:
    """A peer's float32 result, as exact as can be."""
    weights = {name: array.astype(np.float32) for name, array in result.weights.items()}
    return Result(result.losses.astype(np.float32), weights)


def judged(case: Case, peer: Result, ours: Ours | None = None) -> Any:
    ours = ours or Ours(train_float32(case), train_float64(case))
    return judge(case, "torch", ours, as_float32(peer), peer)


@pytest.mark.parametrize("number", range(60))
def test_float32_by_the_loop_is_float64_by_the_engine(number: int) -> None:
    """As in the comparison with peers, but without any: roundings are all that may differ."""
    case = draw_case(2, number)
    found, clean = train_float32(case), train_float64(case)
    if found is None:
        assert not np.isfinite(clean.losses).all()
        return
    apart = distance(case, found, clean._replace(losses=case.means_by_epoch(clean.losses))).share / UNIT
    assert not is_astray(apart, 0) or not is_astray(apart, spread(case, clean, np.float32) / UNIT)


def test_the_same_is_agreement() -> None:
    case = draw_case(2, 6)
    assert judged(case, train_float64(case)).word == "agrees"


@pytest.mark.parametrize("share", [1e-8, 1e-4])
def test_another_formula_is_seen(share: float) -> None:
    """By so little that float32 hides it, and by more."""
    case = draw_case(2, 6)
    right = train_float64(case)
    name = list(right.weights)[-1]
    wrong = right._replace(weights=right.weights | {name: right.weights[name] * (1 + share)})
    verdict = judged(case, wrong)
    assert (verdict.word, verdict.where) == ("disagrees", f"{name} in float64")


def test_another_rounding_is_seen() -> None:
    case = draw_case(2, 6)
    right, found = train_float64(case), train_float32(case)
    assert found is not None
    wrong = found._replace(losses=found.losses * (1 + 1e-4))
    verdict = judged(case, right, Ours(wrong, right))
    assert (verdict.word, verdict.where) == ("disagrees", "loss in float32")


@pytest.mark.parametrize(("optimizer", "word"), [("lion", "explained"), ("sgd", "disagrees")])
def test_what_a_rounding_decides_is_explained(optimizer: str, word: str) -> None:
    """Two rows pull the kernel apart, equally strongly. Lion goes up or down by any rounding; sgd stays."""
    config = convert(
        Config,
        {
            "dataset": {"type": "inline", "x": [1, 1], "y": [-5, 5]},
            "layers": [{"type": "dense", "units": 1, "use_bias": False, "kernel_initializer": "ones"}],
            "loss": "mae",
            "optimizer": {"type": optimizer, "learning_rate": 0.01},
            "training": {"epochs": 20},
        },
    )
    case = Case(0, config)
    stays = train_float64(case)
    assert stays.weights["dense.kernel"].item() == 1
    goes = stays._replace(weights={"dense.kernel": np.array([[1.01]])})
    assert judged(case, goes).word == word


def test_training_that_diverges_has_to_diverge_in_both() -> None:
    case = draw_case(2, 6)
    right = train_float64(case)
    infinite = right._replace(losses=np.full_like(right.losses, np.inf))
    assert judged(case, right, Ours(None, right)).word == "disagrees"
    assert judge(case, "keras", Ours(None, right), infinite, right).word == "diverges"


def test_numbers_that_are_none_are_infinitely_far() -> None:
    case = draw_case(2, 6)
    right = train_float64(case)
    broken = right._replace(losses=np.full_like(right.losses, np.nan))
    assert distance(case, broken, right).share == np.inf
