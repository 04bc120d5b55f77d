"""What holds for all tests."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from unittest.mock import patch

import pytest

from mltrain.system.threads import BLAS_VARIABLES

# NumPy computes on one core in the tests' own process, as in the commands: the workers of pytest-xdist share the cores.
# Programs that the tests start decide for themselves.
with patch.dict(os.environ, dict.fromkeys(BLAS_VARIABLES, "1")):
    import numpy as np  # noqa: F401

# Hypothesis draws the same examples in each run, however slow the machine. The tests with the lowest versions of the
# dependencies do without it.
with suppress(ImportError):
    from hypothesis import settings

    settings.register_profile("steady", derandomize=True, deadline=None, database=None)
    settings.load_profile("steady")

# Where the tests were started by something that ignores signals (nohup, a background job of a shell), the programs that
# they start would ignore them, too; an ignored signal is inherited.
for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Gzip writes the time into its bytes: an identifier made of them would differ between pytest-xdist's workers."""
    return argname if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None


@pytest.fixture(autouse=True)
def _environment_stays() -> Iterator[None]:
    """A command that runs in the tests' own process says there how many cores to use; the next test begins afresh."""
    with patch.dict(os.environ):
        yield
