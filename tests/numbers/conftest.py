import sys
from pathlib import Path

from hypothesis import settings

TESTS = Path(__file__).parents[1]
# What the engine's tests share, and differential/, which belongs to the project but not to the installed package.
sys.path[:0] = [str(TESTS / "engine"), str(TESTS.parent)]

# The same examples each time, on however slow a machine.
settings.register_profile("numbers", derandomize=True, deadline=None, database=None, max_examples=60)
