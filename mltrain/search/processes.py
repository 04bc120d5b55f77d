"""Pieces of work in processes of their own, at most so many at a time: trainings of small networks use one core each.

A process does one piece and ends. Where the system can fork, it has all that this process has, so that rows are not
copied; elsewhere its work is pickled. What it returns, or the error that it raises, comes back through a pipe.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal, NamedTuple, TypeVar

from mltrain.errors import WorkerLost, reason
from mltrain.system.threads import BLAS_VARIABLES, use_cores

Result = TypeVar("Result")
Stop = Callable[[], bool]
Told = Callable[[int, float], None]
"""Called with the number of a piece of work, and the share of it that is done."""


class Context(NamedTuple):
    """What a piece of work gets: whether to stop, and a function to tell which share of it is done."""

    stop: Stop
    tell: Callable[[float], None]


Work = Callable[[Context], Result]

_LOOK = 0.1
"""Seconds between two looks whether to stop."""

_SIGNAL_AT_PARENTS_END = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

Start = Literal["fork", "spawn"]
START: Start = "fork" if sys.platform == "linux" else "spawn"


class _Running(NamedTuple):
    process: BaseProcess
    results: Connection


def in_processes(
    work: Sequence[Work[Result]],
    jobs: int,
    stop: Stop = lambda: False,
    told: Told = lambda *_: None,
    *,
    start: Start = START,
) -> Iterator[tuple[int, Result]]:
    """Do all of the ``work``, ``jobs`` pieces at a time; yields the number and the result of each when it is done.

    With one job, the work is done in this process, and a piece that is to stop raises an error.
    Other processes are killed when ``stop`` says so, and nothing more is yielded. Raises what a piece raises, and
    `WorkerLost` if a process ends without a result; all others are killed then, and so they are if the caller leaves.
    """
    if jobs == 1:
        for number, piece in enumerate(work):
            yield number, piece(Context(stop, partial(told, number)))
        return
    context = multiprocessing.get_context(start)
    waiting = list(enumerate(work))[::-1]
    running: dict[int, _Running] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, piece = waiting.pop()
                running[number] = _started(context, piece)
            wait([one.results for one in running.values()], _LOOK)
            if stop():
                break
            for number, one in list(running.items()):
                if one.results.poll() and (outcome := _received(one, partial(told, number))) is not None:
                    del running[number]
                    yield number, _result(one, outcome)
    finally:
        for one in running.values():
            one.process.kill()
            one.process.join()
            one.results.close()


class _Outcome(NamedTuple):
    """What a piece of work returned, or the error that it raised."""

    result: Any
    error: Exception | None = None


def _started(context: Any, piece: Work[Any]) -> _Running:
    receives, sends = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(piece, sends, os.getpid()), daemon=True)
    try:
        with contextlib.nullcontext() if context.get_start_method() == "fork" else _one_blas_thread():
            process.start()
    except OSError as error:
        raise WorkerLost(f"a worker process cannot be started: {reason(error)}") from error
    sends.close()
    return _Running(process, receives)


def _received(one: _Running, tell: Callable[[float], None]) -> _Outcome | None:
    """The outcome of a piece of work; None if it told how far it is. Raises `WorkerLost`."""
    try:
        received = one.results.recv()
    except EOFError:
        raise WorkerLost from None
    if isinstance(received, _Outcome):
        return received
    tell(received)
    return None


def _result(one: _Running, outcome: _Outcome) -> Any:
    one.process.join()
    one.results.close()
    if outcome.error is not None:
        raise outcome.error
    return outcome.result


def _serve(piece: Work[Any], sends: Connection, parent: int) -> None:  # pragma: no cover  (a process)
    """Do the work, and send what comes of it. Ctrl-C reaches all processes of a terminal; the first one handles it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_END, int(signal.SIGKILL))
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    use_cores(1)
    with contextlib.suppress(BrokenPipeError):
        try:
            outcome = _Outcome(piece(Context(lambda: os.getppid() != parent, sends.send)))
        except BrokenPipeError:
            raise
        except Exception as error:
            outcome = _Outcome(None, error)
        sends.send(outcome)


@contextlib.contextmanager
def _one_blas_thread() -> Iterator[None]:
    """A process that does not fork imports NumPy anew, which reads its number of threads from the environment."""
    before = {name: os.environ.get(name) for name in BLAS_VARIABLES}
    os.environ.update(dict.fromkeys(BLAS_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
