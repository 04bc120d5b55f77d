import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "commands"))  # where the ways to run mltrain are

from working_folder import work

__all__ = ["work"]
