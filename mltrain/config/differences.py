"""The differences between two configs, option by option."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.dump import to_plain
from mltrain.config.option_types import options
from mltrain.errors import ConfigPath

ABSENT: Final = object()
"""The value of an option, or list item, that only the other config has."""


class Difference(NamedTuple):
    """One place where two configs differ: plain data of both, defaults left out; `ABSENT` where there is none."""

    path: ConfigPath
    old: Any
    new: Any


def differences(old: Config, new: Config) -> list[Difference]:
    """All differences, in the order in which configs are written.

    Lists are aligned: one more layer is one difference, and its path is that in the config that has it.
    """
    return list(_differences((), old, new))


def differences_in_learning(old: Config, new: Config) -> list[Difference]:
    """The differences that change the result of an epoch: all but names, paths and the number of epochs."""
    return differences(_one_epoch(old), _one_epoch(new))


def _one_epoch(config: Config) -> Config:
    return replace(for_epochs(config, 1), name=None, dataset=config.dataset.without_paths())


def for_epochs(config: Config, epochs: int) -> Config:
    """The same config with another number of epochs."""
    return replace(config, training=replace(config.training, epochs=epochs))


def _differences(path: ConfigPath, old: Any, new: Any) -> Iterator[Difference]:
    if _written(old) == _written(new):
        return
    if isinstance(old, msgspec.Struct) and type(old) is type(new):
        for name in options(type(old)):
            yield from _differences((*path, name), getattr(old, name), getattr(new, name))
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences((*path, name), old.get(name, ABSENT), new.get(name, ABSENT))
    elif _has_structs(old) and _has_structs(new):
        yield from _of_lists(path, old, new)
    else:
        yield Difference(path, _plain(old), _plain(new))


def _of_lists(path: ConfigPath, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    matcher = SequenceMatcher(None, [_written(item) for item in old], [_written(item) for item in new], autojunk=False)
    for kind, start, stop, new_start, new_stop in matcher.get_opcodes():
        if kind == "equal":
            continue
        pairs = min(stop - start, new_stop - new_start)
        for index in range(pairs):
            yield from _differences((*path, new_start + index), old[start + index], new[new_start + index])
        for index in range(start + pairs, stop):
            yield Difference((*path, index), _plain(old[index]), ABSENT)
        for index in range(new_start + pairs, new_stop):
            yield Difference((*path, index), ABSENT, _plain(new[index]))


def _has_structs(value: Any) -> bool:
    """Whether this is a list of layers or metrics; a list of numbers differs as a whole."""
    return isinstance(value, Sequence) and any(isinstance(item, msgspec.Struct) for item in value)


def _plain(value: Any) -> Any:
    return value if value is ABSENT else to_plain(value, defaults=False)


def _written(value: Any) -> bytes:
    return b"" if value is ABSENT else msgspec.json.encode(value)
