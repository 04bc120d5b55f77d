"""What a model was trained with: the versions and the kind of machine, so that its bytes can be made again."""

import os
import platform

import msgspec
import numpy as np

from mltrain import __version__


class Environment(msgspec.Struct, frozen=True):
    """Versions of what computes, the system (``Linux x86_64``), and how many cores the processor has.

    Nothing in it tells one machine from another of its kind.
    """

    mltrain: str
    python: str
    numpy: str
    system: str
    cores: int

    @classmethod
    def here(cls) -> "Environment":
        """That of this process."""
        system = f"{platform.system()} {platform.machine()}"
        return cls(__version__, platform.python_version(), np.__version__, system, os.cpu_count() or 1)
