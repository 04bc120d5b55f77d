"""Problems of a config -> messages with file, line and column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mltrain.config.convert import MOST_PROBLEMS, KeyProblem
from mltrain.config.yaml_errors import Mark
from mltrain.config.yaml_reader import Marks, find_marks
from mltrain.errors import (
    ConfigDataError,
    ConfigError,
    ConfigPath,
    ConfigTooLarge,
    DataProblem,
    Diagnostic,
    MemoryProblem,
    Problem,
    dotted,
    printable,
)


@dataclass(frozen=True)
class SourcePositions:
    """The text of a config, the problems found while reading it, and the overrides.

    ``overridden`` holds the paths that were set on the command line, each with the argument that set it. A config that
    was given as a dict has no ``filename``; its problems are located by their paths.
    """

    filename: str | None
    text: str
    known: Mapping[Problem, Mark]
    overridden: Mapping[ConfigPath, str]

    def error(self, problems: Sequence[Problem]) -> ConfigError:
        """The error that reports all problems: in the order of the file, then those of overrides."""
        kind = _kind(problems)
        if self.filename is None:
            return kind(problems, [f"{text}  {one}" if (text := self._label(one)) else str(one) for one in problems])
        in_file = self._marks([problem for problem in problems if self._label(problem) is None])
        labels = list(dict.fromkeys(self.overridden.values()))

        def order(problem: Problem) -> tuple[int, Mark]:
            label = self._label(problem)
            return (0, in_file[problem]) if label is None else (1 + labels.index(label), (0, 0))

        def line(problem: Problem) -> str:
            text = self._label(problem)
            if text is None:
                row, column = in_file[problem]
                text = f"{self.filename}:{row}:{column}"
            return f"{text}  {problem}"

        problems = sorted(problems, key=order)
        lines = [line(problem) for problem in problems[:MOST_PROBLEMS]]
        diagnostics = [self._diagnostic(problem, in_file.get(problem)) for problem in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            lines.append(f"{self.filename}: there are more problems; these are the first {MOST_PROBLEMS}")
        return kind(problems, lines, diagnostics)

    def _diagnostic(self, problem: Problem, mark: Mark | None) -> Diagnostic:
        line, column = mark or (None, None)
        place = (self.filename, line, column, dotted(problem.path) or None, self._label(problem))
        return Diagnostic(printable(problem.message), *place)

    def _label(self, problem: Problem) -> str | None:
        """The command-line argument that caused a problem, if there is one."""
        if problem in self.known:
            return None
        return next((self.overridden[path] for path in _upward(problem.path) if path in self.overridden), None)

    def _marks(self, problems: Sequence[Problem]) -> dict[Problem, Mark]:
        """The mark of each problem in the file: its own, or that of the nearest enclosing value."""
        unknown = [problem for problem in problems if problem not in self.known]
        wanted = {path for problem in unknown for path in _upward(problem.path)}
        found = find_marks(self.text, wanted) if wanted else {}

        def mark(problem: Problem) -> Mark:
            if problem in self.known:
                return self.known[problem]
            marks = next((found[path] for path in _upward(problem.path) if path in found), Marks((1, 1), (1, 1)))
            is_key = isinstance(problem, KeyProblem) and problem.path in found
            return marks.key if is_key else marks.value

        return {problem: mark(problem) for problem in problems}


def _kind(problems: Sequence[Problem]) -> type[ConfigError]:
    if all(isinstance(one, DataProblem) for one in problems):
        return ConfigDataError
    return ConfigTooLarge if all(isinstance(one, MemoryProblem) for one in problems) else ConfigError


def _upward(path: ConfigPath) -> list[ConfigPath]:
    """A path and all paths that contain it, the whole config last."""
    return [path[:end] for end in range(len(path), -1, -1)]
