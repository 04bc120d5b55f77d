"""What holds for all tests."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest


@pytest.fixture(autouse=True)
def _environment_stays() -> Iterator[None]:
    """A command that runs in the tests' own process says there how many cores to use; the next test begins afresh."""
    with patch.dict(os.environ):
        yield
