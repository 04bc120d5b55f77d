"""What a network makes of rows: the same in blocks as all at once."""

from typing import Any

import numpy as np
import pytest
from toy_training import class_rows, dense, line_rows, loss, metrics, network

from mltrain.backends.base import Evaluation
from mltrain.backends.numpy import evaluation
from mltrain.backends.numpy.evaluation import Evaluator, block_rows, predict
from mltrain.backends.numpy.thread_map import thread_map
from mltrain.data.preprocessing import Scaling
from mltrain.engine.network import Network

CLASSIFIER = (dense(5, "tanh"), {"type": "dropout", "rate": 0.5}, dense(3, "softmax"))


def evaluated(net: Network, rows: Any, aim: Any, *measure: Any, **options: Any) -> Evaluation:
    return Evaluator(net, rows.x, rows.target, loss=loss(aim), metrics=metrics(*measure), **options)()


@pytest.mark.parametrize("block", [1, 3, 7, 20, 100])
def test_blocks_give_what_all_rows_give_at_once(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    net, rows = network(4, *CLASSIFIER), class_rows(20, 4, 3)
    aim, measures = "sparse_categorical_crossentropy", ("accuracy", "f1", {"type": "top_k_accuracy", "k": 2})
    whole, outputs = evaluated(net, rows, aim, *measures, classes=3), predict(net, rows.x)
    monkeypatch.setattr(evaluation, "block_rows", lambda network: block)
    parts = evaluated(net, rows, aim, *measures, classes=3)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
    assert parts.metrics == pytest.approx(whole.metrics)
    assert np.array_equal(parts.confusion, whole.confusion)
    np.testing.assert_allclose(predict(net, rows.x), outputs, rtol=1e-5)


def test_no_result_depends_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are the same, however many thread_map with them; the loss and the counts are added up in their order."""
    net, rows = network(4, *CLASSIFIER), class_rows(1000, 4, 3)
    monkeypatch.setattr(evaluation, "blas_is_alone", lambda: True)
    monkeypatch.setattr(evaluation, "THREAD_NUMBERS", 500)
    found, outputs, threads = [], [], []
    for cores in (1, 2, 3, 64):
        monkeypatch.setattr(evaluation, "cores", lambda cores=cores: cores)
        monkeypatch.setattr(
            evaluation, "thread_map", lambda items, workers: threads.append(len(workers)) or thread_map(items, workers)
        )
        result = evaluated(net, rows, "sparse_categorical_crossentropy", "accuracy", "f1", classes=3)
        found.append((result.loss, result.metrics, result.confusion.tolist() if result.confusion is not None else None))
        outputs.append(predict(net, rows.x).tobytes())
    assert threads == [1, 1, 2, 2, 3, 3, 4, 4]
    assert found == found[:1] * 4
    assert outputs == outputs[:1] * 4


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(("rows", "blocks"), [(0, 0), (1, 1), (10, 1), (11, 4), (39, 4), (41, 8), (100, 12)])
def test_where_blocks_are_dealt_out_each_of_up_to_four_threads_can_have_as_many(
    rows: int, blocks: int, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "block_rows", lambda network: 10)
    monkeypatch.setattr(evaluation, "blas_is_alone", lambda: alone)
    found = evaluation._blocks(network(1, dense(1)), rows)
    assert [number for block in found for number in range(rows)[block]] == list(range(rows))
    assert len(found) == (blocks if alone else -(-rows // 10))
    lengths = [block.stop - block.start for block in found] or [0]
    assert max(lengths) - min(lengths) <= 1


def test_loss_and_metrics_are_what_the_formulas_say() -> None:
    net, rows = network(1, dense(1)), line_rows(9)
    errors = predict(net, rows.x).astype(np.float64) - rows.target
    found = evaluated(net, rows, "mse", "mae", "mse")
    assert found.loss == pytest.approx(np.square(errors).mean(), rel=1e-6)
    assert found.metrics == pytest.approx(
        {"mean_absolute_error": np.abs(errors).mean(), "mean_squared_error": np.square(errors).mean()}, rel=1e-6
    )
    assert found.confusion is None


def test_the_confusion_matrix_counts_true_and_predicted_classes() -> None:
    net = network(2, dense(2, "softmax", kernel_initializer={"type": "constant", "value": [[1, 0], [0, 1]]}))
    x = np.array([[1, 0], [1, 0], [0, 1], [1, 0]], np.float32)
    rows = class_rows(4, 2, 2)._replace(x=x, target=np.array([0, 0, 1, 1], np.int32))
    found = evaluated(net, rows, "sparse_categorical_crossentropy", "accuracy", classes=2)
    assert found.confusion is not None
    assert found.confusion.tolist() == [[2, 0], [1, 1]]
    assert found.metrics == {"accuracy": 0.75}


def test_an_evaluator_sees_the_parameters_as_they_are_now() -> None:
    net, rows = network(1, dense(1)), line_rows(9)
    measure = Evaluator(net, rows.x, rows.target, loss=loss("mse"))
    before = measure().loss
    net.parameters += 1
    assert measure().loss != before
    net.parameters -= 1
    assert measure().loss == pytest.approx(before)


def test_nothing_is_dropped_outside_of_training() -> None:
    with_dropout, without = network(4, *CLASSIFIER), network(4, CLASSIFIER[0], CLASSIFIER[2])
    x = class_rows(10, 4, 3).x
    assert np.array_equal(predict(with_dropout, x), predict(without, x))


def test_bytes_are_scaled() -> None:
    net = network((2, 2), "flatten", dense(3))
    images = np.random.default_rng(0).integers(0, 256, (5, 2, 2), np.uint8)
    scaled = images.astype(np.float32) * np.float32(1 / 255)
    np.testing.assert_array_equal(predict(net, images, Scaling(scale=1 / 255)), predict(net, scaled))


def test_no_rows_give_no_outputs() -> None:
    assert predict(network(2, dense(3)), np.empty((0, 2), np.float32)).shape == (0, 3)


def test_outputs_keep_the_shape_of_the_last_layer() -> None:
    net = network(6, {"type": "reshape", "target_shape": [2, 3]})
    x = np.arange(12, dtype=np.float32).reshape(2, 6)
    assert np.array_equal(predict(net, x), x.reshape(2, 2, 3))


def test_what_overflows_is_no_reason_to_warn() -> None:
    rows = line_rows(3)
    net = network(1, dense(1, "sigmoid", kernel_initializer={"type": "constant", "value": 1e30}))
    outputs = predict(net, rows.x)
    assert set(outputs.flatten().tolist()) <= {0.0, 1.0}


def test_blocks_are_as_large_as_the_memory_that_they_may_take() -> None:
    assert block_rows(network(1, dense(1))) == 8192
    wide = network(1000, dense(1048))
    assert block_rows(wide) == evaluation.BLOCK_NUMBERS // 2048
    assert block_rows(network(evaluation.BLOCK_NUMBERS, dense(1, use_bias=False))) == 1
