"""A config file, or its text, -> `Config`; every problem in one `ConfigError`."""

import contextlib
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
from mltrain.errors import ConfigError, ConfigPath, DataError, DataProblem, Problem, UsageError


@dataclass(frozen=True)
class LocatedConfig:
    """A config and where it came from. ``folder`` is where its relative paths start."""

    config: Config
    folder: Path
    places: SourcePositions

    @cached_property
    def data(self) -> LazyDataset:
        """The config's dataset; what was read of it to check the config is not read again for training."""
        return LazyDataset(self.config.dataset, self.config.seed, self.folder)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The layers with their shapes, which training uses, too. Raises `ConfigError` for what does not fit."""
        from mltrain.checks.errors import checked_nodes

        config = self.config
        return checked_nodes(config.layers, config.loss, config.metrics, config.training, self.data.row_spec)

    def locate(self, problems: Sequence[Problem]) -> ConfigError:
        """The error for problems that were found later on, with file, line and column of each."""
        return self.places.error(problems)


def load_config(
    config: str | Path | Mapping[str, Any], overrides: Iterable[str] = (), *, folder: str | Path | None = None
) -> Config:
    """Read a config: a file, or the same as a dict.

    ``overrides`` set single options over what it says, as ``--set`` does on the command line::

        load_config("configs/mnist.yaml", ["training.epochs=1", "layers.1.units=64"])

    The config comes complete, with every default, and with the absolute paths of its files, so that it means the same
    from anywhere: relative paths start at ``folder``, by default that of the file, or the working folder. Raises
    `ConfigError`, whose ``lines`` say all that is wrong and where, and `DataError` if the config asks for data that
    cannot be used.
    """
    source = located_config(config, overrides, folder=folder)
    return replace(source.config, dataset=source.config.dataset.with_absolute_paths(source.folder))


def located_config(
    config: str | Path | Mapping[str, Any] | Config,
    overrides: Iterable[str] = (),
    *,
    folder: str | Path | None = None,
    label: str = "override",
) -> LocatedConfig:
    """Like `load_config`, for any form of a config; what comes back also knows where each option stands.

    ``label`` is what messages call one of the ``overrides``. Raises `UsageError` for what is no config.
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
    return _checked(located)


def read_config(path: str | Path, overrides: Iterable[str] = ()) -> LocatedConfig:
    """The config of a file, for commands."""
    return located_config(path, overrides, label="--set")


def parse_config(text: str, filename: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Like `load_config`, for the text of a file; messages use the name, and relative paths start beside it."""
    path = Path(filename)
    return _checked(_source_of_words(text, path, overrides, "--set", path.parent)).config


def read_words(path: Path) -> Config:
    """The config of a file, of which only the words are checked: data that it names need not be there.

    Raises `ConfigError`.
    """
    return _source_of_words(read_text(path), path, (), folder=path.parent).config


def _checked(source: LocatedConfig) -> LocatedConfig:
    """The config, in which the numbers are checked, too, and whether what it names is there."""
    from mltrain.checks.options import number_problems

    if missing := _missing(source.config.dataset, source.folder):
        raise source.locate(missing)
    problems = number_problems(asdict(source.config))
    try:
        _ = source.nodes
    except ConfigError as error:  # of the layers; or the rows show that options of the dataset do not fit them
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
    return LocatedConfig(config if config.name else replace(config, name=_name(path)), folder, places)


MOST_LETTERS = 200
"""Of a name: run folders, log folders and the arrays in a model file are called by it, with something added."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\.", re.IGNORECASE)
"""How no file on Windows may begin, whatever follows the dot."""


def _name(path: Path) -> str:
    """The file's stem, as far as a config may be named so."""
    name = re.sub(r"^[.-]|[^A-Za-z0-9_.-]", "_", path.stem)[:MOST_LETTERS]
    return _RESERVED.sub(r"\1_", name, 1) if _RESERVED.match(name) else name


def _name_problems(data: Any) -> list[Problem]:
    """Names that cannot become those of files, and those that two layers have.

    They are looked for even where other things are wrong.
    """
    return [*_unusable_names(data, ()), *_repeated_names(data)]


def _unusable_names(data: Any, path: ConfigPath) -> Iterator[Problem]:
    """Of the config and its layers, wherever they stand."""
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
    """Layers with a name that a layer before them in the same list has.

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
    """What else is wrong with a config that has problems already, as far as its other sections can be understood."""
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
        row_spec = dataset.known_row_spec(folder)  # rows are not read for it
        return _check_numbers(config, row_spec) if row_spec is not None else []
    return []


def _missing(dataset: DatasetSpec, folder: Path) -> list[Problem]:
    """Files and columns that the dataset names and that are not there."""
    return [DataProblem(("dataset", *path), message) for path, message in dataset.find_missing(folder)]


def _check_numbers(config: Config, row_spec: RowSpec) -> list[Problem]:
    """What does not fit together in a config in which every word is right."""
    from mltrain.checks.errors import find_problems
    from mltrain.checks.options import number_problems

    return [
        *number_problems(asdict(config)),
        *find_problems(config.layers, config.loss, config.metrics, config.training, row_spec),
    ]
