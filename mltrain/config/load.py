"""A config file, or its text, -> `Config`; one `ConfigError` reports all problems."""

import contextlib
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from mltrain.config import Config
from mltrain.config.config_files import STARTERS, file_error, read_text
from mltrain.config.convert import try_convert
from mltrain.config.dump import plain
from mltrain.config.overrides import override
from mltrain.config.source_positions import SourcePositions
from mltrain.config.yaml_errors import YamlError
from mltrain.config.yaml_reader import read_yaml
from mltrain.data.base import DatasetSpec, LazyDataset, RowSpec
from mltrain.engine.graph import Node, repeated_names
from mltrain.errors import (
    ConfigError,
    ConfigPath,
    DataError,
    DataProblem,
    Diagnostic,
    PlacedWarning,
    Problem,
    UsageError,
    for_commands,
)


@dataclass(frozen=True)
class LocatedConfig:
    """A config and its source. Relative paths start at ``folder``."""

    config: Config
    folder: Path
    places: SourcePositions
    keeps_raw: bool = False

    @cached_property
    def data(self) -> LazyDataset:
        """The config's dataset; data that the check has read is not read again for training."""
        return LazyDataset(self.config.dataset, self.config.seed, self.folder, keeps_raw=self.keeps_raw)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The layers with their shapes, also used for training. Raises `ConfigError` for layers that do not fit."""
        from mltrain.checks.errors import checked_nodes

        config = self.config
        return checked_nodes(config.layers, config.loss, config.metrics, config.training, self.data.row_spec)

    def locate(self, problems: Sequence[Problem]) -> ConfigError:
        """The error for problems that are found after loading, with file, line and column of each."""
        return self.places.error(problems)

    def locate_warning(self, warning: str) -> Diagnostic:
        """A warning for those who type commands, with file, line and column where it is about one place."""
        text = for_commands(warning)
        if not isinstance(warning, PlacedWarning):
            return Diagnostic(text, file=self.places.filename, severity="warning")
        return self.places.error([Problem(warning.path, text)]).diagnostics[0]._replace(severity="warning")


def load_config(
    config: str | Path | Mapping[str, Any], overrides: Iterable[str] = (), *, folder: str | Path | None = None
) -> Config:
    """Read a config from a file or a dict.

    ``overrides`` replace single options, as ``--set`` does on the command line::

        load_config("configs/mnist.yaml", ["training.epochs=1", "layers.1.units=64"])

    The result has every default filled in and absolute paths, so that it does not depend on the working folder.
    Relative paths start at ``folder``, by default that of the file, or the working folder. Raises `ConfigError`, whose
    ``lines`` list all problems with their positions, and `DataError` if the config's data cannot be used.
    """
    source = located_config(config, overrides, folder=folder)
    return replace(source.config, dataset=source.config.dataset.with_absolute_paths(source.folder))


def located_config(
    config: str | Path | Mapping[str, Any] | Config,
    overrides: Iterable[str] = (),
    *,
    folder: str | Path | None = None,
    label: str = "override",
    keeps_raw: bool = False,
) -> LocatedConfig:
    """Like `load_config`, for any form of a config; the result also has the position of each option.

    ``label`` is the name of an override in messages, and ``keeps_raw`` is for the `LazyDataset`. Raises
    `UsageError` for an object that is not a config.
    """
    base = Path() if folder is None else Path(folder)
    if isinstance(config, str | Path):
        path = Path(config)
        located = _source_of_words(read_text(path), path, overrides, label, path.parent if folder is None else base)
    elif isinstance(config, Config) and not (overrides := list(overrides)):
        located = LocatedConfig(config, base, SourcePositions(None, "", {}, {}))
    elif isinstance(config, Config | Mapping):
        located = _source_of_data(plain(config), overrides, label, base)
    else:
        kind = type(config).__name__
        raise UsageError(f"expected a config: the path of a file, a dict, or what load_config gives, not {kind}")
    return _checked(dataclasses.replace(located, keeps_raw=keeps_raw))


def read_config(path: str | Path, overrides: Iterable[str] = (), *, keeps_raw: bool = False) -> LocatedConfig:
    """The config of a file, for commands. ``keeps_raw``: its rows are to be split several times."""
    return located_config(path, overrides, label="--set", keeps_raw=keeps_raw)


def parse_config(text: str, filename: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Like `load_config`, for the text of a file; messages use its name, and relative paths start at its folder."""
    path = Path(filename)
    return _checked(_source_of_words(text, path, overrides, "--set", path.parent)).config


def read_words(path: Path) -> Config:
    """The config of a file with a check of the text only: its data files need not exist.

    Raises `ConfigError`.
    """
    return _source_of_words(read_text(path), path, (), folder=path.parent).config


def _checked(source: LocatedConfig) -> LocatedConfig:
    """The config after the check of shapes and of the files that it names."""
    from mltrain.checks.options import number_problems

    if missing := _missing(source.config.dataset, source.folder):
        raise source.locate(missing)
    problems = number_problems(asdict(source.config))
    try:
        _ = source.nodes
    except ConfigError as error:  # from the layers, or from the rows, if options of the dataset do not fit them
        problems = [*problems, *error.problems]
    if problems:
        raise source.locate(problems)
    return source


def _source_of_data(data: dict[str, Any], overrides: Iterable[str], label: str, folder: Path) -> LocatedConfig:
    overridden = override(Config, data, overrides, label)
    config, problems = try_convert(Config, overridden.data)
    positions = SourcePositions(None, "", {}, overridden.paths)
    if problems := [*overridden.problems, *problems, *_name_problems(overridden.data)]:
        raise positions.error([*problems, *_further_problems(overridden.data, folder)])
    if problems := _search_problems(config):
        raise positions.error(problems)
    return LocatedConfig(config, folder, positions)


def _source_of_words(
    text: str, path: Path, overrides: Iterable[str], label: str = "--set", folder: Path = Path()
) -> LocatedConfig:
    try:
        document = read_yaml(text)
    except YamlError as error:
        problem = Problem((), str(error))
        raise SourcePositions(str(path), text, {problem: error.mark}, {}).error([problem]) from error
    if document.data is None:
        raise file_error(path, f"{'there is no config in it' if text.strip() else 'the file is empty'}; {STARTERS}")
    overridden = override(Config, document.data, overrides, label)
    places = SourcePositions(str(path), text, document.problems, overridden.paths)
    config, problems = try_convert(Config, overridden.data)
    problems = [*document.problems, *overridden.problems, *problems, *_name_problems(overridden.data)]
    if problems:
        raise places.error([*problems, *_further_problems(overridden.data, folder)])
    if problems := _search_problems(config):
        raise places.error(problems)
    return LocatedConfig(config if config.name else replace(config, name=_name(path)), folder, places)


def _search_problems(config: Config) -> list[Problem]:
    """Problems of the parameters of a search; few configs have one."""
    if config.search is None:
        return []
    from mltrain.config.search_space import search_problems

    return search_problems(config)


MOST_LETTERS = 200
"""The longest name: file and array names are made of it with a suffix."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\.", re.IGNORECASE)
"""Reserved device names on Windows, with any file extension."""


def _name(path: Path) -> str:
    """The file's stem, reduced to a valid config name."""
    name = re.sub(r"^[.-]|[^A-Za-z0-9_.-]", "_", path.stem)[:MOST_LETTERS]
    return _RESERVED.sub(r"\1_", name, 1) if _RESERVED.match(name) else name


def _name_problems(data: Any) -> list[Problem]:
    """Problems of names: names that are invalid as file names, and duplicate names of layers.

    They are looked for even where other things are wrong.
    """
    return [*_unusable_names(data, ()), *_repeated_names(data)]


def _unusable_names(data: Any, path: ConfigPath) -> Iterator[Problem]:
    """The names of the config and of all layers, nested ones included."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _unusable_names(item, (*path, index))
    elif isinstance(data, dict):
        name = data.get("name")
        if isinstance(name, str) and len(name) > MOST_LETTERS:
            message = f"has {len(name):,} letters, but files are called by it, so that {MOST_LETTERS} are the most"
            yield Problem((*path, "name"), message)
        elif isinstance(name, str) and not path and _RESERVED.match(name):
            yield Problem(("name",), f"Windows reserves names that begin with '{name.partition('.')[0]}.'")
        yield from _unusable_names(data.get("layers"), (*path, "layers"))


def _repeated_names(data: Any, path: ConfigPath = ()) -> list[Problem]:
    """Problems of layers with the name of an earlier layer in the same list.

    They are looked for even where other things are wrong.
    """
    layers = data.get("layers") if isinstance(data, dict) else None
    given = {(*path, "layers", index): layer for index, layer in enumerate(layers if isinstance(layers, list) else [])}
    names = {place: layer.get("name") if isinstance(layer, dict) else None for place, layer in given.items()}
    return [
        *repeated_names([(place, name if isinstance(name, str) else None) for place, name in names.items()]),
        *(problem for place, layer in given.items() for problem in _repeated_names(layer, place)),
    ]


def _further_problems(data: Any, folder: Path) -> list[Problem]:
    """Further problems of a config that has some already, from the sections that are valid."""
    if not isinstance(data, dict) or "dataset" not in data:
        return []
    dataset, problems = try_convert(DatasetSpec, data["dataset"])
    if problems:
        return []
    if missing := _missing(dataset, folder):
        return missing
    sections = ("dataset", "layers", "loss", "metrics", "training")
    config, problems = try_convert(Config, {name: data[name] for name in sections if name in data})
    if problems:
        return []
    with contextlib.suppress(DataError):
        row_spec = dataset.known_row_spec(folder)  # this check does not read rows
        return _check_numbers(config, row_spec) if row_spec is not None else []
    return []


def _missing(dataset: DatasetSpec, folder: Path) -> list[Problem]:
    """Problems of the dataset: files and columns that do not exist."""
    return [DataProblem(("dataset", *path), message) for path, message in dataset.find_missing(folder)]


def _check_numbers(config: Config, row_spec: RowSpec) -> list[Problem]:
    """Contradictions between options that are valid by themselves."""
    from mltrain.checks.errors import find_problems
    from mltrain.checks.options import number_problems

    return [
        *number_problems(asdict(config)),
        *find_problems(config.layers, config.loss, config.metrics, config.training, row_spec),
    ]
