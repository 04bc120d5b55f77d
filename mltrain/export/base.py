"""The contract of export formats. Each file in ``formats`` is one format; see `Format`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from msgspec import Meta

from mltrain.config.convert import convert
from mltrain.data.encoding import Encoding
from mltrain.engine.operations import Operation
from mltrain.errors import ConfigError, Problem, UsageError
from mltrain.names.nearest import did_you_mean, some
from mltrain.spec import Family, Spec
from mltrain.system.extras import needed

if TYPE_CHECKING:
    from mltrain.data.base import Dataset
    from mltrain.export.examples import Examples, Range
    from mltrain.inference.model import Model
    from mltrain.inference.steps import InferenceSteps


@dataclass(frozen=True)
class Subject:
    """What is exported. ``steps`` are the model as plain data: all that the exported file computes.

    ``source`` is the name of the model file, for people. ``examples`` are rows with their answers, for the self-test.
    ``ranges`` say between which numbers each input feature lay, in the order of the row (empty where a row is not of
    one axis). ``dataset`` has the rows that the model learned from and those held back; None where they cannot be read
    now, and ``why_no_dataset`` says why.
    """

    model: "Model"
    steps: "InferenceSteps"
    source: str
    examples: "Examples"
    ranges: "Sequence[Range]"
    dataset: "Dataset | None" = None
    why_no_dataset: str = ""

    @property
    def title(self) -> str:
        """One line for people: which model this is, and what it predicts."""
        answer = self.steps.answer
        kind = f"one of {len(answer.classes)} classes" if answer.classes else "a number"
        if self.steps.columns is None and not self.steps.features:
            return f"{self.steps.name}: predicts {kind}"
        names = ", ".join(answer.targets)
        return f"{self.steps.name}: predicts {names}{f', {kind}' if answer.classes else ''}"

    @property
    def origin(self) -> str:
        """One line for people: the file, the version of mltrain, and the data that the model learned from."""
        origin = self.model.origin
        if origin is None:
            return f"exported from {self.source}"
        return f"exported from {self.source}, trained by mltrain {origin.environment.mltrain}; data {origin.data[:12]}"


class Exported(NamedTuple):
    """What a format made of a model. ``files`` are contents by suffix (".py"); the first one is the main file.

    ``self_test`` is the command that runs its self-test, with ``{file}`` for the main file, ``{stem}`` for that without
    the suffix, and ``{program}`` for the same as a shell runs it. ``notes`` are sentences to print: sizes, accuracy.
    ``facts`` are the same for ``--json``.
    """

    files: Mapping[str, bytes]
    self_test: str
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = {}


Inputs = Annotated[
    Literal["columns", "matrix"],
    Meta(description="columns: cells as people have them; matrix: the numbers that the network reads, before scaling"),
]


class Format(Spec):
    """A format's description, whose fields are its options. A member writes the files.

    ``suffix`` is that of the main file. ``package`` is the optional package that it needs, with mltrain's extra that
    brings it. ``cannot`` says which operations and encodings it cannot express, and why, in a clause.
    """

    family: ClassVar[Family] = Family("export format", "mltrain.export.formats")
    suffix: ClassVar[str]
    package: ClassVar[tuple[str, str] | None] = None
    cannot: ClassVar[Mapping[type[Operation] | type[Encoding], str]] = {}

    inputs: Inputs = "columns"

    def refusal(self, part: Operation | Encoding) -> str | None:
        """Why the format cannot express an operation or an encoding, in a clause; None if it can."""
        return self.cannot.get(type(part))

    def beside(self, suffix: str, main: Path) -> str:
        """The suffix of a file beside the main one, where that is called ``main`` and not by the usual name."""
        return suffix

    def write(self, subject: Subject) -> Exported:
        """The files of the model. All of its operations and encodings are such as the format can express."""
        raise NotImplementedError


def refusals(form: Format, steps: "InferenceSteps") -> Iterator[Problem]:
    """Everything in a model that a format cannot express, with its place in the config; a layer once."""
    name, found = form.type_name(), set[str]()
    for column in steps.columns or ():
        if (why := form.refusal(column)) is not None:
            matrix = "; the bare network can be exported with --inputs matrix" if form.inputs == "columns" else ""
            yield Problem(
                ("dataset",), f"{name} cannot express the {column.name} column '{column.column}': {why}{matrix}"
            )
    for step in steps.steps:
        if (why := form.refusal(step.operation)) is not None and step.layer not in found:
            found.add(step.layer)
            yield Problem(step.path, f"{name} cannot express '{step.layer}' ({step.operation.name}): {why}")


class Identifiers:
    """Names as programming languages take them: of letters, digits and "_", each only once."""

    def __init__(self, taken: Iterable[str] = ()):
        self._taken = set(taken)

    def __call__(self, name: str) -> str:
        """An identifier like the name, and another one each time."""
        word = re.sub(r"[^A-Za-z0-9_]", "_", name)
        word = f"_{word}" if word[:1].isdigit() or not word else word
        found, count = word, 2
        while found in self._taken:
            found, count = f"{word}_{count}", count + 1
        self._taken.add(found)
        return found


def chosen_format(name: str, options: Mapping[str, Any]) -> Format:
    """The format with its options. Raises `UsageError` for an unknown one, and `DataError` if a package is missing."""
    formats = {one: _member(one) for one in Format.family.names()}
    if name not in formats:
        raise UsageError(f"there is no format '{name}'{did_you_mean(name, formats, f'; there are {some([*formats])}')}")
    chosen = formats[name]
    for option in options:
        if option not in chosen.__struct_fields__:
            takers = " or ".join(one for one, form in formats.items() if option in form.__struct_fields__)
            raise UsageError(f"--{option.replace('_', '-')} goes with --to {takers}, not with --to {name}")
    if chosen.package is not None:
        package, extra = chosen.package
        needed(package, f"export --to {name}", extra)
    try:
        return convert(chosen, {"type": name, **options})
    except ConfigError as error:
        (path, message), *_ = error.problems
        raise UsageError(f"--{str(path[0]).replace('_', '-')}: {message}") from None


def _member(name: str) -> type[Format]:
    found = Format.family.find(name)
    assert found is not None
    assert issubclass(found, Format)
    return found
