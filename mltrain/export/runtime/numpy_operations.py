"""The operations in NumPy, one function each, named as they are. Rows are the first axis of every array."""

import math
from typing import Any

import numpy as np

Array = Any


def matmul(x: Array, kernel: Array, bias: Array) -> Array:
    return x @ kernel + bias


def windows(x: Array, size: Any, strides: Any, pads: Any, fill: float) -> Array:
    """All windows over images, (rows, down, across, channels, height, width)."""
    padded = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(1, 2))
    return views[:, :: strides[0], :: strides[1]]


def convolution(x: Array, kernel: Array, bias: Array, strides: Any, pads: Any) -> Array:
    views = windows(x, kernel.shape[:2], strides, pads, 0.0)
    return np.tensordot(views, kernel, axes=((4, 5, 3), (0, 1, 2))) + bias


def depthwise_convolution(x: Array, kernel: Array, bias: Array, strides: Any, pads: Any) -> Array:
    views = windows(x, kernel.shape[:2], strides, pads, 0.0)
    return np.einsum("rdachw,hwcm->rdacm", views, kernel).reshape(*views.shape[:3], -1) + bias


def pooling(x: Array, reduce: str, size: Any, strides: Any, pads: Any) -> Array:
    """Padding does not count."""
    if reduce == "maximum":
        return windows(x, size, strides, pads, -np.inf).max(axis=(4, 5))
    counts = windows(np.ones_like(x[:1]), size, strides, pads, 0.0).sum(axis=(4, 5))
    return windows(x, size, strides, pads, 0.0).sum(axis=(4, 5)) / counts


def padding(x: Array, pads: Any) -> Array:
    return np.pad(x, ((0, 0), *pads, (0, 0)))


def affine(x: Array, subtract: Array, multiply: Array, add: Array) -> Array:
    return (x - subtract) * multiply + add


def layer_normalization(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(epsilon)) * gamma + beta


def embedding(x: Array, table: Array) -> Array:
    return table[x.astype(np.intp)]


def align(xs: Any) -> list[Array]:
    """Arrays with as many axes as the one that has most; the rows stay the first axis."""
    axes = max(x.ndim for x in xs)
    return [x.reshape(len(x), *(1,) * (axes - x.ndim), *x.shape[1:]) for x in xs]


def add(*xs: Array) -> Array:
    first, *others = align(xs)
    for x in others:
        first = first + x
    return first


def multiply(*xs: Array) -> Array:
    first, *others = align(xs)
    for x in others:
        first = first * x
    return first


def concatenate(*xs: Array, axis: int) -> Array:
    return np.concatenate(xs, axis=axis + 1)


def reshape(x: Array, shape: Any) -> Array:
    return x.reshape(len(x), *shape)


def slice_row(x: Array, start: int, stop: int) -> Array:
    return x[:, start:stop]


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def leaky_relu(x: Array, slope: float) -> Array:
    return np.maximum(x, x * np.float32(slope))


def elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, np.float32(alpha) * np.expm1(np.minimum(x, 0)))


def gelu(x: Array) -> Array:
    shares = np.array([(1 + math.erf(value / math.sqrt(2))) / 2 for value in x.ravel().tolist()], x.dtype)
    return x * shares.reshape(x.shape)


def sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):  # the reciprocal of infinity is the right answer
        return 1 / (1 + np.exp(-x))


def tanh(x: Array) -> Array:
    return np.tanh(x)


def softplus(x: Array) -> Array:
    return np.logaddexp(x, np.float32(0))


def step(x: Array) -> Array:
    return (x > 0).astype(x.dtype)


def cos(x: Array) -> Array:
    return np.cos(x)


def softmax(x: Array) -> Array:
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
