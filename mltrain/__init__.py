"""Train small neural networks from a YAML file, on NumPy alone.

    import mltrain

    model = mltrain.fit("configs/linear.yaml")
    model.predict([[10.0]])

docs/python.md describes all of ``__all__``; so do the docstrings.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Config",
    "ConfigError",
    "DataError",
    "EpochReport",
    "Evaluation",
    "MltrainError",
    "MltrainWarning",
    "Model",
    "ModelFileError",
    "NotEnoughMemory",
    "Problem",
    "StorageError",
    "TrainingDiverged",
    "TrainingInterrupted",
    "TrainingJob",
    "UsageError",
    "WorkerLost",
    "fit",
    "load_config",
    "load_model",
    "prepare",
]

if TYPE_CHECKING:
    from mltrain.api import fit, load_model, prepare
    from mltrain.backends.base import Evaluation
    from mltrain.config import Config
    from mltrain.config.load import load_config
    from mltrain.errors import (
        ConfigError,
        DataError,
        MltrainError,
        MltrainWarning,
        ModelFileError,
        NotEnoughMemory,
        Problem,
        StorageError,
        TrainingDiverged,
        TrainingInterrupted,
        UsageError,
        WorkerLost,
    )
    from mltrain.inference.model import Model
    from mltrain.job import TrainingJob
    from mltrain.training.epoch_report import EpochReport

_MODULES = {
    "Config": "mltrain.config",
    "ConfigError": "mltrain.errors",
    "DataError": "mltrain.errors",
    "EpochReport": "mltrain.training.epoch_report",
    "Evaluation": "mltrain.backends.base",
    "MltrainError": "mltrain.errors",
    "MltrainWarning": "mltrain.errors",
    "Model": "mltrain.inference.model",
    "ModelFileError": "mltrain.errors",
    "NotEnoughMemory": "mltrain.errors",
    "Problem": "mltrain.errors",
    "StorageError": "mltrain.errors",
    "TrainingDiverged": "mltrain.errors",
    "TrainingInterrupted": "mltrain.errors",
    "TrainingJob": "mltrain.job",
    "UsageError": "mltrain.errors",
    "WorkerLost": "mltrain.errors",
    "fit": "mltrain.api",
    "load_config": "mltrain.config.load",
    "load_model": "mltrain.api",
    "prepare": "mltrain.api",
}
"""The public names, each with the module that it is imported from when it is first used."""

__all__ = [*_MODULES]


def __getattr__(name: str) -> Any:
    # Imported when first used, so that `mltrain --help` does not wait for NumPy.
    if name not in _MODULES:
        import sys

        message = f"module 'mltrain' has no attribute '{name}'"
        raise AttributeError(message, name=name, obj=sys.modules[__name__])
    import importlib

    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"]
