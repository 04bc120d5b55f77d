import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
# What the engine's tests share, and differential/, which belongs to the project but not to the installed package.
sys.path[:0] = [str(TESTS / "engine"), str(TESTS.parent)]
