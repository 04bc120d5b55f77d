"""The operations in plain Python, for one row: values are flat lists of floats, whose shapes are arguments.

Images lie there row by row, with the channels of each pixel beside each other.
"""

import math
import operator
from collections.abc import Iterator
from typing import Any


def matmul(x: Any, kernel: Any, bias: Any) -> list[float]:
    """``kernel`` has the weights of each unit."""
    width = len(kernel[0])
    places = [x[start : start + width] for start in range(0, len(x), width)]
    return [
        sum(map(operator.mul, weights, place)) + more
        for place in places
        for weights, more in zip(kernel, bias, strict=True)
    ]


def padding(x: Any, image: Any, pads: Any, fill: Any = 0.0) -> list[Any]:
    """Numbers around an image of (height, width, channels)."""
    (above, below), (left, right) = pads
    height, width, channels = image
    empty = [fill] * (left + width + right) * channels
    found = empty * above
    for start in range(0, height * width * channels, width * channels):
        found += [fill] * left * channels + list(x[start : start + width * channels]) + [fill] * right * channels
    return found + empty * below


def windows(x: Any, image: Any, window: Any, strides: Any, pads: Any, fill: Any) -> Iterator[list[Any]]:
    """The numbers of each window over an image, row by row."""
    height, width, channels = image[0] + sum(pads[0]), image[1] + sum(pads[1]), image[2]
    padded = padding(x, image, pads, fill)
    for top in range(0, height - window[0] + 1, strides[0]):
        for left in range(0, width - window[1] + 1, strides[1]):
            numbers = []
            for row in range(top, top + window[0]):
                start = (row * width + left) * channels
                numbers += padded[start : start + window[1] * channels]
            yield numbers


def convolution(x: Any, kernel: Any, bias: Any, image: Any, window: Any, strides: Any, pads: Any) -> list[float]:
    """``kernel`` has the weights of each filter, in the order of the numbers of a window."""
    return [
        sum(map(operator.mul, weights, numbers)) + more
        for numbers in windows(x, image, window, strides, pads, 0.0)
        for weights, more in zip(kernel, bias, strict=True)
    ]


def depthwise_convolution(
    x: Any, kernel: Any, bias: Any, image: Any, window: Any, strides: Any, pads: Any
) -> list[float]:
    """``kernel`` has the weights of each channel of the output; several of these may read one channel."""
    channels, multiplier = image[2], len(kernel) // image[2]
    return [
        sum(map(operator.mul, kernel[number], numbers[number // multiplier :: channels])) + bias[number]
        for numbers in windows(x, image, window, strides, pads, 0.0)
        for number in range(len(kernel))
    ]


def pooling(x: Any, reduce: str, image: Any, window: Any, strides: Any, pads: Any) -> list[float]:
    """The largest number or the mean of each window. Padding does not count."""
    found = []
    for numbers in windows(x, image, window, strides, pads, None):
        for channel in range(image[2]):
            values = [value for value in numbers[channel :: image[2]] if value is not None]
            found.append(max(values) if reduce == "maximum" else sum(values) / len(values))
    return found


def affine(x: Any, subtract: Any, multiply: Any, add: Any) -> list[float]:
    """Each constant has one number, or one for each place of the last axis."""
    return [
        (value - subtract[index % len(subtract)]) * multiply[index % len(multiply)] + add[index % len(add)]
        for index, value in enumerate(x)
    ]


def layer_normalization(x: Any, gamma: Any, beta: Any, epsilon: float) -> list[float]:
    width, found = len(gamma), []
    for start in range(0, len(x), width):
        mean = sum(x[start : start + width]) / width
        centred = [value - mean for value in x[start : start + width]]
        scale = 1 / math.sqrt(sum(value * value for value in centred) / width + epsilon)
        found += [value * scale * g + b for value, g, b in zip(centred, gamma, beta, strict=True)]
    return found


def embedding(x: Any, table: Any) -> list[float]:
    return [number for value in x for number in table[int(value)]]


def repeat(x: Any, shape: Any, target: Any) -> list[float]:
    """The numbers of a shape in a larger shape: axes of length 1, or that are missing, are repeated."""
    if not target:
        return list(x)
    shape = (1,) * (len(target) - len(shape)) + tuple(shape)
    part = len(x) // shape[0]
    parts = [repeat(x[start : start + part], shape[1:], target[1:]) for start in range(0, len(x), part)]
    return [number for one in (parts if shape[0] == target[0] else parts * target[0]) for number in one]


def add(*xs: Any) -> list[float]:
    first, *others = xs
    for x in others:
        first = list(map(operator.add, first, x))
    return list(first)


def multiply(*xs: Any) -> list[float]:
    first, *others = xs
    for x in others:
        first = list(map(operator.mul, first, x))
    return list(first)


def concatenate(*xs: Any, parts: int) -> list[float]:
    """``parts`` is how many parts of each input follow one another in turn."""
    return [
        number
        for part in range(parts)
        for x in xs
        for number in x[part * (len(x) // parts) : (part + 1) * (len(x) // parts)]
    ]


def slice_row(x: Any, start: int, stop: int) -> list[float]:
    return list(x[start:stop])


def relu(x: Any) -> list[float]:
    return [max(value, 0.0) for value in x]


def leaky_relu(x: Any, slope: float) -> list[float]:
    return [max(value, value * slope) for value in x]


def elu(x: Any, alpha: float) -> list[float]:
    return [value if value > 0 else alpha * math.expm1(value) for value in x]


def gelu(x: Any) -> list[float]:
    return [value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in x]


def sigmoid(x: Any) -> list[float]:
    return [1 / (1 + math.exp(-value)) if value > -700 else 0.0 for value in x]


def tanh(x: Any) -> list[float]:
    return [math.tanh(value) for value in x]


def softplus(x: Any) -> list[float]:
    return [max(value, 0.0) + math.log1p(math.exp(-abs(value))) for value in x]


def step(x: Any) -> list[float]:
    return [float(value > 0) for value in x]


def cos(x: Any) -> list[float]:
    return [math.cos(value) for value in x]


def softmax(x: Any, width: int) -> list[float]:
    found = []
    for start in range(0, len(x), width):
        largest = max(x[start : start + width])
        exponentials = [math.exp(value - largest) for value in x[start : start + width]]
        total = sum(exponentials)
        found += [value / total for value in exponentials]
    return found
