"""What every optimizer and schedule must do, whichever it is; test_keras.py checks their numbers."""

import math
import tracemalloc
from copy import copy
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from spec_examples import examples, label

from mltrain.backends.numpy.update import Update
from mltrain.config.convert import convert
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import Schedule
from mltrain.errors import ConfigError, Problem

OPTIMIZERS = examples(Optimizer)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=label)


def run(optimizer: Optimizer, gradients: Any, steps: int = 5) -> tuple[Any, dict[str, Any]]:
    """Parameters and state after some steps, each with a multiple of the same gradients."""
    parameters = np.linspace(-1, 1, gradients.size, dtype=gradients.dtype)
    given = np.empty_like(gradients)
    update = Update(optimizer, parameters, given)
    for step in range(1, steps + 1):
        given[:] = gradients * step
        update()
    return parameters, update.vectors


def test_families_hold_what_the_documentation_names() -> None:
    assert {"sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "lion"} <= set(Optimizer.family.names())
    assert {"exponential_decay", "cosine_decay", "piecewise"} <= set(Schedule.family.names())
    assert len(OPTIMIZERS) >= len(Optimizer.family.names()), "every optimizer needs an example"


@every_optimizer
def test_stretches_give_what_the_whole_gives(optimizer: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    gradients = np.random.default_rng(6).normal(size=10).astype(np.float32)
    whole, whole_state = run(optimizer, gradients)
    monkeypatch.setattr(Update, "STRETCH", 3)
    parts, parts_state = run(optimizer, gradients)
    np.testing.assert_array_equal(parts, whole)
    assert parts_state.keys() == whole_state.keys() == optimizer.state().keys()
    for name, vector in whole_state.items():
        np.testing.assert_array_equal(parts_state[name], vector)


@every_optimizer
def test_step_goes_against_the_gradient(optimizer: Optimizer) -> None:
    gradients = np.array([1e-3, -1e-3, 1, -1, 1e3, -1e3], np.float32)
    before = np.linspace(-1, 1, gradients.size, dtype=np.float32)
    after, _ = run(optimizer, gradients, steps=1)
    shrunk = before * np.float32(1 - (optimizer.weight_decay or 0) * Update(optimizer, before, gradients).rate())
    np.testing.assert_array_equal(np.sign(after - shrunk), -np.sign(gradients))


@every_optimizer
def test_without_gradients_nothing_but_weight_decay_happens(optimizer: Optimizer) -> None:
    found, _ = run(optimizer, np.zeros(4, np.float32), steps=3)
    shrink = 1 - (optimizer.weight_decay or 0) * Update(optimizer, found, found).rate()
    np.testing.assert_allclose(found, np.linspace(-1, 1, 4) * shrink**3, rtol=1e-6)


@pytest.mark.parametrize("averaged", [False, True], ids=["", "averaged"])
@every_optimizer
def test_step_allocates_nothing_of_the_size_of_the_parameters(optimizer: Optimizer, averaged: bool) -> None:
    parameters, gradients = np.ones(50_000, np.float32), np.ones(50_000, np.float32)
    update = Update(replace(optimizer, use_ema=averaged), parameters, gradients)
    update()
    tracemalloc.start()
    try:
        update()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < parameters.nbytes / 10


@pytest.mark.parametrize("averaged", [False, True], ids=["", "averaged"])
@every_optimizer
def test_an_update_goes_on_from_its_state(optimizer: Optimizer, averaged: bool) -> None:
    rate = convert(Schedule, {"type": "reduce_on_plateau", "initial_learning_rate": 0.1, "patience": 1})
    optimizer = replace(optimizer, learning_rate=rate, use_ema=averaged)
    gradients = np.random.default_rng(7).normal(size=(6, 10)).astype(np.float32)

    def take(update: Update, given: Any, rows: Any) -> None:
        for row in rows:
            given[:] = row
            update()
            update.learning_rate.epoch_ended({"val_loss": 1.0})

    parameters, given = np.linspace(-1, 1, 10, dtype=np.float32), np.empty(10, np.float32)
    update = Update(optimizer, parameters, given)
    take(update, given, gradients[:3])
    state = {name: copy(value) for name, value in update.state().items()}
    resumed_parameters = parameters.copy()
    take(update, given, gradients[3:])
    resumed = Update(optimizer, resumed_parameters, given)
    resumed.restore(state)
    take(resumed, given, gradients[3:])
    np.testing.assert_array_equal(resumed_parameters, parameters)
    assert resumed.step == update.step == 6
    assert resumed.rate() == update.rate() < 0.1
    for name, vector in update.vectors.items():
        np.testing.assert_array_equal(resumed.vectors[name], vector)


def test_clipping_shortens_long_gradients_only() -> None:
    optimizer = convert(Optimizer, {"type": "sgd", "learning_rate": 1, "clip_norm": 5})
    for gradients, step in (([1, 2], [-1, -2]), ([30, 40], [-3, -4])):
        parameters = np.zeros(2)
        Update(optimizer, parameters, np.array(gradients, np.float64))()
        np.testing.assert_allclose(parameters, step, rtol=1e-15)


def test_flushing_takes_what_is_next_to_nothing_out_of_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Update, "FLUSH_EVERY", 2)
    optimizer = convert(Optimizer, {"type": "sgd", "momentum": 0.5})
    update = Update(optimizer, np.zeros(2, np.float32), np.zeros(2, np.float32))
    update.vectors["momentum"][:] = 1e-30, 1e-3
    update()
    assert (update.vectors["momentum"] > 0).all()
    update()
    np.testing.assert_array_equal(update.vectors["momentum"], np.array([0, 0.25e-3], np.float32))


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1e30])
def test_lion_takes_whole_steps_however_small_or_large_the_gradient(size: float) -> None:
    lion = convert(Optimizer, {"type": "lion", "learning_rate": 0.125})
    parameters = np.zeros(3, np.float32)
    Update(lion, parameters, np.array([size, 0, -size], np.float32))()
    np.testing.assert_array_equal(parameters, np.array([-0.125, 0, 0.125], np.float32))


@pytest.mark.parametrize("step", [1, 2, 999, 1000, 3000])
def test_nadam_needs_no_memory_of_its_warming_up(step: int) -> None:
    beta = 0.9999
    nadam = convert(Optimizer, {"type": "nadam", "beta_1": beta})
    vectors = {name: np.ones(1) for name in ("p", "g", "scratch")}
    nadam.update(**vectors, state={name: np.zeros(1) for name in nadam.state()}, step=step, rate=1.0)
    mu = [beta * (1 - 0.5 * 0.96**i) for i in range(1, step + 2)]
    ahead = mu[-1] * (1 - beta) / (1 - math.prod(mu)) + (1 - mu[-2]) / (1 - math.prod(mu[:-1]))
    spread = math.sqrt((1 - nadam.beta_2) / (1 - nadam.beta_2**step)) + nadam.epsilon
    assert vectors["p"][0] == pytest.approx(1 - ahead / spread, rel=1e-12)


@pytest.mark.parametrize("schedule", examples(Schedule), ids=label)
def test_schedule_gives_positive_rates_that_optimizers_take(schedule: Schedule) -> None:
    optimizer = convert(Optimizer, "sgd")
    optimizer = type(optimizer)(learning_rate=schedule)
    parameters, gradients = np.zeros(1), np.ones(1)
    update = Update(optimizer, parameters, gradients)
    for step in range(8):
        before, rate = parameters[0], update.rate()
        assert rate == schedule.at(step) >= 0
        gradients[:] = 1
        update()
        assert before - parameters[0] == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    ("schedule", "option", "message"),
    [
        (
            {"type": "piecewise", "boundaries": [10, 20], "values": [0.1, 0.2]},
            "values",
            "there are 2, but boundaries holds 2, which takes 3 values",
        ),
        (
            {"type": "piecewise", "boundaries": [20, 20], "values": [0.1, 0.2, 0.3]},
            "boundaries",
            "each must be larger than the one before it",
        ),
        (
            {"type": "cosine_decay", "initial_learning_rate": 0.1, "decay_steps": 5, "warmup_steps": 2},
            "warmup_steps",
            "a warmup needs a warmup_target, the rate that it climbs to",
        ),
        (
            {"type": "cosine_decay", "initial_learning_rate": 0, "decay_steps": 5},
            "initial_learning_rate",
            "0 would never change; give a warmup_target to climb to",
        ),
    ],
)
def test_schedule_refuses_options_that_do_not_fit_each_other(
    schedule: dict[str, Any], option: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(Schedule, schedule)
    assert caught.value.problems == (Problem((option,), message),)
