"""Who uses the processor's cores: NumPy's matrix products, or processes of our own.

NumPy reads its setting when it is imported, so commands that train call `share_cores` before they import anything.
"""

import os
import platform
import sys

_BLAS = "OPENBLAS_NUM_THREADS"
_OURS = "MLTRAIN_THREADS"


def share_cores(threads: int | None) -> None:
    """Use at most ``threads`` cores (all by default) from here on, for training.

    Where processes of our own can share kernels, NumPy is told to use one core in each: it is faster so, for large
    networks because their optimizer gets a second core too, and for small ones because nobody waits for anybody.
    NumPy's threads stay as they are where they were set by hand.
    """
    if threads is not None:
        os.environ[_OURS] = str(threads)
    if crew_possible():
        os.environ.setdefault(_BLAS, "1")
    elif threads is not None:
        os.environ.setdefault(_BLAS, str(threads))


def crew_possible() -> bool:
    """Whether processes can work in lockstep here: by forks, and counters that need x86's order of memory writes."""
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")


def blas_is_alone() -> bool:
    """Whether NumPy computes on one core only."""
    return os.environ.get(_BLAS) == "1"


def cores() -> int:
    """How many processor cores this process may use."""
    available = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    asked = os.environ.get(_OURS, "")
    return min(available, int(asked)) if asked.isdigit() and int(asked) else available
