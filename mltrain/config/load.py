"""A config file, or its text, -> `Config`; every problem in one `ConfigError`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from mltrain.config import Config
from mltrain.config.config_files import STARTERS, file_error, read_text
from mltrain.config.convert import try_convert
from mltrain.config.overrides import override
from mltrain.config.source_positions import SourcePositions
from mltrain.config.yaml_errors import YamlError
from mltrain.config.yaml_reader import read_yaml
from mltrain.data.base import LazyDataset, RowSpec
from mltrain.errors import ConfigError, Problem


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

    def locate(self, problems: Sequence[Problem]) -> ConfigError:
        """The error for problems that were found later on, with file, line and column of each."""
        return self.places.error(problems)


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read a config file.

    ``overrides`` set single options over what the file says, as ``--set`` does on the command line::

        load_config("configs/mnist.yaml", ["training.epochs=1", "layers.1.units=64"])

    The config comes complete, with every default. Raises `ConfigError`, whose ``lines`` say all that is wrong and
    where, and `DataError` if the config asks for data that cannot be used.
    """
    return read_config(path, overrides).config


def read_config(path: str | Path, overrides: Iterable[str] = ()) -> LocatedConfig:
    """Like `load_config`; what comes back also knows where in the file each option stands."""
    path = Path(path)
    return _source(read_text(path), path, overrides)


def parse_config(text: str, filename: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Like `load_config`, for the text of a file; messages use the name, and relative paths start beside it."""
    return _source(text, Path(filename), overrides).config


def read_words(path: Path) -> Config:
    """The config of a file, of which only the words are checked: data that it names need not be there.

    Raises `ConfigError`.
    """
    return _source_of_words(read_text(path), path, ()).config


def _source(text: str, path: Path, overrides: Iterable[str]) -> LocatedConfig:
    source = _source_of_words(text, path, overrides)
    if problems := _check_numbers(source.config, source.data.row_spec):
        raise source.locate(problems)
    return source


def _source_of_words(text: str, path: Path, overrides: Iterable[str]) -> LocatedConfig:
    try:
        document = read_yaml(text)
    except YamlError as error:
        problem = Problem((), str(error))
        raise SourcePositions(str(path), text, {problem: error.mark}, {}).error([problem]) from error
    if document.data is None:
        raise file_error(path, f"{'there is no config in it' if text.strip() else 'the file is empty'}; {STARTERS}")
    overridden = override(Config, document.data, overrides)
    places = SourcePositions(str(path), text, document.problems, overridden.paths)
    config, problems = try_convert(Config, overridden.data)
    problems = [*document.problems, *overridden.problems, *problems, *_repeated_names(overridden.data)]
    if problems:
        raise places.error(problems)
    return LocatedConfig(config if config.name else replace(config, name=_name(path)), path.parent, places)


def _name(path: Path) -> str:
    """The file's stem, as far as a config may be named so."""
    return re.sub(r"^[.-]|[^A-Za-z0-9_.-]", "_", path.stem)


def _repeated_names(data: Any) -> list[Problem]:
    """Layers with a name that a layer before them has; looked for even where other things are wrong."""
    layers = data.get("layers") if isinstance(data, dict) else None
    first: dict[str, int] = {}
    problems = []
    for index, layer in enumerate(layers if isinstance(layers, list) else ()):
        name = layer.get("name") if isinstance(layer, dict) else None
        if isinstance(name, str) and first.setdefault(name, index) != index:
            problems.append(Problem(("layers", index, "name"), f"layers[{first[name]}] has this name already"))
    return problems


def _check_numbers(config: Config, row_spec: RowSpec) -> list[Problem]:
    """What does not fit together in a config in which every word is right."""
    from mltrain.checks.errors import find_problems
    from mltrain.checks.options import number_problems

    return [
        *number_problems(asdict(config)),
        *find_problems(config.layers, config.loss, config.metrics, config.training, row_spec),
    ]
