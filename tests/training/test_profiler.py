"""What the profile measures, and that it measures nothing unless asked."""

from itertools import count
from typing import Any

import numpy as np
import pytest

from mltrain.backends import profiler as profile_module
from mltrain.backends.base import Rows
from mltrain.backends.default import default_backend
from mltrain.backends.profiler import PHASES, Profile, Share
from mltrain.engine.activations.relu import Relu
from mltrain.engine.layers.dense import Dense
from mltrain.engine.losses.mean_squared_error import MeanSquaredError
from mltrain.engine.metrics.mean_absolute_error import MeanAbsoluteError
from mltrain.engine.network import Network
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.training.loop import train
from mltrain.training.options import Training
from mltrain.views.terminal.profile_table import profile_table


def run(profile: Profile | None, epochs: int = 3) -> list[float]:
    x = np.linspace(-1, 1, 10, dtype=np.float32)[:, None]
    network = Network([Dense(units=4, activation=Relu()), Dense(units=1)], (1,))
    network.initialize(np.random.default_rng(0))
    options: dict[str, Any] = {"loss": MeanSquaredError(), "optimizer": Sgd(), "metrics": [MeanAbsoluteError()]}
    training = Training(epochs=epochs, batch_size=4)
    return [
        report.loss
        for report in train(
            network, Rows(x, x), backend=default_backend(), training=training, profile=profile, **options
        )
    ]


def test_every_phase_of_every_layer_is_counted() -> None:
    profile = Profile()
    run(profile)
    calls = {(share.phase, share.layer): share.calls for share in profile.shares()}
    steps = 3 * 3
    assert calls == {
        ("gather", ""): 3 * 2,  # one window an epoch, and the look that finds no other
        ("forward", "dense"): 2 * steps,  # the sums and their relu
        ("forward", "dense_1"): steps,
        ("loss", ""): steps,
        ("backward", "dense_1"): steps,
        ("backward", "dense"): 2 * steps,
        ("optimizer", ""): steps,
        ("metrics", ""): 3,
    }
    assert [share.phase for share in profile.shares()] == sorted(
        (share.phase for share in profile.shares()), key=PHASES.index
    )
    assert all(share.seconds > 0 for share in profile.shares())


def test_profile_changes_no_result() -> None:
    assert run(Profile()) == run(None)


def test_without_a_profile_no_clock_is_read_within_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = count()
    monkeypatch.setattr(profile_module, "perf_counter", lambda: float(next(reads)))
    run(None)
    assert next(reads) == 0


def test_seconds_are_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1.0, 3.5])
    monkeypatch.setattr(profile_module, "perf_counter", lambda: next(clock))
    profile = Profile()
    assert profile.timed("loss", "", lambda: 7)() == 7
    assert profile.shares() == [Share("loss", "", 2.5, 1)]


def test_table_says_what_went_where() -> None:
    shares = [Share("forward", "dense", 0.003, 10), Share("optimizer", "", 0.001, 10)]
    assert str(profile_table(shares, 10, "single", 1)).splitlines() == [
        "",
        "phase      layer  µs/step    share",
        "──────────────────────────────────",
        "forward    dense    300.0      75%",
        "optimizer           100.0      25%",
        "──────────────────────────────────",
        "all                 400.0  4.00 ms",
        "1 process",
    ]
    assert str(profile_table(shares, 10, "columns", 2)).endswith(
        "2 processes share the large kernels (strategy columns); waiting for each other is included"
    )
    assert "2 processes share the rows of each batch (strategy rows)" in str(profile_table(shares, 10, "rows", 2))
    assert str(profile_table([], 0, "single", 1)) == "profile: there were no steps to measure"
