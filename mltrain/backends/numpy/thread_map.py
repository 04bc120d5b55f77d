"""A map over items by several threads, each with a worker of its own."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_map(items: Sequence[Item], workers: Sequence[Callable[[Item], Result]]) -> list[Result]:
    """Call a worker for each item; the results, in the order of the items.

    The first worker runs in this thread, the others in threads of their own. Each takes the next item when it is idle,
    so that a slow or busy core gets fewer items. Exceptions of workers are raised here.
    """
    results: dict[int, Result] = {}
    waiting = iter(list(enumerate(items)))  # a list's iterator may be shared by threads

    def work(worker: Callable[[Item], Result]) -> None:
        try:
            for number, item in waiting:
                results[number] = worker(item)
        finally:
            for _ in waiting:  # after an error, no worker begins another item
                pass

    first, *others = workers
    if others:
        from concurrent.futures import ThreadPoolExecutor  # slow to import

        with ThreadPoolExecutor(len(others)) as pool:
            threads = [pool.submit(work, worker) for worker in others]
            work(first)
            for thread in threads:
                thread.result()
    else:
        work(first)
    return [results[number] for number in range(len(items))]
