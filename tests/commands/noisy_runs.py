"""Trainings of the config ``noisy.yaml`` in the working folder, for tests of early stopping with a second training."""

from pathlib import Path
from typing import Any

from command_runs import mltrain, succeed

import mltrain as library


def fit(*words: str) -> dict[str, Any]:
    """What ``fit`` says as JSON."""
    return succeed("fit", "noisy.yaml", "--quiet", "--json", *words).document


def parameters(path: str | Path) -> list[float]:
    """All parameters of the model of a run or file."""
    return library.load_model(path).network.parameters.tolist()


def refused(*settings: str) -> str:
    """What ``check`` says of the config with these settings, as one line."""
    done = mltrain("check", "noisy.yaml", *(word for one in settings for word in ("--set", one)))
    assert done.code == 2
    return " ".join(done.err.split())
