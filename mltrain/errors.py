"""Every error that mltrain raises on purpose, so that a caller can catch one name and a command can exit with one code.

    MltrainError
    ├── UsageError          2    the command line asks for something that is not there
    ├── ConfigError         2    the config is wrong; carries every Problem found in it
    ├── DataError           3    the data cannot be used
    ├── ModelFileError      3    a model file cannot be read
    ├── StorageError        3    a file or folder cannot be written
    ├── NotEnoughMemory     3    a training would take more memory than there is
    ├── TrainingDiverged    4    the loss is no longer a number
    └── TrainingInterrupted 130  the user asked training to stop

The numbers are the exit codes of the commands.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

ConfigPath = tuple[str | int, ...]
"""Where something stands in a config: ``("layers", 1, "units")`` is ``layers[1].units``."""


_LONGEST = 500
"""Characters of a line: enough for every message, whatever someone's data adds to it."""


def printable(line: str) -> str:
    """One line of output, whatever characters somebody's file brings into it, commands to the terminal for one."""
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"
    return line if line.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


class Diagnostic(NamedTuple):
    """One thing that is wrong, for programs: what in words, and where, as far as it has a place.

    ``path`` is that in the config, as in ``layers[1].units``; ``setting`` is what set it on the command line, if it was
    not the file. Lines and columns are counted from 1.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    setting: str | None = None
    severity: str = "error"


class MltrainError(Exception):
    """Base of all errors that are meant for the user: the message is one complete explanation."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str):
        super().__init__("\n".join(map(printable, message.split("\n"))))

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """What is wrong, piece by piece."""
        return [Diagnostic(str(self))]


class UsageError(MltrainError):
    exit_code = 2


class DataError(MltrainError):
    exit_code = 3


class ModelFileError(MltrainError):
    exit_code = 3

    def __init__(self, message: str):
        super().__init__(printable(message))  # one line, whatever the file holds


class StorageError(MltrainError):
    exit_code = 3


class NotEnoughMemory(MltrainError):
    exit_code = 3


class Problem(NamedTuple):
    """One thing that is wrong in a config: where (a path in the config) and what, in words."""

    path: ConfigPath
    message: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.message}" if self.path else self.message


class ConfigError(MltrainError):
    """All problems of one config, a line each.

    ``lines`` are what the user reads; they carry file, line and column where the config came from a file.
    """

    exit_code = 2

    def __init__(
        self,
        problems: Sequence[Problem],
        lines: Sequence[str] | None = None,
        diagnostics: Sequence[Diagnostic] | None = None,
    ):
        self.problems = tuple(problems)
        self._diagnostics = diagnostics
        self.lines = tuple(map(printable, lines if lines is not None else map(str, problems)))
        super().__init__("\n".join(self.lines))

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        if self._diagnostics is not None:
            return self._diagnostics
        return [Diagnostic(printable(message), path=dotted(path) or None) for path, message in self.problems]


class OptionError(ValueError):
    """An option's value does not fit the others; ``option`` is its path, relative to the spec.

    Specs raise it when they are made. It is a ValueError because only the config knows where the spec stands in it.
    """

    def __init__(self, option: ConfigPath, message: str):
        super().__init__(message)
        self.option = option


class TrainingDiverged(MltrainError):
    """The loss became infinite or not a number; what was saved before is still there."""

    exit_code = 4

    def __init__(self, message: str, *, epoch: int, step: int, last_finite_loss: float | None):
        super().__init__(message)
        self.epoch, self.step, self.last_finite_loss = epoch, step, last_finite_loss


class TrainingInterrupted(MltrainError):
    """Training stopped between two steps because it was asked to; the weights are those of the last whole step."""

    exit_code = 130

    def __init__(self, *, epoch: int, step: int, steps: int):
        super().__init__(f"stopped in epoch {epoch} after step {step} of {steps}")
        self.epoch, self.step, self.steps = epoch, step, steps


def dotted(path: ConfigPath) -> str:
    """A config path as people write it: ``("layers", 1, "units")`` becomes ``layers[1].units``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
