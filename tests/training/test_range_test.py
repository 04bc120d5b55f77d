"""The learning rate range test: which rates it tries, when it ends, and what it suggests."""

from typing import Any

import numpy as np
import pytest
from toy_training import class_rows, dense, line_rows, loss, network, optimizer

from mltrain.backends.base import Rows, TrainingTask
from mltrain.backends.default import default_backend
from mltrain.config.convert import convert
from mltrain.engine.losses.base import Loss
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import Schedule
from mltrain.errors import TrainingDiverged
from mltrain.training.range_test import FEWEST_STEPS, HIGHEST, LOWEST, MOST_STEPS, RangeTest, range_test

LINE = line_rows(100)


def trial(
    rows: Rows = LINE, *, how: Any = "sgd", aim: Any = "mse", net: Any = None, batch_size: int = 32, **options: Any
) -> RangeTest:
    """The test of a single unit."""
    task = TrainingTask(net or network(1, dense(1)), rows, loss(aim), optimizer(how), batch_size=batch_size)
    ends = {name: options.pop(name) for name in ("stop", "progress") if name in options}
    return range_test(default_backend(), task._replace(**options), **ends)


def course(losses: list[float]) -> RangeTest:
    """A test with these losses, as far as it goes."""
    test = RangeTest(len(losses))
    for rate, one in zip(np.geomspace(LOWEST, HIGHEST, len(losses)), losses, strict=True):
        test.add(float(rate), one)
        if test.diverged:
            break
    return test


def test_rates_grow_by_the_same_factor_over_whole_passes() -> None:
    test = trial(how={"type": "sgd", "clip_norm": 1e-3})
    assert len(test.losses) == test.planned == 200  # 50 passes of 4 batches
    assert (test.rates[0], test.rates[-1]) == pytest.approx((LOWEST, HIGHEST))
    assert np.diff(np.log(test.rates)) == pytest.approx(np.log(HIGHEST / LOWEST) / 199)


@pytest.mark.parametrize(
    ("rows", "batch_size", "accumulated", "planned", "rates"),
    [(64, 32, 1, FEWEST_STEPS, 200), (100, 100, 1, FEWEST_STEPS, 200), (8000, 32, 1, 250, 250),
     (17000, 32, 1, MOST_STEPS, 500), (12, 32, 1, 417, 417), (10, 4, 1, 1250, 1250), (96, 32, 2, 300, 200)],
)  # fmt: skip
def test_steps_are_at_least_and_at_most_so_many(
    rows: int, batch_size: int, accumulated: int, planned: int, rates: int
) -> None:
    """Where several batches make a step, they have one learning rate."""
    slow = {"type": "sgd", "clip_norm": 1e-6}
    test = trial(line_rows(rows), batch_size=batch_size, gradient_accumulation=accumulated, how=slow)
    assert (len(test.losses), test.ending) == (planned, "all steps")
    assert len(set(test.rates)) == rates
    assert test.rates[-1] == pytest.approx(HIGHEST)


def test_the_first_steps_are_those_of_a_training_with_these_rates() -> None:
    """The loss of each batch is that before its step; by hand, for one weight and one row."""
    net = network(1, dense(1, use_bias=False))
    w = float(net.parameters[0])
    test = trial(Rows(np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32)), net=net, batch_size=1)
    by_hand = []
    for rate in test.rates[:3000]:
        by_hand.append(w * w)
        w -= rate * 2 * w
    assert np.allclose(test.losses[:3000], by_hand, rtol=1e-3, atol=0)


def test_the_same_seed_gives_the_same_test_and_no_schedule_takes_part() -> None:
    schedule = {"type": "exponential_decay", "initial_learning_rate": 5.0, "decay_steps": 1, "decay_rate": 0.1}
    plateau = {"type": "reduce_on_plateau", "initial_learning_rate": 5.0, "monitor": "val_loss"}
    plain = trial(seed=3)
    for rate in (0.7, schedule, plateau):
        assert trial(seed=3, how={"type": "sgd", "learning_rate": rate}) == plain
    assert trial(seed=4).losses != plain.losses


@pytest.mark.parametrize("name", Optimizer.family.names())
def test_every_optimizer_gets_a_rate_with_which_a_line_is_learned(name: str) -> None:
    found = trial(how=name).suggested
    assert found is not None
    assert 1e-4 < found < 1


@pytest.mark.parametrize("name", Loss.family.names())
def test_every_loss_falls_somewhere(name: str) -> None:
    output = {
        "binary_crossentropy": (1, "sigmoid"), "hinge": (1, "linear"), "perceptron": (1, "step"),
        "categorical_crossentropy": (2, "softmax"), "sparse_categorical_crossentropy": (2, "softmax"),
    }.get(name, (1, "linear"))  # fmt: skip
    x = class_rows(40, 2, 2).x
    right = (x[:, :1] + x[:, 1:] > 0).astype(np.float32)
    target: Any = {"hinge": 2 * right - 1, "categorical_crossentropy": np.hstack([1 - right, right])}.get(name, right)
    if name == "sparse_categorical_crossentropy":
        target = right[:, 0].astype(np.int32)
    net = network(2, dense(8, "tanh"), dense(*output))
    test = trial(Rows(x, target), aim=name, net=net, how="adam", batch_size=8)
    assert test.suggested is not None


def test_a_loss_that_grows_ends_it() -> None:
    test = trial()
    assert test.ending == "diverged"
    assert len(test.losses) < test.planned
    assert test.smoothed[-1] > np.mean(test.losses[: test.at_first])


def test_a_loss_that_is_no_number_ends_it_and_keeps_what_was_seen() -> None:
    rows = Rows(np.full((1, 1), 1e9, np.float32), np.ones((1, 1), np.float32))
    test = trial(rows, batch_size=1)
    assert (test.ending, test.suggested) == ("not finite", None)
    assert 0 < len(test.losses) < test.at_first


def test_a_first_loss_that_is_no_number_is_an_error() -> None:
    rows = Rows(np.full((4, 1), 1e30, np.float32), np.ones((4, 1), np.float32))
    with pytest.raises(TrainingDiverged, match=r"before the first step.*\n.*smaller inputs: they reach 1e[+]30"):
        trial(rows)


def test_stop_ends_it_between_two_steps_and_progress_hears_of_each() -> None:
    heard: list[tuple[int, int]] = []
    test = trial(stop=lambda: len(heard) == 5, progress=lambda done, planned, _: heard.append((done, planned)))
    assert heard == [(done, 200) for done in range(1, 6)]
    assert len(test.losses) == 5


def test_the_suggestion_is_a_tenth_of_where_the_loss_has_fallen() -> None:
    """It does not matter how long the loss stays low then, nor how far it grows at the end."""
    fall = [1.0] * 100 + [0.0] * 60
    for end in ([0.0] * 40, [50.0] * 40):
        test = course(fall + end)
        assert test.suggested == float(f"{test.rates[128] / 10:.1e}")  # a running mean of 10 steps: 0.95 ** 10 after 29


def test_a_fall_by_chance_is_none() -> None:
    noise = np.random.default_rng(1).normal(1.0, 0.3, 200).tolist()
    assert course(noise).suggested is None
    assert course([0.1] * 200).suggested is None
    assert course([0.1] * 100 + [0.1 - 1e-8] * 100).suggested is None
    assert course([*noise[:100], *(one - 0.5 for one in noise[100:])]).suggested is not None


def test_losses_below_zero_diverge_when_they_grow_beyond_the_first_ones() -> None:
    falls = [-1.0] * 100 + [-5.0] * 50
    assert not course([*falls, *[-2.0] * 50]).diverged
    assert course([*falls, *[99.0] * 50]).diverged


@pytest.mark.parametrize("name", Schedule.family.names())
def test_the_highest_option_of_a_schedule_is_one_of_its_options(name: str) -> None:
    member = Schedule.family.find(name)
    assert member is not None
    for example in member.examples:
        highest = convert(Schedule, {"type": name, **example}).highest
        rates = [value for option, value in example.items() if option in ("initial_learning_rate", "warmup_target")]
        assert highest is None if not rates else example[highest] == max(rates)
