"""What the numbers were measured on, in words."""

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers import Peers

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "MLTRAIN_THREADS")

IDLE_LOAD = 0.5
"""A load average above which somebody else is at work."""


def describe(peers: Peers) -> dict[str, str]:
    """The machine, the system and the versions of everything that was measured."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    packages = {name: importlib.metadata.version(name) for name in ("mltrain", "numpy")} | dict(peers.versions)
    variables = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    facts = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": f"{_processor()}; {_cores()} cores",
        "caches": _caches(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": _listed(packages),
        "matrix products": f"{blas['name']} {blas['version']}",
        "thread settings": _listed(variables) or "none",
    }
    return {name: text for name, text in facts.items() if text}


def load() -> float:
    """How many processes wanted a core, on the mean of the last minute."""
    return os.getloadavg()[0]


def warnings(load_before: float, load_after: float) -> list[str]:
    """What speaks against numbers that were taken under such loads; ours is at most one a core."""
    messages = []
    if load_before > IDLE_LOAD:
        messages.append(f"the load average was {load_before:.2f} at the start: others were at work; do not trust these")
    if load_after > _cores() + IDLE_LOAD:
        messages.append(f"the load average was {load_after:.2f} at the end, more than the {_cores()} cores can do")
    return messages


def _listed(items: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in items.items())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _caches() -> str:
    """The caches that the first core sees, from the smallest to the largest: ``L1 Data 32K, L2 Unified 1024K``."""
    places = sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"))
    caches = ([(place / name).read_text().strip() for name in ("level", "type", "size")] for place in places)
    return ", ".join(f"L{level} {kind} {size}" for level, kind, size in caches)
