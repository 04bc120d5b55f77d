"""Predictions over HTTP: an ASGI app for any server, and `mltrain serve`, which runs it with uvicorn.

    model file ──models.py──> ServedModel, another one when the file changes
                                  │
    request ──guard.py──> body ──reading.py──> rows ──> Predicted ──answering.py──> JSON or CSV
                                (in a thread of workers.py)

``uvicorn mltrain.serving:app`` serves the model that the environment variable ``MLTRAIN_MODEL`` names; `settings` has
the other variables.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.applications import Starlette

    app: Starlette


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mltrain.errors import MltrainError
    from mltrain.serving.application import application
    from mltrain.serving.settings import from_environment

    try:
        found = application(*from_environment())
    except MltrainError as error:
        sys.exit(f"mltrain: {error}")
    globals()["app"] = found
    return found
