"""Shell completion of names, runs, columns and options (``mltrain --install-completion``).

The shell runs ``mltrain`` at each Tab, so each function imports only the modules that it needs. A function that fails
completes nothing.
"""

import io
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mltrain.config.option_types import Kind, Struct

_PACKAGE = Path(__file__).parents[1]

_MEMBERS = ("engine/*/*.py", "data/datasets/*.py", "data/points/*.py", "data/columns/*.py", "export/formats/*.py")
"""The source files of all families: member names are read from them without importing NumPy."""

_SECTIONS = ("config", "training", "early_stopping", "search", "range", "export")

_COLUMN_OPTIONS = ("target", "split_column")
"""Options of a table whose value is the name of one of its columns."""

_BASH_BREAK = re.compile(r"[=:]+")
"""The characters at which bash divides a word, by its variable COMP_WORDBREAKS."""


def complete(what: str, parameters: Mapping[str, Any], words: Sequence[str], typed: str) -> list[str]:
    """The completions of ``typed``: the choices of the function ``what`` that begin with it.

    ``parameters`` are the preceding arguments by the names of their parameters. While the value of an option is
    completed, Typer has not assigned positional arguments yet: they are the ``words``.
    """
    given = {**parameters, "words": words}
    try:
        return [choice for choice in dict.fromkeys(globals()[what](given, typed)) if choice.startswith(typed)]
    except Exception:  # a message would be printed into the line that is being typed
        return []


@contextmanager
def as_bash_divides() -> Iterator[None]:
    """Within the block, Typer finds the words that bash asks about undivided, and its answer is divided as they were.

    Bash divides ``seed=1`` into three words, and replaces only the last of them by the completion.
    """
    words, current = os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD", "0"))
    whole, kept = _undivided(words[: current + 1])
    os.environ.update(COMP_WORDS="\n".join(whole), COMP_CWORD=str(len(whole) - 1))
    answer = io.StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:  # Typer answers, and ends the program
        sys.stdout.writelines(f"{_without(kept, line)}\n" for line in answer.getvalue().splitlines())


def _undivided(words: Sequence[str]) -> tuple[list[str], str]:
    """The words as they were typed, and the part of the last one that bash keeps."""
    whole: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        if whole and (_BASH_BREAK.fullmatch(before) or _BASH_BREAK.fullmatch(word)):
            whole[-1] += word
        else:
            whole.append(word)
    was_divided = any(map(_BASH_BREAK.fullmatch, words[-2:]))
    return whole, re.sub(r"[^=:]*$", "", whole[-1]) if was_divided else ""


def _without(kept: str, completion: str) -> str:
    """The completion without what it repeats: all of ``kept``, or, of ``--set=seed=``, what is behind the option."""
    starts = (0, *(found.end() for found in _BASH_BREAK.finditer(kept)))
    return next((completion[len(kept) - at :] for at in starts if completion.startswith(kept[at:])), completion)


def names_to_explain(*_: Any) -> Iterator[str]:
    """Sections, and members of all families."""
    yield from _SECTIONS
    for pattern in _MEMBERS:
        yield from _files(pattern)


def _files(pattern: str) -> Iterator[str]:
    """The names of the members whose files match."""
    yield from sorted(file.stem for file in _PACKAGE.glob(pattern) if not file.stem.startswith(("_", "base")))


def export_formats(*_: Any) -> Iterator[str]:
    """The formats of export."""
    yield from _files("export/formats/*.py")


def starters_to_write(*_: Any) -> Iterator[str]:
    """The starters, and csv and images, which are made for a table and for a folder."""
    from mltrain.config.starters import starters

    yield from (*starters(), "csv", "images")


def runs(_: Any, typed: str) -> Iterator[str]:
    """Runs by name, the latest, and folders."""
    yield from _runs()
    yield from _entries(typed, ())


def models(_: Any, typed: str) -> Iterator[str]:
    """Runs by name, the latest, folders, and model files."""
    yield from _runs()
    yield from _entries(typed, (".npz",))


def configs_or_models(_: Any, typed: str) -> Iterator[str]:
    """Configs, runs and model files."""
    yield from _entries(typed, (".yaml", ".yml", ".npz"))
    yield from _runs()


def columns(given: Mapping[str, Any], _: str) -> Iterator[str]:
    """The columns of the table that was named before."""
    yield from _columns(Path(given["rows"] or given["words"][-1]))


def columns_of_model(given: Mapping[str, Any], _: str) -> Iterator[str]:
    """The columns of the table that a model learned from: the one named before, or that of the newest run."""
    from mltrain.explain.columns import columns_of
    from mltrain.inference.model import Model
    from mltrain.runs.run import find_model

    named = given.get("path") or given.get("model") or next(iter(given["words"]), None)
    yield from (column.name for column in columns_of(Model.load(find_model(named and Path(named)))))


def columns_to_sort_by(*_: Any) -> Iterator[str]:
    """The columns of the list of runs."""
    from mltrain.commands.runs import COLUMNS

    yield from COLUMNS


def settings(given: Mapping[str, Any], typed: str) -> Iterator[str]:
    """Options of the config that was named before, as in ``optimizer.learning_rate=``; after the sign, values."""
    from mltrain.config import Config

    config = next((given[name] for name in ("config", "configs", "path", "words") if given.get(name)), None)
    path = Path(config[0] if isinstance(config, list | tuple) else config) if config else None
    data = _data_of(path)
    option, separator, _ = typed.partition("=")
    for name, kind in _options(Config, data, ""):
        if not separator:
            yield f"{name}="
        elif name == option:
            yield from (f"{name}={value}" for value in _values(name, kind, data, path))


def _runs() -> Iterator[str]:
    folder = Path("runs")
    found = [entry for entry in folder.iterdir() if entry.is_dir()] if folder.is_dir() else []
    if found:
        yield "latest"
    yield from sorted(entry.name for entry in found)


def _entries(typed: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Folders, and files with one of the endings, that begin with the typed text."""
    folder, slash, start = typed.rpartition("/")
    for entry in sorted(os.scandir(folder or slash or "."), key=lambda entry: entry.name):
        if not entry.name.startswith(start) or (entry.name.startswith(".") and not start):
            continue
        if entry.is_dir():
            yield f"{folder}{slash}{entry.name}/"
        elif entry.name.endswith(endings or ("\0",)):
            yield f"{folder}{slash}{entry.name}"


def _columns(path: Path) -> tuple[str, ...]:
    from mltrain.data.tables.opening import open_rows

    with open_rows(path) as source:
        return tuple(source.columns)


def _data_of(path: Path | None) -> Mapping[str, Any]:
    from mltrain.config.config_files import read_text
    from mltrain.config.yaml_errors import YamlError
    from mltrain.config.yaml_reader import read_yaml
    from mltrain.errors import MltrainError

    try:
        data = read_yaml(read_text(path)).data if path else {}
    except (MltrainError, YamlError, OSError):
        data = {}
    return data if isinstance(data, dict) else {}


def _options(struct: "Struct", data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, "Kind"]]:
    """The options of a section or member, and nested options as far as the data determines their types."""
    from mltrain.config.dump import to_plain
    from mltrain.config.option_types import options

    for option in options(struct).values():
        default = None if option.required else to_plain(option.default, defaults=False)
        yield from _below(option.kind, data.get(option.name, default), f"{prefix}{option.name}")


def _below(kind: "Kind", data: Any, path: str) -> Iterator[tuple[str, "Kind"]]:
    from mltrain.config.convert import member
    from mltrain.config.option_types import ListKind, alternatives, bare, family_of, section_of

    yield path, kind
    for one in alternatives(kind):
        if (family := family_of(one)) is not None and (found := member(family, data)) is not None:
            yield f"{path}.type", one
            yield from _options(found, data if isinstance(data, dict) else {}, f"{path}.")
        elif (section := section_of(one)) is not None:
            yield from _options(section, data if isinstance(data, dict) else {}, f"{path}.")
        elif isinstance(items := bare(one), ListKind) and family_of(items.item_type) is not None:
            for index, item in enumerate(data if isinstance(data, list) else ()):
                yield from _below(items.item_type, item, f"{path}.{index}")


def _values(name: str, kind: "Kind", data: Mapping[str, Any], config: Path | None) -> Iterator[str]:
    """The values that an option accepts, if they can be listed."""
    from mltrain.config.option_types import choices

    option = name.rpartition(".")[2]
    if option == "monitor":
        metrics = data.get("metrics") or []
        measured = [one["type"] if isinstance(one, dict) else one for one in metrics]
        yield from (f"{prefix}{one}" for prefix in ("val_", "") for one in ("loss", *measured))
    if option in _COLUMN_OPTIONS and config is not None:
        from mltrain.data.find_files import find_file

        yield from _columns(find_file(data["dataset"]["path"], config.parent))
    yield from choices(kind)
