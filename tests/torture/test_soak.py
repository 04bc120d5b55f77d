"""Long trainings: nothing grows. ``python -m campaigns.torture soak`` takes a few million steps more."""

import sys

import pytest

from campaigns.torture.soak import Reading, judge, soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads memory and open files from /proc")


def test_memory_and_open_files_do_not_grow() -> None:
    readings = list(soak(steps=12_000, readings=3))
    assert [reading.steps for reading in readings] == [4000, 8000, 12_000]
    assert judge(readings) == []


def test_what_grows_is_found_out() -> None:
    first, last = Reading(1, 50_000, 6, 1.0), Reading(2, 51_001, 7, 1.0)
    assert judge([first, last]) == ["memory grew from 50,000 kB to 51,001 kB", "open files were 6, and are 7"]
