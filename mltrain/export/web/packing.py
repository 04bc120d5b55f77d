"""Large networks in fewer bytes, for pages: weights as whole numbers, compressed, as text denser than base64.

    kernel ── rounded ──> whole numbers times a step ── planes, deflate ──> bytes ── as_text ──> text of a page

The step is as large as the answers allow: on rows held back they stay within `TOLERANCE` of the model's.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.engine.operations import Matmul, Step
from mltrain.export.reference import run_steps
from mltrain.export.web.describe import Description
from mltrain.inference.steps import InferenceSteps

if TYPE_CHECKING:
    from mltrain.export.base import Subject

TOLERANCE = 9e-6
"""How much an answer may change on the rows that are tried; others may change a little more."""

_LARGE = 20_000
"""Numbers from which on a kernel is worth it."""

_MOST_ROWS = 10_000
_TRIES = 8
_FIRST_SHARE = 2.8e-6
_FAINT = 0.3
"""Inputs that are weaker than this share of the strongest ones have no coarser steps than those."""

_DAMPING = 3e-5

Kernel = npt.NDArray[np.float32]


class Packed(NamedTuple):
    """Weights as ``text``, what it takes to read them (the ``layout``), and a sentence for people."""

    text: str
    layout: dict[str, Any]
    note: str


def pack(subject: "Subject", description: Description) -> Packed | None:
    """The weights of a model, packed; None where no kernel is large, or rounding changes answers too much."""
    steps = subject.steps
    large = {
        index: step.operation.kernel
        for index, step in enumerate(steps.steps)
        if isinstance(step.operation, Matmul) and step.operation.kernel.size >= _LARGE
    }
    if not large:
        return None
    rows, held_back = _rows(subject)
    seen = {index: _input_of(steps, index, rows) for index in large}
    expected, share = run_steps(steps, held_back), _FIRST_SHARE
    for _ in range(_TRIES):
        rounded = {index: _Rounded.of(kernel, seen[index], share) for index, kernel in large.items()}
        changed = tuple(
            _with_kernel(step, rounded[index].kernel) if index in rounded else step
            for index, step in enumerate(steps.steps)
        )
        difference = np.abs(run_steps(replace(steps, steps=changed), held_back) - expected)
        error = float((difference / np.maximum(1, np.abs(expected))).max())
        if error <= TOLERANCE:
            places = {index: description.document["steps"][index]["kernel"]["offset"] for index in rounded}
            text, layout = _packed(description, {places[index]: one for index, one in rounded.items()})
            kind = "made-up" if subject.dataset is None else "tried"
            told = (
                f"large kernels are rounded, which changes the answers to {len(held_back):,} {kind} rows by {error:.1g}"
            )
            return Packed(text, layout, f"{told} at most")
        share *= min(0.9, max(0.5, TOLERANCE / error))
    return None


def _rows(subject: "Subject") -> tuple[Any, Any]:
    """Rows of all kinds, to find out which inputs go together, and those of them to measure on: the rows held back."""
    dataset = subject.dataset
    if dataset is None:
        return subject.examples.x, subject.examples.x
    held_back = (dataset.test or dataset.validation or dataset.train).x[:_MOST_ROWS]
    every = max(1, len(dataset.train.x) // _MOST_ROWS)
    return np.concatenate([dataset.train.x[::every][:_MOST_ROWS], held_back]), held_back


def _input_of(steps: InferenceSteps, index: int, x: Any) -> npt.NDArray[np.float64]:
    """What a step reads for the rows, ``(rows, inputs)``."""
    (value,) = steps.steps[index].inputs
    found = run_steps(replace(steps, steps=steps.steps[:index], output=value), x)
    return found.reshape(-1, found.shape[-1]).astype(np.float64)


def _with_kernel(step: Step, kernel: Kernel) -> Step:
    assert isinstance(step.operation, Matmul)
    return step._replace(operation=replace(step.operation, kernel=kernel))


class _Rounded(NamedTuple):
    """A kernel ``(inputs, units)`` as whole numbers times the step of their row, ``(inputs,)``."""

    numbers: npt.NDArray[np.int64]
    steps: npt.NDArray[np.float32]

    @property
    def kernel(self) -> Kernel:
        return (self.numbers * self.steps[:, None].astype(np.float64)).astype(np.float32)

    @classmethod
    def of(cls, kernel: Kernel, x: npt.NDArray[np.float64], share: float) -> "_Rounded":
        """Round to steps of a ``share`` of the largest number, twice; weak inputs have up to three times as large ones.

        What rounding adds to the products with one input is taken from the weights of the inputs that go with it, which
        are rounded after it. Frantar et al. 2022, https://arxiv.org/abs/2210.17323
        """
        strength = np.sqrt((x * x).mean(axis=0))
        strength /= max(float(strength.max()), 1e-30)
        steps = np.float32(2 * share * np.abs(kernel).max()) * np.sqrt((1 + _FAINT**2) / (strength**2 + _FAINT**2))
        steps = steps.astype(np.float32)
        products = x.T @ x / len(x) / max(float((x * x).mean(axis=0).max()), 1e-30)
        order = np.argsort(-strength, kind="stable")
        inverse = np.linalg.inv(products[np.ix_(order, order)] + _DAMPING * np.eye(len(order)))
        factor = np.linalg.cholesky(inverse).T
        left = kernel[order].astype(np.float64)
        numbers = np.empty(kernel.shape, np.int64)
        for place, row in enumerate(order.tolist()):
            numbers[row] = np.rint(left[place] / steps[row])
            error = (left[place] - numbers[row] * steps[row].astype(np.float64)) / factor[place, place]
            left[place + 1 :] -= np.outer(factor[place, place + 1 :], error)
        return cls(numbers, steps)


def _packed(description: Description, kernels: Mapping[int, _Rounded]) -> tuple[str, dict[str, Any]]:
    """All weights in one text: those of ``kernels``, by offset, as whole numbers, and the others as they are."""
    is_plain = np.ones(description.weights.size, np.bool_)
    parts, layout = list[bytes](), []
    for offset, kernel in sorted(kernels.items()):
        is_plain[offset : offset + kernel.numbers.size] = False
        lowest = int(kernel.numbers.min())
        numbers = (kernel.numbers - lowest).reshape(-1)
        low = max(0, int(numbers.max()).bit_length() - 8)
        bits = (numbers[:, None] >> np.arange(low)) & 1
        planes = kernel.steps.astype("<f4").tobytes(), (numbers >> low).astype(np.uint8).tobytes()
        parts += [*planes, np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()]
        layout.append(
            {"offset": offset, "rows": len(kernel.steps), "length": numbers.size, "lowest": lowest, "low": low}
        )
    parts.append(description.weights[is_plain].astype("<f4").tobytes())
    compressor = zlib.compressobj(9, wbits=-15, memLevel=9, strategy=zlib.Z_HUFFMAN_ONLY)
    content = b"".join([*(compressor.compress(part) for part in parts), compressor.flush()])
    return as_text(content), {"size": is_plain.size, "bytes": len(content), "kernels": layout}


def deflated(code: str) -> bytes:
    """A script as bytes that a page inflates."""
    compressor = zlib.compressobj(9, wbits=-15)
    return compressor.compress(code.encode()) + compressor.flush()


_BASE, _ONE_BYTE, _DIGITS, _BYTES = 111, 94, 33, 28
_FIRST = 0xA1


def as_text(content: bytes) -> str:
    """Bytes as printable text without ``<``, of 6.79 bits a byte in UTF-8, where base64 has 6.

    28 bytes are 33 digits of base 111. Digits below 94 are a character of ASCII each; a larger one and the digit behind
    it are one of the 1887 characters U+00A1 to U+07FF, which take two bytes.
    """
    padded = np.frombuffer(content + bytes(-len(content) % _BYTES), np.uint8).reshape(-1, _BYTES).astype(np.int64)
    digits = np.empty((len(padded), _DIGITS), np.int64)
    for place in reversed(range(_DIGITS)):
        rest = np.zeros(len(padded), np.int64)
        for byte in range(_BYTES):
            rest = rest * 256 + padded[:, byte]
            padded[:, byte], rest = rest // _BASE, rest % _BASE
        digits[:, place] = rest
    found, waiting = [], -1
    for digit in digits.reshape(-1).tolist():
        if waiting >= 0:
            found.append(chr(_FIRST + (waiting - _ONE_BYTE) * _BASE + digit))
            waiting = -1
        elif digit < _ONE_BYTE:
            found.append(chr(digit + (32 if digit < 28 else 33)))
        else:
            waiting = digit
    if waiting >= 0:
        found.append(chr(_FIRST + (waiting - _ONE_BYTE) * _BASE))
    return "".join(found)
