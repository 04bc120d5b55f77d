"""``mltrain explain``: the reference of the config language."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.describe import describe
from mltrain.config.dump import to_plain
from mltrain.config.families import FAMILIES, SECTIONS, members
from mltrain.config.option_types import Struct, options, owners_of
from mltrain.config.search_options import Range, Search
from mltrain.config.starters import starter
from mltrain.config.yaml_writer import on_one_line
from mltrain.errors import UsageError
from mltrain.names.nearest import did_you_mean, some
from mltrain.names.other_tools import member_here, option_here
from mltrain.spec import Family, Spec
from mltrain.training.options import Training
from mltrain.views.terminal.explain import Entry, Listing, Member, Option, explanation, listings
from mltrain.views.terminal.terminal import Terminal

EXPORT, FORMAT = "export", "export format"
"""The name under which the formats of `mltrain export` are listed, and what one is called."""


def run(terminal: Terminal, name: str | None) -> None:
    """Explain one name, or list all of them."""
    if name is None:
        terminal.result(listings(list(_listings())), {})
        terminal.note("learn more about one with: mltrain explain NAME")
        return
    if name == EXPORT:
        terminal.result(listings([_formats()]), {})
        terminal.note("export a model with: mltrain export [RUN|MODEL] --to FORMAT; learn more: mltrain explain FORMAT")
        return
    found = list(_find(name)) or list(_find_format(name))
    if not found:
        if elsewhere := sorted(filter(None, _elsewhere(name)), key=lambda answer: "did you mean" not in answer):
            raise UsageError(f"there is no '{name}' to explain{elsewhere[0]}")
        names = [one for _, member in members() for one in (member.type_name(), *member.aliases)]
        names += [EXPORT, *_format_family().names()]
        near = did_you_mean(name, [*names, *SECTIONS], "; list all with: mltrain explain")
        raise UsageError(f"there is no '{name}' to explain{near}")
    for noun, struct in found:
        terminal.result(explanation(_member(noun, struct)), {})


def _listings() -> Iterator[Listing]:
    yield Listing("sections of a config", [Entry(name, describe(struct).summary) for name, struct in SECTIONS.items()])
    for title, group in groupby(members(), key=lambda pair: pair[0]):
        yield Listing(title, [Entry(member.type_name(), describe(member).summary) for _, member in group])

    yield _formats()


def _formats() -> Listing:
    return Listing("export formats", [Entry(one.type_name(), describe(one).summary) for one in _format_family()])


def _format_family() -> Family:
    from mltrain.export.base import Format  # what exports models is not needed to explain a layer

    return Format.family


def _find(name: str) -> Iterator[tuple[str, Struct]]:
    """Everything with this name: several families may have a member of the same name."""
    if name in SECTIONS:
        yield "section", SECTIONS[name]
    for _, member in members():
        if name in (member.type_name(), *member.aliases):
            yield member.family.noun, member


def _find_format(name: str) -> Iterator[tuple[str, Struct]]:
    family = _format_family()
    if name in family.names() and (found := family.find(name)) is not None:
        yield family.noun, found


_SEARCH = """search:
  trials: 20
  metric: val_loss
  parameters:
    optimizer.learning_rate: {min: 0.0001, max: 0.1, scale: log}
    layers.0.units: [32, 64, 128]"""
"""An example of a search; both of its kinds of parameters have required options."""


def _elsewhere(name: str) -> Iterator[str | None]:
    """The hint for a name that is an option, or a name from other tools."""
    members_with = [member.type_name() for _, member in members() if name in options(member)]
    sections_with = [section for section, struct in SECTIONS.items() if name in options(struct)]
    if owners := [*sections_with, *members_with]:
        yield f"; it is an option of {some(owners)}: mltrain explain {owners[0]}"
    yield from (member_here(family.noun, name, family.names()) for family in FAMILIES.values())
    structs = [*SECTIONS.values(), *(member for _, member in members())]
    yield from (option_here(owners_of(struct), name, options(struct)) for struct in structs)


def _member(noun: str, struct: Struct) -> Member:
    text = describe(struct)
    docstring = f"{text.summary}\n\n{text.details}"
    options = [Option(one.name, one.accepts, one.default, one.description) for one in text.options]
    if noun == FORMAT:
        options = [one._replace(name=f"--{one.name.replace('_', '-')}") for one in options]
        cannot: Mapping[Any, str] = getattr(struct, "cannot", {})
        docstring += "".join(f"\n\nIt cannot express {part.name}: {why}." for part, why in cannot.items())
    return Member(text.name, noun, text.aliases, docstring, options, _example(noun, struct))


def _example(noun: str, struct: Struct) -> str:
    """An example of it in its section of a config."""
    if not issubclass(struct, Spec):
        return _section_example(struct)
    if noun == FORMAT:
        return f"mltrain export latest --to {struct.type_name()}"
    example = on_one_line(to_plain(convert(struct, {"type": struct.type_name(), **struct.examples[0]}), defaults=False))
    place = {
        "layer": "layers:\n  - {}",
        "activation": "layers:\n  - {{type: dense, units: 64, activation: {}}}",
        "initializer": "layers:\n  - {{type: dense, units: 64, kernel_initializer: {}}}",
        "regularizer": "layers:\n  - {{type: dense, units: 64, kernel_regularizer: {}}}",
        "schedule": "optimizer: {{type: adam, learning_rate: {}}}",
        "points": "dataset: {{type: linear, slope: 3, intercept: 2, samples: 100, x: {}}}",
        "metric": "metrics: [{}]",
        "column kind": "dataset: {{type: csv, path: rows.csv, target: y, columns: {{x: {}}}}}",
    }.get(noun, f"{noun}: {{}}")
    return place.format(example)


def _section_example(struct: Struct) -> str:
    """A section with its defaults. The config as a whole has required options: its example is the first lesson."""
    if struct is Config:
        lines = (line.partition("#")[0].rstrip() for line in starter("linear").splitlines())
        return "\n".join(filter(None, lines))
    if struct in (Search, Range):
        return _SEARCH
    example = f"{describe(struct).name}: {on_one_line(to_plain(struct()))}"
    return example if struct is Training else f"training:\n  {example}"
