"""What every backend does for a job, as `mltrain.backends.base` says it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mltrain.backends.base import Backend, NotFinite, Rows, Stopped, Trainer, TrainingTask
from mltrain.backends.numpy.backend import NumpyBackend
from mltrain.config.convert import convert
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.random_streams import generator

BACKENDS: list[Callable[[], Backend]] = [NumpyBackend]
LAYERS = [
    {"type": "dense", "units": 8},
    "batch_normalization",
    "relu",
    {"type": "dropout", "rate": 0.2},
    {"type": "dense", "units": 3, "activation": "softmax"},
]

pytestmark = pytest.mark.parametrize("backend", [make() for make in BACKENDS], ids=lambda backend: backend.name)


def task(**changes: Any) -> TrainingTask:
    network = Network([convert(Layer, layer) for layer in LAYERS], (4,))
    network.initialize(generator(0, "weights"))
    rng = np.random.default_rng(1)
    rows = Rows(rng.normal(size=(50, 4)).astype(np.float32), rng.integers(0, 3, 50).astype(np.int32))
    loss, optimizer = (
        convert(Loss, "sparse_categorical_crossentropy"),
        convert(Optimizer, {"type": "adam", "learning_rate": 0.01}),
    )
    made = TrainingTask(network, rows, loss, optimizer, batch_size=16, metrics=[convert(Metric, "accuracy")])
    return made._replace(**changes)


def never() -> bool:
    return False


def run(trainer: Trainer, epochs: int = 1) -> list[float]:
    return [trainer.run_epoch(never, lambda *_: None).loss for _ in range(epochs)]


def test_an_epoch_goes_through_all_rows(backend: Backend) -> None:
    trainer = backend.trainer(task())
    trainer.start()
    seen: list[tuple[int, int]] = []
    numbers = trainer.run_epoch(never, lambda step, steps, loss: seen.append((step, steps)))
    trainer.close()
    trainer.close()  # twice is as good as once
    assert trainer.steps == 4
    assert seen[-1] == (4, 4)
    assert np.isfinite(numbers.loss)
    assert set(numbers.metrics) == {"accuracy"}
    assert trainer.scheduled_rate() is None


def test_the_network_has_what_was_learned(backend: Backend) -> None:
    """All parameters by name, those without gradients included, in the network and from the trainer."""
    wanted = task()
    first = {name: array.copy() for name, array in wanted.network.arrays.items()}
    trainer = backend.trainer(wanted)
    trainer.start()
    losses = run(trainer, 5)
    assert losses[-1] < losses[0]
    assert trainer.parameters.keys() == wanted.network.arrays.keys()
    for name, array in wanted.network.arrays.items():
        assert np.array_equal(trainer.parameters[name], array)
        assert not np.array_equal(first[name], array), name
    trainer.close()


def test_the_same_task_gives_the_same_bytes(backend: Backend) -> None:
    trained = []
    for _ in range(2):
        wanted = task()
        trainer = backend.trainer(wanted)
        trainer.start()
        run(trainer, 2)
        trainer.close()
        trained.append(wanted.network.parameters.tobytes())
    assert trained[0] == trained[1]


def test_a_training_goes_on_from_its_state(backend: Backend) -> None:
    whole = task()
    trainer = backend.trainer(whole)
    trainer.start()
    run(trainer, 2)
    state = _copied(trainer.state())
    expected = run(trainer, 2)
    parallelism = trainer.parallelism
    trainer.close()

    again = task()
    trainer = backend.trainer(again, parallelism)
    trainer.restore(state)
    trainer.start()
    assert run(trainer, 2) == expected
    trainer.close()
    assert again.network.parameters.tobytes() == whole.network.parameters.tobytes()


def test_a_state_of_another_kind_is_refused(backend: Backend) -> None:
    trainer = backend.trainer(task())
    with pytest.raises((KeyError, TypeError, ValueError, OverflowError)):
        trainer.restore({"trainer": {}})
    trainer.close()


def test_stopping_keeps_the_last_whole_step(backend: Backend) -> None:
    wanted = task(shuffle=False)
    first = wanted.network.parameters.copy()
    trainer = backend.trainer(wanted)
    trainer.start()
    asked = iter([False, False, True])
    with pytest.raises(Stopped) as stopped:
        trainer.run_epoch(lambda: next(asked), lambda *_: None)
    trainer.close()
    assert stopped.value.step == 2
    assert not np.array_equal(wanted.network.parameters, first)


def test_a_loss_that_is_no_number_is_told(backend: Backend) -> None:
    wanted = task(optimizer=convert(Optimizer, {"type": "sgd", "learning_rate": 1e30}))
    trainer = backend.trainer(wanted)
    trainer.start()
    with pytest.raises(NotFinite) as found:
        run(trainer, 5)
    trainer.close()
    assert found.value.step >= 1
    assert not np.isfinite(found.value.loss)
    assert found.value.last is None or np.isfinite(found.value.last)
    assert found.value.rate == 1e30
    assert found.value.largest_input > 1


def test_a_schedule_follows_the_steps(backend: Backend) -> None:
    rate = {"type": "exponential_decay", "initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5}
    trainer = backend.trainer(task(optimizer=convert(Optimizer, {"type": "sgd", "learning_rate": rate})))
    trainer.start()
    rates = []
    for _ in range(2):
        run(trainer)
        rates.append(trainer.scheduled_rate())
    trainer.close()
    assert rates == pytest.approx([0.1 * 0.5 ** (3 / 4), 0.1 * 0.5 ** (7 / 4)])


def test_evaluation_and_prediction_agree(backend: Backend) -> None:
    wanted = task()
    network, rows = wanted.network, wanted.rows
    y = backend.predict(network, rows.x)
    assert y.shape == (50, 3)
    assert y.sum(axis=1) == pytest.approx(1, rel=1e-5)
    measure = backend.evaluator(network, rows, loss=wanted.loss, metrics=wanted.metrics, classes=3)
    found = measure()
    right = y.argmax(axis=1) == rows.target
    assert found.loss == pytest.approx(-np.log(y[np.arange(50), rows.target]).mean(), rel=1e-4)
    assert found.metrics == {"accuracy": pytest.approx(right.mean())}
    assert found.confusion is not None
    assert (found.confusion.sum(), np.trace(found.confusion)) == (50, right.sum())
    network.parameters[...] = 0  # measured anew, with the parameters as they are then
    assert measure().loss == pytest.approx(np.log(3))


def test_a_single_row_is_predicted_as_among_others(backend: Backend) -> None:
    network = task().network
    predict, x = backend.one_row_predictor(network), np.random.default_rng(2).normal(size=(5, 1, 4)).astype(np.float32)
    for row in x:
        found = predict(row)
        np.testing.assert_array_equal(found, backend.predict(network, row))
        assert predict(x[0]) is not found  # an answer is nobody else's buffer
    network.parameters[...] = 0  # as they are then
    np.testing.assert_allclose(predict(x[0]), 1 / 3, rtol=1e-6)


def test_gradients_by_the_input_are_those_of_the_scores(backend: Backend) -> None:
    network = task().network
    x = np.full((1, 4), 0.3, np.float32)

    def log_probability(x: Any) -> float:
        return float(np.log(backend.predict(network, x.astype(np.float32))[0, 0].astype(np.float64)))

    # The logarithm of a softmax is the score less the logarithm of a sum, whose gradient is the mean of all gradients.
    of_score = backend.input_gradients(network, x, np.array([[1, 0, 0]], np.float32))[0]
    of_sum = backend.input_gradients(network, x, backend.predict(network, x))[0]
    for place, step in enumerate(np.eye(4) * 1e-3):
        slope = (log_probability(x + step) - log_probability(x - step)) / 2e-3
        assert slope == pytest.approx(of_score[place] - of_sum[place], abs=2e-3)


def _copied(state: Any) -> Any:
    if isinstance(state, np.ndarray):
        return state.copy()
    return {name: _copied(value) for name, value in state.items()} if isinstance(state, dict) else state
