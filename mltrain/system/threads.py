"""Which code uses the processor's cores: NumPy's matrix products, or mltrain's own processes and threads.

NumPy reads its setting when it is imported, so commands that take many rows through a network call `share_cores` before
they import anything.
"""

import os
import platform
import sys

_BY_HAND = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
BLAS_VARIABLES = (*_BY_HAND, "OMP_NUM_THREADS")
"""Environment variables of the BLAS libraries behind NumPy: OpenBLAS, Intel MKL, and those built with OpenMP. The last
one is often set for a whole machine, so it is no choice made for mltrain."""

_OURS = "MLTRAIN_THREADS"


def share_cores(threads: int | None) -> None:
    """Use at most ``threads`` cores (all by default) from here on.

    Where several processes can train together, NumPy is told to use one core in each. This is faster: for large
    networks the optimizer runs on several cores too, and for small ones no BLAS thread has to be woken. Evaluation runs
    in several threads, block by block (`mltrain.backends.numpy.evaluation`). NumPy's threads are left alone where an
    environment variable sets them, and where NumPy is imported already.
    """
    if threads is not None:
        use_cores(threads)
    if "numpy" in sys.modules:
        return
    by_hand = {os.environ[name] for name in _BY_HAND if name in os.environ}
    if workers_possible() and by_hand <= {"1"}:
        _tell_blas("1")
    elif threads is not None and not by_hand:
        _tell_blas(str(threads))


def use_cores(count: int) -> None:
    """Use at most so many cores for mltrain's own processes and threads from here on."""
    os.environ[_OURS] = str(count)


def _tell_blas(threads: str) -> None:
    for name in BLAS_VARIABLES:
        os.environ[name] = threads


def workers_possible() -> bool:
    """Whether processes can train in lockstep here: it takes fork, and barriers that rely on x86's memory ordering."""
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")


def blas_is_alone() -> bool:
    """Whether NumPy's BLAS uses one core only."""
    return all(os.environ.get(name) == "1" for name in BLAS_VARIABLES)


def cores() -> int:
    """How many processor cores this process may use."""
    available = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    asked = os.environ.get(_OURS, "")
    return min(available, int(asked)) if asked.isdigit() and int(asked) else available
