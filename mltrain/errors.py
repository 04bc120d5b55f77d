"""Every error that mltrain raises on purpose, so that a caller can catch one name and a command can exit with one code.

    MltrainError
    ├── UsageError          2    the command line asks for something that is not there
    ├── ConfigError         2    the config is wrong; carries every Problem found in it
    │   ├── ConfigDataError 3    it names files or columns that are not there; a DataError, too
    │   └── ConfigTooLarge  3    it describes a training that does not fit into memory; a NotEnoughMemory, too
    ├── DataError           3    the data cannot be used
    ├── ModelFileError      3    a model file cannot be read
    ├── StorageError        3    a file or folder cannot be written
    ├── NotEnoughMemory     3    a training would take more memory than there is
    ├── WorkerLost          3    a process that helped to train ended, or is stopped
    ├── TrainingDiverged    4    the loss is no longer a number
    └── TrainingInterrupted 130  the user asked training to stop

The numbers are the exit codes of the commands.
"""

import os
import re
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Self

ConfigPath = tuple[str | int, ...]
"""Where something stands in a config: ``("layers", 1, "units")`` is ``layers[1].units``."""


_LONGEST = 500
"""Characters of a line: enough for every message, whatever someone's data adds to it."""


def printable(line: str) -> str:
    """One line of output. Control characters, which a file may bring into a message, are escaped."""
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

    @property
    def in_words(self) -> str:
        """The message with its place before it, where it has one in a config."""
        if self.path is None:
            return self.message
        place = self.setting or (self.file if self.line is None else f"{self.file}:{self.line}:{self.column}")
        return f"{place}  {self.path}: {self.message}" if place else f"{self.path}: {self.message}"


class Worded(str):
    """A message whose advice is worded for Python; ``for_commands`` is the same for those who type commands.

    ``for_callers`` is the same for those who send rows to a served model, and can change neither its config nor how it
    is started.
    """

    __slots__ = ("for_callers", "for_commands")
    for_callers: str
    for_commands: str

    def __new__(cls, text: str, *, python: str, commands: str, callers: str | None = None) -> Self:
        """``text`` with the advice of each kind behind it; callers have Python's by default."""
        message = super().__new__(cls, text + python)
        message.for_commands = text + commands
        message.for_callers = text + (python if callers is None else callers)
        return message

    @classmethod
    def about_config(cls, fact: str, advice: str) -> Self:
        """A fact with advice about the config, for all but callers."""
        return cls(fact, python=advice, commands=advice, callers="")

    @classmethod
    def placed(cls, place: str, message: str) -> Self:
        """A message with its place before it, in all of its wordings."""
        return cls(place, python=message, commands=for_commands(message), callers=for_callers(message))


class PlacedWarning(str):
    """A warning about one place in a config; ``path`` says which."""

    __slots__ = ("path",)
    path: ConfigPath

    def __new__(cls, text: str, path: ConfigPath) -> Self:
        message = super().__new__(cls, text)
        message.path = path
        return message


def for_commands(message: object) -> str:
    """An error, or the text of a warning, as commands say it."""
    return getattr(message, "for_commands", None) or str(message)


def for_callers(message: object) -> str:
    """An error, or the text of a warning, as a served model says it to those who send rows."""
    return getattr(message, "for_callers", None) or str(message)


class MltrainError(Exception):
    """Base of all errors that are meant for the user: the message is one complete explanation.

    ``for_commands`` is the message of a command, which names options of the command line where ``str`` names Python's,
    and ``for_callers`` that of a served model, whose config its callers cannot change.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str):
        self.for_commands = _printable_lines(for_commands(message))
        self.for_callers = _printable_lines(for_callers(message))
        super().__init__(_printable_lines(message))

    def __reduce__(self) -> tuple[Any, ...]:
        # By default pickle calls the class with the message alone, and some errors are made of more.
        return _restored, (type(self), self.args, self.__dict__)

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """What is wrong, piece by piece. Messages about a file begin with its name and, where it is known, the line."""
        text = self.for_commands
        found = (
            re.fullmatch(r"(.+?)(?::(\d+))?: (.+)", text, re.DOTALL) if self.exit_code == DataError.exit_code else None
        )
        if found is None or not (found[2] or os.path.lexists(found[1])):
            return [Diagnostic(text)]
        return [Diagnostic(found[3], file=found[1], line=int(found[2]) if found[2] else None)]


def _restored(kind: type[MltrainError], args: tuple[Any, ...], state: dict[str, Any]) -> MltrainError:
    """An error of another process."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


def _printable_lines(message: str) -> str:
    return "\n".join(map(printable, message.split("\n")))


class MltrainWarning(UserWarning):
    """Something that trains, but probably not well: what commands print as a warning."""


class UsageError(MltrainError):
    exit_code = 2


class DataError(MltrainError):
    """Rows cannot be used. For a cell of a table, ``path``, ``line``, ``row`` and ``column`` say which it is."""

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        row: int | None = None,
        column: str | None = None,
    ):
        super().__init__(message)
        self.path, self.line, self.row, self.column = path, line, row, column


class ModelFileError(MltrainError):
    """``path`` is the file, where one was read."""

    exit_code = 3
    path: str | None = None

    def __init__(self, message: str):
        super().__init__(printable(message))  # one line, whatever the file holds
        self.for_commands = printable(for_commands(message))


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


class DataProblem(Problem):
    """A problem with what an option names: a file that is not there, or a column that the file lacks."""

    __slots__ = ()


class ConfigDataError(ConfigError, DataError):
    """Every word of the config is right, but what it names is not there."""

    exit_code = 3


class MemoryProblem(Problem):
    """A training that would take more memory than there is; its path is that of the option to change."""

    __slots__ = ()


class ConfigTooLarge(ConfigError, NotEnoughMemory):
    """Every word of the config is right, but this machine has too little memory for it."""

    exit_code = 3


class OptionError(ValueError):
    """An option's value does not fit the others; ``option`` is its path, relative to the spec.

    Specs raise it when they are made. It is a ValueError because only the config knows where the spec stands in it.
    """

    def __init__(self, option: ConfigPath, message: str):
        super().__init__(message)
        self.option = option


class WorkerLost(MltrainError):
    """A worker process of a training ended, is stopped, or could not even begin; the weights are those of an epoch."""

    exit_code = 3

    def __init__(self, what: str = "a worker process was ended by the system"):
        alone = "which needs no workers and less memory"
        python = f"; try again with MLTRAIN_THREADS=1 in the environment, {alone}"
        super().__init__(Worded(what, python=python, commands=f"; try again with --threads 1, {alone}"))


class TrainingDiverged(MltrainError):
    """The loss became infinite or not a number; what was saved before is still there."""

    exit_code = 4

    def __init__(self, message: str, *, epoch: int, step: int, last_finite_loss: float | None):
        super().__init__(message)
        self.epoch, self.step, self.last_finite_loss = epoch, step, last_finite_loss


class TrainingInterrupted(MltrainError):
    """Training stopped between two steps because it was asked to; the weights are those of the last whole step.

    ``model`` is the model with these weights where `mltrain.fit` trained it. Where several trainings belong together,
    the message counts those, and there is no epoch.
    """

    exit_code = 130
    model: Any = None

    def __init__(self, message: str = "", *, epoch: int = 0, step: int = 0, steps: int = 0):
        super().__init__(message or f"stopped in epoch {epoch} after step {step} of {steps}")
        self.epoch, self.step, self.steps = epoch, step, steps


def dotted(path: ConfigPath) -> str:
    """A config path as people write it: ``("layers", 1, "units")`` becomes ``layers[1].units``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def reason(error: Exception) -> str:
    """Why the system refused, in words: ``No space left on device``."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
