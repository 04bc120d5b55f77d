"""Every moment at which a program can die while it changes files, one after the other.

A child does the work and dies just before the n-th thing that it asks of the file system, for n = 1, 2, ... until it
comes to the end. In writing it dies at every so manieth byte: the system kills it there, by a limit on the size of
files. Between two such moments nothing changes on the disk, so with every byte these are all there are.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

_CALLS = ("open", "os.", "fcntl.", "shutil.", "tempfile.")
"""Beginnings of the names under which Python announces calls to the system; see `sys.addaudithook`."""


Check = Callable[[str], None]
"""Looks at what a death has left; it is told when that was."""


def die_at_every_call(act: Callable[[], object], prepare: Callable[[], None], check: Check) -> int:
    """Let a child die before each of its calls. Returns how often it died."""
    return _count(
        lambda number: (_child(act, lambda: _die_before_call(number + 1)), f"before call {number + 1}"),
        signal.SIGKILL,
        prepare,
        check,
    )


def die_at_bytes(act: Callable[[], object], prepare: Callable[[], None], check: Check, every: int) -> int:
    """Let a child die when a file of its has 0, ``every``, twice ``every``, ... bytes. Returns how often it died."""
    return _count(
        lambda number: (_child(act, lambda: _limit_files(number * every, signal.SIG_DFL)), f"at byte {number * every}"),
        signal.SIGXFSZ,
        prepare,
        check,
    )


def refuse_bytes(
    act: Callable[[], object], refusal: type[Exception], prepare: Callable[[], None], check: Check, every: int
) -> int:
    """As `die_at_bytes`, but the child lives, and must raise ``refusal``, as on a full disk."""

    def refused() -> None:
        try:
            act()
        except refusal:
            os.kill(os.getpid(), signal.SIGKILL)  # so that it is told from one that came to the end

    return _count(
        lambda number: (
            _child(refused, lambda: _limit_files(number * every, signal.SIG_IGN)),
            f"refused at byte {number * every}",
        ),
        signal.SIGKILL,
        prepare,
        check,
    )


def _count(
    live: Callable[[int], tuple[int, str]], expected: signal.Signals, prepare: Callable[[], None], check: Check
) -> int:
    """Let one child after the other ``live`` until one comes to the end; how many died before."""
    count = 0
    while True:
        prepare()
        ended_by, moment = live(count)
        if ended_by == 0:
            return count
        assert ended_by == expected, f"{moment}: the child died of signal {ended_by}"
        count += 1
        check(moment)


def _child(act: Callable[[], object], arm: Callable[[], None]) -> int:
    """Do ``act`` in a child. The signal that it died of; 0 if it came to the end. Whatever else happens is an error."""
    process = os.fork()
    if process == 0:
        _live(act, arm)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed; see above"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _live(act: Callable[[], object], arm: Callable[[], None]) -> NoReturn:
    try:
        arm()
        act()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _die_before_call(number: int) -> None:
    seen = 0

    def count(event: str, _arguments: Any) -> None:
        nonlocal seen
        if event.startswith(_CALLS) and event != "os.kill":
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _limit_files(limit: int, when_reached: Any) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    signal.signal(signal.SIGXFSZ, when_reached)
