"""Work is dealt out a piece at a time, and comes back in order."""

import threading
import time
from itertools import count

import pytest

from mltrain.backends.numpy.thread_map import thread_map


def test_results_come_in_the_order_of_the_items() -> None:
    assert thread_map([3, 1, 2], [lambda item: item * 10]) == [30, 10, 20]
    assert thread_map(range(100), [lambda item: item * 10] * 3) == list(range(0, 1000, 10))
    assert thread_map([], [str, str]) == []


def test_each_worker_has_a_thread_and_the_first_one_this() -> None:
    together = threading.Barrier(3, timeout=60)  # which no thread passes before three are there
    threads = [None, None, None]

    def worker(number):
        def work(item):
            threads[number] = threading.current_thread()
            together.wait()

        return work

    thread_map(range(3), [worker(number) for number in range(3)])
    assert threads[0] is threading.current_thread()
    assert len(set(threads)) == 3


def test_who_is_slow_gets_less() -> None:
    slow_has_begun, rest_is_done = threading.Event(), threading.Event()
    done = count(1)

    def quick(item):
        assert slow_has_begun.wait(10)
        if next(done) == 9:
            rest_is_done.set()
        return "quick"

    def slow(item):
        slow_has_begun.set()
        assert rest_is_done.wait(10)
        return "slow"

    assert sorted(thread_map(range(10), [slow, quick])) == ["quick"] * 9 + ["slow"]


@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_worker_raises_is_raised_and_nothing_more_is_begun(failing: int) -> None:
    begun = []
    other_is_at_work = threading.Event()
    failed = threading.Event()

    def fail(item):
        assert other_is_at_work.wait(10)
        failed.set()
        raise MemoryError("no room")

    def go_on(item):
        begun.append(item)
        other_is_at_work.set()
        assert failed.wait(10)
        time.sleep(0.001)  # while which what is left is thrown away
        return item

    workers = [go_on, go_on]
    workers[failing] = fail
    with pytest.raises(MemoryError, match="no room"):
        thread_map(range(10**6), workers)
    assert len(begun) < 1000
