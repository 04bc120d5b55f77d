"""The description of a spec or a section for `mltrain explain` and the reference pages, read from the spec."""

from inspect import getdoc
from typing import NamedTuple

from mltrain.config.dump import to_plain
from mltrain.config.option_types import Option, Struct, in_words, options, section_name
from mltrain.config.yaml_writer import on_one_line
from mltrain.spec import Spec


class OptionHelp(NamedTuple):
    """One option in words. ``default`` is written as in a config; None means that the option is required."""

    name: str
    accepts: str
    default: str | None
    description: str


class Help(NamedTuple):
    """A spec or section in words: one line of help, the rest of its docstring, and its options."""

    name: str
    aliases: tuple[str, ...]
    summary: str
    details: str
    options: tuple[OptionHelp, ...]


def describe(struct: Struct) -> Help:
    """The full description of a spec or of a section, such as `Training`."""
    name, aliases = (struct.type_name(), struct.aliases) if issubclass(struct, Spec) else (section_name(struct), ())
    summary, _, details = (getdoc(struct) or "").partition("\n")
    return Help(name, aliases, summary, details.strip(), tuple(map(_option, options(struct).values())))


def _option(option: Option) -> OptionHelp:
    default = None if option.required else on_one_line(to_plain(option.default, defaults=False))
    return OptionHelp(option.name, in_words(option.kind), default, option.description)
