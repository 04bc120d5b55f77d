"""Trainings of the config ``noisy.yaml`` in the working folder, for tests of early stopping with a second training."""

from pathlib import Path
from typing import Any

from command_runs import succeed

import mltrain as library


def fit(*words: str) -> dict[str, Any]:
    """What ``fit`` says as JSON."""
    return succeed("fit", "noisy.yaml", "--quiet", "--json", *words).document


def parameters(path: str | Path) -> list[float]:
    """All parameters of the model of a run or file."""
    return library.load_model(path).network.parameters.tolist()
