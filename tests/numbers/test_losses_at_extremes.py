"""Softmax and every loss against plain float64: scores up to 10,000, ties, certainty, single rows and classes."""

from typing import Any

import numpy as np
import plain
import pytest
from gradient_check import predict
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from spec_examples import examples, label

from mltrain.config.convert import convert
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss

UNIT = float(np.finfo(np.float32).eps)
TINY = float(np.finfo(np.float32).tiny)
LOSSES = examples(Loss)

# Where float32's exp overflows, underflows, and is lost beside 1; the smallest normal number; the largest scores.
CORNERS = [0.0, 1.0, -1.0, 16.7, -16.7, 88.8, -88.8, 104.0, -104.0, 1e4, -1e4, TINY, -TINY]
scores = st.sampled_from(CORNERS) | st.floats(-1e4, 1e4, width=32) | st.floats(-5, 5, width=32)


@st.composite
def batches(draw: Any, loss: Loss) -> tuple[Any, Any]:
    """Scores ``(rows, outputs)`` and targets as the loss takes them: from one row and one output on."""
    least = 2 if loss.fused_activation == "softmax" else 1
    rows, outputs = draw(st.integers(1, 5)), draw(st.integers(least, 5))
    z = draw(hn.arrays(np.float32, (rows, outputs), elements=scores.map(np.float32)))
    labels = np.array(draw(st.lists(st.integers(0, outputs - 1), min_size=rows, max_size=rows)))
    shares = np.eye(outputs, dtype=np.float32)[labels]
    if draw(st.booleans()):  # spread over two classes, in parts that add up to 1 exactly
        shares = shares * np.float32(0.75) + np.roll(shares, 1, axis=1) * np.float32(0.25)
    target = {
        "numbers": hn.arrays(np.float32, z.shape, elements=scores.map(np.float32)),
        "binary": hn.arrays(np.float32, z.shape, elements=st.sampled_from([np.float32(0), np.float32(1)])),
        "one_hot": st.just(shares),
        "labels": st.just(labels.astype(np.int32)),
    }
    return z, draw(target[loss.targets])


def outputs_of(name: str, z: Any) -> Any:
    with np.errstate(over="ignore"):  # as while training: exp may overflow on the way to a correct 0
        return predict([convert(Layer, name)], z.shape[1:], z)


def test_every_loss_has_a_plain_formula() -> None:
    assert set(Loss.family.names()) == plain.ELEMENTS.keys() | set(plain.ROWS)


@pytest.mark.parametrize("loss", LOSSES, ids=label)
@given(st.data())
@settings(max_examples=60)
def test_loss_and_gradient_are_those_of_float64(loss: Loss, data: st.DataObject) -> None:
    z, target = data.draw(batches(loss))
    options = {name: getattr(loss, name) for name in ("delta", "label_smoothing") if hasattr(loss, name)}
    expected = plain.values(loss.type_name(), z.tolist(), target.tolist(), **options)
    sizes = np.array([value.size for value in expected])
    dz = np.empty_like(z)
    y = np.empty_like(z) if loss.fused_activation else z
    with np.errstate(all="raise", under="ignore", over="ignore" if loss.fused_activation == "sigmoid" else "raise"):
        found = loss.per_element(z, y, target, dz)
        mean = loss.mean(z, y, target, np.empty_like(z))
    losses = np.array([value.loss for value in expected])
    assert np.all(np.abs(found.reshape(-1) - losses) <= 8 * UNIT * sizes + TINY)
    assert abs(mean - losses.mean()) <= (8 + len(losses)) * UNIT * sizes.mean() + TINY
    slopes = np.array([slope for value in expected for slope in value.slopes])
    assert np.all(np.abs(dz.reshape(-1) - slopes) <= 8 * UNIT * np.maximum(np.abs(slopes), 1) + TINY)


@given(hn.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=scores.map(np.float32)))
@settings(max_examples=60)
def test_softmax_is_that_of_float64(z: Any) -> None:
    y = outputs_of("softmax", z)
    expected = np.array([plain.softmax(row) for row in z.tolist()])
    # A rounding of the exponent is a rounding of the result, times the exponent.
    exponents = np.abs(z - z.max(axis=1, keepdims=True)).clip(max=104)
    assert np.all(np.abs(y - expected) <= (8 + exponents) * UNIT * expected + TINY)
    assert np.all(np.abs(y.sum(axis=1, dtype=np.float64) - 1) <= z.shape[1] * UNIT)
    assert np.all((y >= 0) & (y <= 1))
    assert np.array_equal(y[:, :1] >= y, z[:, :1] >= z) or np.any(exponents > 10)


@pytest.mark.parametrize("answer", [-1e4, -20.0, 20.0, 1e4])
def test_a_right_and_certain_answer_costs_what_is_left_of_doubt(answer: float) -> None:
    loss = convert(Loss, "binary_crossentropy")
    z, target = np.array([[answer]], np.float32), np.array([[float(answer > 0)]], np.float32)
    with np.errstate(over="ignore"):  # as while training
        found = loss.mean(z, np.empty_like(z), target, np.empty_like(z))
    assert found == pytest.approx(float(np.exp(-abs(answer))), rel=1e-6, abs=0)
