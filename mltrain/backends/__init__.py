"""What computes: `base` says what a backend does for a job, and each folder here is one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mltrain.backends.base import Backend


def default_backend() -> "Backend":
    """The backend that computes unless another is asked for: NumPy, the reference."""
    from mltrain.backends.numpy.backend import NumpyBackend

    return NumpyBackend()
