"""What a notebook uses: the same work as the commands, without terminal and run directory."""

from collections.abc import Callable
from pathlib import Path

from mltrain.config import Config
from mltrain.config.load import load_config
from mltrain.inference.model import Model
from mltrain.job import prepare
from mltrain.runs.run import find_model
from mltrain.training.epoch_report import EpochReport


def fit(
    config: Config | str | Path,
    *,
    folder: str | Path | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Model:
    """Train what ``config`` (or the file that it names) describes, and return the model; nothing is written.

    ``on_epoch`` is called with the report of each epoch. ``folder`` is where relative paths in the config start: by
    default that of the config file, or the working folder. Raises `ConfigError`, `DataError` or `TrainingDiverged`.
    """
    if isinstance(config, str | Path):
        folder = folder or Path(config).parent
        config = load_config(config)
    job = prepare(config, Path(folder or "."))
    history = []
    for report in job.train():
        history.append(report)
        if on_epoch:
            on_epoch(report)
    return job.model(history)


def load_model(path: str | Path | None = None) -> Model:
    """Read a model file, or the model of a run directory; without a path, that of the newest run below ``runs/``.

    Raises `ModelFileError`, and `UsageError` if there is no run.
    """
    return Model.load(find_model(Path(path) if path is not None else None))
