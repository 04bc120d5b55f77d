import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))  # benchmarks/ belongs to the project, but not to the installed package


@pytest.fixture(autouse=True)
def _processes_find_the_fakes(monkeypatch):
    """Functions of modules beside this one can be called in other processes, too."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
