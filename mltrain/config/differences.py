"""What differs between two configs, an option at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.dump import to_builtins
from mltrain.config.kinds import shown
from mltrain.errors import ConfigPath, dotted


class Difference(NamedTuple):
    """An option with its value in the one config and in the other, as messages show them."""

    option: str
    one: str
    other: str


def differences(one: Config, other: Config) -> list[Difference]:
    """The options that would train differently, every default being filled in.

    Neither name nor number of epochs, nor where files are, changes what an epoch does.
    """
    found = _walk((), to_builtins(for_epochs(_nameless(one), 0)), to_builtins(for_epochs(_nameless(other), 0)))
    return [Difference(dotted(path), shown(first), shown(second)) for path, first, second in found]


def for_epochs(config: Config, epochs: int) -> Config:
    """The same config with another number of epochs."""
    return replace(config, training=replace(config.training, epochs=epochs))


def _nameless(config: Config) -> Config:
    return replace(config, name=None, dataset=config.dataset.placeless())


def _walk(path: ConfigPath, one: Any, other: Any) -> Iterator[tuple[ConfigPath, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            yield from _walk((*path, name), one.get(name), other.get(name))
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from _walk((*path, index), *pair)
    elif one != other:
        yield path, one, other
