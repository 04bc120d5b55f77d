"""Train small neural networks from a YAML file, on NumPy alone.

    import mltrain

    model = mltrain.fit("configs/linear.yaml")
    model.predict([[10.0]])

`load_config`, `fit`, `load_model` and the errors are all there is to know; see their docstrings.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Config", "MltrainError", "Model", "fit", "load_config", "load_model"]

if TYPE_CHECKING:
    from mltrain.api import fit, load_model
    from mltrain.config import Config
    from mltrain.config.load import load_config
    from mltrain.errors import MltrainError
    from mltrain.inference.model import Model

_HOMES = {
    "Config": "mltrain.config",
    "MltrainError": "mltrain.errors",
    "Model": "mltrain.inference.model",
    "fit": "mltrain.api",
    "load_config": "mltrain.config.load",
    "load_model": "mltrain.api",
}


def __getattr__(name: str) -> Any:
    # Imported when first used, so that `mltrain --help` does not wait for NumPy.
    if name not in _HOMES:
        raise AttributeError(f"module 'mltrain' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
