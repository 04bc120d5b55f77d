"""What can be attacked: one file is one target, and is called so."""

import importlib
import pkgutil
from pathlib import Path
from random import Random


class Target:
    """A kind of file. The first line of a member's docstring is what the command line says of it.

    ``one_line``: whether a refusal is one line; a config may have many problems, and each gets a line of its own.
    """

    one_line = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def name(cls) -> str:
        return cls.__module__.rpartition(".")[2]

    def mutated(self, rng: Random) -> dict[str, bytes]:
        """The files of one mutation, by their names in the folder; all that varies comes from ``rng``."""
        raise NotImplementedError

    def read(self) -> None:
        """Read the files as the commands do. Raises `MltrainError` to refuse them."""
        raise NotImplementedError


def _found() -> dict[str, type[Target]]:
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    members = (value for module in modules for value in vars(module).values())
    return {
        member.name(): member
        for member in members
        if isinstance(member, type) and issubclass(member, Target) and member is not Target
    }


TARGETS = _found()
