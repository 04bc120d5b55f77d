"""The default backend."""

from mltrain.backends.base import Backend
from mltrain.backends.numpy.backend import NumpyBackend


def default_backend() -> Backend:
    """NumPy, the reference."""
    return NumpyBackend()
