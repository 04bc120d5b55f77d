"""How much memory is available, so that a training that cannot fit is refused before it starts."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_MEMINFO, _OWN_GROUP, _GROUPS = Path("/proc/meminfo"), Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def available() -> int | None:
    """Bytes that this process may still allocate, swap included; None where the system does not tell.

    On Linux that is the least of what the system has and what the container (its control groups) is allowed; elsewhere
    all of the machine's memory, if the system tells.
    """
    known = [*_of_system(), *_of_groups()]
    if known:
        return max(0, min(known))
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_system() -> Iterator[int]:
    with contextlib.suppress(OSError, KeyError, ValueError):
        lines = (line.partition(":") for line in _MEMINFO.read_text("ascii").splitlines())
        kibibytes = {name: int(value.split()[0]) for name, _, value in lines}
        yield 1024 * (kibibytes["MemAvailable"] + kibibytes.get("SwapFree", 0))


def _of_groups() -> Iterator[int]:
    """The bytes that each control group of this process may still allocate (cgroups version 2 or 1)."""
    for folder, limit, usage in _groups():
        with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
            # The page cache counts as used, but the system frees it on demand.
            files = sum(int(statistics.get(name, 0)) for name in ("active_file", "inactive_file"))
            yield int((folder / limit).read_text("ascii")) - int((folder / usage).read_text("ascii")) + files


def _groups() -> Iterator[tuple[Path, str, str]]:
    with contextlib.suppress(OSError):
        for line in _OWN_GROUP.read_text("utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            inside = PurePosixPath(path).relative_to("/")
            if not controllers:
                root, names = _GROUPS, ("memory.max", "memory.current")
            elif "memory" in controllers.split(","):
                root, names = _GROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
            else:
                continue
            for part in (inside, *inside.parents):
                yield root / part, *names
