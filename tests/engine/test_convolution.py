"""Convolution, pooling and image layers against their formulas, written out place by place."""

import itertools
from typing import Any

import numpy as np
import pytest
from gradient_check import check_layers, predict, run

from mltrain.config.convert import convert
from mltrain.engine.arrays import size
from mltrain.engine.layers import _convolution, _convolution_gradients
from mltrain.engine.layers._convolution_gradients import InputGradient
from mltrain.engine.layers._pooled_convolution import PooledConvolution
from mltrain.engine.layers._windows import Windows
from mltrain.engine.layers.base import Layer, ShapeError
from mltrain.engine.layers.conv2d import Conv2d
from mltrain.engine.layers.max_pooling2d import MaxPooling2d
from mltrain.engine.layout import Layout
from mltrain.engine.network import Network

RNG = np.random.default_rng(0)


def layer(**options: Any) -> Layer:
    return convert(Layer, options)


def windows_of(x: Any, size: tuple[int, int], strides: tuple[int, int], padding: str, fill: float) -> Any:
    """``(rows, down, across, height, width, channels)``: each window cut out of the padded image, as Keras pads."""
    pads, counts = [], []
    for length, one, stride in zip(x.shape[1:3], size, strides, strict=True):
        count = -(-length // stride) if padding == "same" else (length - one) // stride + 1
        total = max(0, (count - 1) * stride + one - length) if padding == "same" else 0
        counts.append(count)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    out = np.empty((len(x), *counts, *size, x.shape[3]), x.dtype)
    for i, j in itertools.product(*map(range, counts)):
        top, left = i * strides[0], j * strides[1]
        out[:, i, j] = padded[:, top : top + size[0], left : left + size[1]]
    return out


CASES = list(itertools.product([(1, 1), (3, 3), (2, 3)], [(1, 1), (2, 2), (1, 3)], ["valid", "same"]))
each_case = pytest.mark.parametrize(("size", "strides", "padding"), CASES)


@each_case
def test_conv2d_is_the_sum_of_each_window_times_the_kernel(size, strides, padding) -> None:
    one = layer(type="conv2d", filters=4, kernel_size=size, strides=strides, padding=padding)
    network = Network([one], (7, 6, 3), dtype=np.float64)
    network.parameters[:] = RNG.normal(size=network.parameters.size)
    x = RNG.normal(size=(3, 7, 6, 3))
    kernel, bias = network.arrays["conv2d.kernel"], network.arrays["conv2d.bias"]
    expected = np.einsum("nijhwc,hwcf->nijf", windows_of(x, size, strides, padding, 0), kernel) + bias
    y, _ = run(network, x, np.ones(expected.shape))
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


@each_case
def test_pooling_is_the_largest_number_or_the_mean_of_each_window(size, strides, padding) -> None:
    x = RNG.normal(size=(3, 7, 6, 2)).astype(np.float32)
    with np.errstate(invalid="ignore"):
        expected = {
            "max_pooling2d": np.nanmax(windows_of(x, size, strides, padding, np.nan), axis=(3, 4)),
            "average_pooling2d": np.nanmean(windows_of(x, size, strides, padding, np.nan), axis=(3, 4)),
        }
    for name, y in expected.items():
        one = layer(type=name, pool_size=size, strides=strides, padding=padding)
        np.testing.assert_allclose(predict([one], (7, 6, 2), x), y, rtol=1e-6)


@each_case
def test_depthwise_convolution_keeps_channels_apart(size, strides, padding) -> None:
    if strides[0] != strides[1]:
        strides = (strides[1], strides[1])
    one = layer(type="depthwise_conv2d", kernel_size=size, strides=strides, padding=padding, depth_multiplier=2)
    network = Network([one], (7, 6, 3), dtype=np.float64)
    network.parameters[:] = RNG.normal(size=network.parameters.size)
    x = RNG.normal(size=(3, 7, 6, 3))
    kernel, bias = network.arrays["depthwise_conv2d.kernel"], network.arrays["depthwise_conv2d.bias"]
    sums = np.einsum("nijhwc,hwcm->nijcm", windows_of(x, size, strides, padding, 0), kernel)
    expected = sums.reshape(*sums.shape[:3], -1) + bias
    y, _ = run(network, x, np.ones(expected.shape))
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_a_sequence_is_an_image_one_row_high() -> None:
    x = RNG.normal(size=(3, 9, 2)).astype(np.float32)
    flat = layer(type="conv1d", filters=4, kernel_size=3, strides=2, padding="same", kernel_initializer="ones")
    image = layer(
        type="conv2d", filters=4, kernel_size=[1, 3], strides=[1, 2], padding="same", kernel_initializer="ones"
    )
    np.testing.assert_allclose(predict([flat], (9, 2), x), predict([image], (1, 9, 2), x[:, None])[:, 0], rtol=1e-6)
    for name in ("max_pooling", "average_pooling"):
        expected = predict([layer(type=f"{name}2d", pool_size=[1, 2])], (1, 9, 2), x[:, None])[:, 0]
        np.testing.assert_array_equal(predict([layer(type=f"{name}1d")], (9, 2), x), expected)


@pytest.mark.parametrize("name", ["conv2d", "max_pooling2d", "random_flip", "global_max_pooling2d", "zero_padding2d"])
def test_a_grey_image_needs_no_axis_of_channels(name: str) -> None:
    options = {"conv2d": {"filters": 2, "kernel_size": 3}}.get(name, {})
    x = RNG.normal(size=(3, 6, 5)).astype(np.float32)
    one = layer(type=name, **options)
    np.testing.assert_array_equal(predict([one], (6, 5), x).ravel(), predict([one], (6, 5, 1), x[..., None]).ravel())


@each_case
@pytest.mark.parametrize("most_columns", [0, 100], ids=["by places of the kernel", "by its rows"])
@pytest.mark.parametrize("block_bytes", [1, 10**6])
def test_gradients_of_a_convolution(size, strides, padding, most_columns, block_bytes, monkeypatch) -> None:
    monkeypatch.setattr(_convolution_gradients, "_MOST_COLUMNS", most_columns)
    monkeypatch.setattr(_convolution, "BLOCK_BYTES", block_bytes)
    windows = Windows((7, 6, 3), size, strides, padding)
    assert InputGradient(windows, 4).by_rows == (most_columns > 0 and strides[1] == 1)
    one = layer(type="conv2d", filters=4, kernel_size=size, strides=strides, padding=padding)
    dense, reshape = layer(type="dense", units=7 * 6 * 3), layer(type="reshape", target_shape=[7, 6, 3])
    check_layers([dense, reshape, one])


def test_blocks_of_rows_give_what_all_rows_give_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = layer(type="conv2d", filters=4, kernel_size=3, padding="same", activation="tanh")
    x, dy = RNG.normal(size=(7, 6, 5, 2)), RNG.normal(size=(7, 6, 5, 4))
    found = []
    for limit in (1, 10_000, 10**6):
        monkeypatch.setattr(_convolution, "BLOCK_BYTES", limit)
        network = Network([one], (6, 5, 2), dtype=np.float64)
        network.initialize(np.random.default_rng(1))
        found.append(run(network, x, dy))
    for y, gradients in found[1:]:
        np.testing.assert_allclose(y, found[0][0], rtol=1e-12)
        np.testing.assert_allclose(gradients, found[0][1], rtol=1e-10)


POOLED = [
    ((7, 6, 3), {"kernel_size": 3}, {}),
    ((7, 6, 1), {"kernel_size": 2, "padding": "same", "activation": "relu"}, {"pool_size": 2}),
    ((9, 8, 2), {"kernel_size": [2, 3], "strides": [1, 2], "padding": "same"}, {"pool_size": [3, 2]}),
    ((6, 7, 2), {"kernel_size": 1, "use_bias": False, "activation": "relu"}, {"pool_size": [2, 3]}),
    ((8, 8, 2), {"kernel_size": 3, "trainable": False}, {}),
]


@pytest.mark.parametrize("block_bytes", [1, 3_000, 10**6])
@pytest.mark.parametrize(("shape", "convolution", "pooling"), POOLED)
def test_a_convolution_is_one_stage_with_the_max_pooling_behind_it(
    shape: tuple[int, ...],
    convolution: dict[str, Any],
    pooling: dict[str, Any],
    block_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = [
        layer(type="dense", units=size(shape)),
        layer(type="reshape", target_shape=list(shape)),
        layer(type="conv2d", filters=4, **convolution),
        layer(type="max_pooling2d", **pooling),
    ]
    monkeypatch.setattr(_convolution, "BLOCK_BYTES", block_bytes)
    together = Network(layers, (5,), dtype=np.float64)
    together.initialize(np.random.default_rng(1))
    stages = [type(stage.layer) for stage in Layout(together.nodes, (5,), training=True).stages]
    assert PooledConvolution in stages
    assert not {Conv2d, MaxPooling2d} & set(stages)
    x, dy = RNG.normal(size=(7, 5)), RNG.normal(size=(7, *together.output_shape))
    found = run(together, x, dy), predict(layers, (5,), x.astype(np.float32))
    monkeypatch.setattr(Conv2d, "with_pooling", Layer.with_pooling)
    apart = Network(layers, (5,), dtype=np.float64)
    apart.initialize(np.random.default_rng(1))
    y, gradients = run(apart, x, dy)
    np.testing.assert_allclose(found[0][0], y, rtol=1e-12)
    np.testing.assert_allclose(found[0][1], gradients, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found[1], predict(layers, (5,), x.astype(np.float32)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "pooling",
    [
        {"type": "max_pooling2d", "pool_size": 3, "strides": 2},
        {"type": "max_pooling2d", "padding": "same"},
        {"type": "average_pooling2d"},
        {"type": "global_max_pooling2d"},
    ],
)
def test_a_convolution_stays_alone_before_other_poolings(pooling: dict[str, Any]) -> None:
    network = Network([layer(type="conv2d", filters=2, kernel_size=2), layer(**pooling)], (8, 8, 1))
    assert len(Layout(network.nodes, (8, 8, 1), training=True).stages) == 2


def test_a_convolution_that_others_read_stays_alone() -> None:
    layers = [
        layer(type="conv2d", filters=1, kernel_size=2, padding="same", name="seen"),
        layer(type="max_pooling2d", name="pooled"),
        layer(type="flatten", name="small"),
        layer(type="flatten", inputs=["seen"], name="large"),
        layer(type="concatenate", inputs=["small", "large"]),
    ]
    network = Network(layers, (4, 4, 1))
    stages = Layout(network.nodes, (4, 4, 1), training=True).stages
    assert [type(stage.layer) for stage in stages[:2]] == [Conv2d, MaxPooling2d]


def test_the_gradient_of_equal_numbers_goes_to_the_first() -> None:
    dense = layer(type="dense", units=16, kernel_initializer="zeros")
    network = Network([dense, layer(type="reshape", target_shape=[4, 4, 1]), layer(type="max_pooling2d")], (1,))
    _, gradients = run(network, np.ones((1, 1), np.float32), np.float32([1, 2, 3, 4]).reshape(1, 2, 2, 1))
    expected = np.zeros((4, 4))
    expected[::2, ::2] = [[1, 2], [3, 4]]
    np.testing.assert_array_equal(network.views(gradients)["dense.bias"].reshape(4, 4), expected)


@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        (
            {"type": "conv2d", "filters": 1, "kernel_size": 5},
            (4, 6, 1),
            "conv2d: a window of 5 x 5 does not fit into an input of 4 x 6; make it smaller, or pad with "
            "'padding: same'",
        ),
        (
            {"type": "max_pooling1d", "pool_size": 5},
            (4, 2),
            "max_pooling1d: a window of 5 does not fit into an input of 4; make it smaller, or pad with "
            "'padding: same'",
        ),
        (
            {"type": "conv2d", "filters": 1, "kernel_size": 3},
            (784,),
            "conv2d takes images (rows x columns, or rows x columns x channels), but its input is 784; "
            "put it before flatten",
        ),
        (
            {"type": "conv1d", "filters": 1, "kernel_size": 3},
            (2, 3, 4),
            "conv1d takes sequences (steps, or steps x channels), but its input is 2 x 3 x 4",
        ),
        ({"type": "zero_padding2d", "padding": [1, 2, 3]}, (4, 4), "expected 1, 2 or 4 numbers, got 3"),
        (
            {"type": "random_zoom", "height_factor": [0.5, 0.1]},
            (4, 4),
            "the range begins at 0.5 and ends at 0.1; swap them",
        ),
        ({"type": "random_zoom", "height_factor": -2}, (4, 4), "expected a range above -1, got -2"),
    ],
)
def test_what_cannot_be_taken(options: dict[str, Any], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        layer(**options).output_shape(shape)
    assert str(caught.value) == message
