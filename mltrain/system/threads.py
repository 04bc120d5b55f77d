"""Who uses the processor's cores: NumPy's matrix products, or processes and threads of our own.

NumPy reads its setting when it is imported, so commands that take many rows through a network call `share_cores` before
they import anything.
"""

import os
import platform
import sys

_BY_HAND = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
BLAS_VARIABLES = (*_BY_HAND, "OMP_NUM_THREADS")
"""What the libraries read that compute NumPy's matrix products: OpenBLAS, Intel's, and those built with OpenMP. The
last one is often set for everything that runs on a machine, so nobody has meant mltrain by it."""

_OURS = "MLTRAIN_THREADS"


def share_cores(threads: int | None) -> None:
    """Use at most ``threads`` cores (all by default) from here on.

    Where processes of our own can train together, NumPy is told to use one core in each: it is faster so, for large
    networks because their optimizer gets a second core too, and for small ones because nobody waits for anybody. What
    is not trained, several threads take through the network, block by block (`mltrain.backends.numpy.evaluation`).
    NumPy's threads stay as they are where they were set by hand, and where NumPy is at work already.
    """
    if threads is not None:
        os.environ[_OURS] = str(threads)
    if "numpy" in sys.modules:
        return
    by_hand = {os.environ[name] for name in _BY_HAND if name in os.environ}
    if workers_possible() and by_hand <= {"1"}:
        _tell_blas("1")
    elif threads is not None and not by_hand:
        _tell_blas(str(threads))


def _tell_blas(threads: str) -> None:
    for name in BLAS_VARIABLES:
        os.environ[name] = threads


def workers_possible() -> bool:
    """Whether processes can work in lockstep here: by forks, and counters that need x86's order of memory writes."""
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")


def blas_is_alone() -> bool:
    """Whether NumPy computes on one core only, whatever library it does that with."""
    return all(os.environ.get(name) == "1" for name in BLAS_VARIABLES)


def cores() -> int:
    """How many processor cores this process may use."""
    available = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    asked = os.environ.get(_OURS, "")
    return min(available, int(asked)) if asked.isdigit() and int(asked) else available
