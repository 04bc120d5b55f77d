"""``mltrain explain``: what there is to write into a config, and what it means."""

from collections.abc import Iterator, Sequence

from mltrain.config.describe import describe
from mltrain.config.dump import to_plain
from mltrain.config.families import FAMILIES, SECTIONS
from mltrain.config.kinds import Struct
from mltrain.config.nearest import did_you_mean
from mltrain.config.yaml_writer import on_one_line
from mltrain.display.explain import Entry, Listing, Member, Option, explanation, listings
from mltrain.display.terminal import Terminal
from mltrain.errors import UsageError
from mltrain.spec import Spec


def run(terminal: Terminal, name: str | None) -> None:
    """Explain one name, or list all of them."""
    if name is None:
        terminal.result(listings(list(_listings())), {})
        terminal.note("learn more about one with: mltrain explain NAME")
        return
    found = list(_find(name))
    if not found:
        names = [one for family in FAMILIES.values() for one in (*family.names(), *family.aliases())]
        near = did_you_mean(name, [*names, *SECTIONS], "; list all with: mltrain explain")
        raise UsageError(f"there is no '{name}' to explain{near}")
    for noun, struct in found:
        terminal.result(explanation(_member(noun, struct)), {})


def _listings() -> Iterator[Listing]:
    yield Listing("sections of a config", [Entry(name, describe(struct).summary) for name, struct in SECTIONS.items()])
    for title, family in FAMILIES.items():
        yield Listing(title, [Entry(member.type_name(), describe(member).summary) for member in family])


def _find(name: str) -> Iterator[tuple[str, Struct]]:
    """What is called so: several families may have a member of one name."""
    if name in SECTIONS:
        yield "section", SECTIONS[name]
    for family in FAMILIES.values():
        if member := family.find(name):
            yield family.noun, member


def _member(noun: str, struct: Struct) -> Member:
    text = describe(struct)
    options = [Option(one.name, one.accepts, one.default, one.description) for one in text.options]
    return Member(text.name, noun, text.aliases, f"{text.summary}\n\n{text.details}", options, _example(struct))


def _example(struct: Struct) -> str:
    """How a config asks for it."""
    if not issubclass(struct, Spec):
        return ""
