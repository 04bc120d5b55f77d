"""Rows on their way into the network: every one exactly once an epoch, whatever the sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltrain.backends.numpy import window as batches
from mltrain.backends.numpy.window import Window
from mltrain.data.preprocessing import Scaling

FEW_BYTES = [1, 64, 4096, batches.WINDOW_BYTES]
"""Sizes of the window: from one batch at a time to all that there are."""


def window_of(x: np.ndarray, target: np.ndarray, batch_size: int, scale: float = 1.0, outputs: int = 1) -> Window:
    return Window(x, target, (outputs,), Scaling(scale=scale), batch_size=batch_size)


def seen(window: Window, order: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Copies of the batches of one epoch, in order, with their targets."""
    return [
        (window.batches[number].x.copy(), window.batches[number].target.copy())
        for _, numbers in window.fill(order)
        for number in numbers
    ]


@pytest.mark.parametrize("window_bytes", FEW_BYTES)
@settings(max_examples=40)
@given(count=st.integers(1, 150), share=st.integers(1, 160), seed=st.integers(0, 3))
def test_every_row_is_seen_once_an_epoch_in_order(window_bytes: int, count: int, share: int, seed: int) -> None:
    batch_size = min(share, count)
    x = np.arange(count, dtype=np.float32)[:, None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "WINDOW_BYTES", window_bytes)
        window = window_of(x, np.arange(count), batch_size)
    rng = np.random.default_rng(seed)
    for _ in range(2):  # the second epoch overwrites what the first has left
        order = rng.permutation(count)
        found = seen(window, order)
        assert len(found) == window.steps == -(-count // batch_size)
        assert [len(rows) for rows, _ in found[:-1]] == [batch_size] * (window.steps - 1)
        assert np.concatenate([rows[:, 0] for rows, _ in found]).tolist() == order.tolist()
        assert np.concatenate([target for _, target in found]).tolist() == order.tolist()


@pytest.mark.parametrize("window_bytes", FEW_BYTES)
def test_the_rows_of_a_window_are_those_of_its_batches(window_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "WINDOW_BYTES", window_bytes)
    window = window_of(np.arange(70, dtype=np.float32)[:, None], np.arange(70), 8)
    done = 0
    for rows, numbers in window.fill(np.arange(70)):
        assert rows == sum(len(window.batches[number].x) for number in numbers)
        assert window.x[:rows, 0].tolist() == list(range(done, done + rows))
        done += rows
    assert done == 70


def test_a_window_holds_as_many_batches_as_fit() -> None:
    rows = np.zeros((1000, 784), np.uint8)
    assert len(window_of(rows, np.zeros(1000), 32, outputs=10).batches) == 3  # of 100 KB each, two fit; and a short one
    assert len(window_of(rows[:, :1], np.zeros(1000), 1).batches) == batches.WINDOW_BATCHES
    assert len(window_of(rows, np.zeros(1000), 1000).batches) == 1


def test_the_short_batch_comes_last_and_is_a_view_of_the_same_memory() -> None:
    window = window_of(np.arange(10, dtype=np.float32)[:, None], np.arange(10), 4, outputs=3)
    assert [len(batch.x) for batch in window.batches] == [4, 4, 2]
    for batch in window.batches:
        assert np.shares_memory(batch.x, window.x)
        assert np.shares_memory(batch.target, window.target)
        assert batch.y.shape == (len(batch.x), 3)
        assert np.shares_memory(batch.y, window.y)


def test_bytes_become_scaled_floats() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 2, 3), np.uint8)
    found = np.concatenate([rows for rows, _ in seen(window_of(images, np.zeros(7), 3, 1 / 255), np.arange(7))])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, images.astype(np.float32) * np.float32(1 / 255))


def test_floats_are_scaled_too() -> None:
    x = np.array([[1], [2], [4]], np.float32)
    found = np.concatenate([rows for rows, _ in seen(window_of(x, np.zeros(3), 2, 0.5), np.arange(3))])
    assert found.tolist() == [[0.5], [1], [2]]


def test_neither_rows_nor_targets_are_written_to() -> None:
    x, target = np.arange(6, dtype=np.uint8)[:, None], np.arange(6)
    x.setflags(write=False)
    target.setflags(write=False)
    assert len(seen(window_of(x, target, 4, 0.1), np.arange(6))) == 2
