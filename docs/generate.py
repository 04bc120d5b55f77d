"""Writes the files that are made from the code: run it after a change to a spec or a command.

    python docs/generate.py

The tests say when it is time to.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from mltrain.cli import app
from mltrain.commands.init import SCHEMA_FILE
from mltrain.config.convert import convert
from mltrain.config.describe import Help, OptionHelp, describe
from mltrain.config.dump import to_plain
from mltrain.config.families import FAMILIES, SECTIONS, members
from mltrain.config.option_types import Kind, ListKind, Struct, alternatives, bare, family_of, options
from mltrain.config.schema import schema_text
from mltrain.config.yaml_writer import on_one_line
from mltrain.export.base import Format
from mltrain.spec import Family, Spec

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).relative_to(ROOT)


def generated() -> dict[Path, str]:
    """Each generated file with the text that it must hold."""
    return {ROOT / "docs" / "reference.md": reference(), ROOT / "configs" / SCHEMA_FILE: schema_text()}


def reference() -> str:
    """Everything that has a name, on one page."""
    lines = [
        "# Reference",
        "",
        f"Made from the code by `python {SCRIPT}`. `mltrain explain NAME` says the same on a terminal, and",
        "[config.md](config.md) explains how a config is written.",
        "",
        *_contents(),
        "",
        "## Sections of a config",
    ]
    for name, section in SECTIONS.items():
        lines += ["", f"### {name}", "", *_explained(describe(section))]
    for title, family in FAMILIES.items():
        lines += ["", f"## {title.capitalize()}", "", *_family(title, family)]
    lines += ["", "## Export formats", "", "What `mltrain export --to` takes, each with its options.", *_formats()]
    lines += ["", "## Commands", *_commands()]
    return "\n".join(lines) + "\n"


def _contents() -> Iterator[str]:
    yield "- [Sections of a config](#sections-of-a-config)"
    for title, family in FAMILIES.items():
        yield f"- [{title.capitalize()}](#{title}): {', '.join(_members(title)) or ', '.join(family.names())}"
    yield f"- [Export formats](#export-formats): {', '.join(Format.family.names())}"
    yield f"- [Commands](#commands): {', '.join(_all_commands())}"


def _members(title: str) -> dict[str, type[Spec]]:
    """The members that stand below this title; an activation is a layer too, but stands only once."""
    return {member.type_name(): member for one, member in members() if one == title}


def _family(title: str, family: Family) -> Iterator[str]:
    own = _members(title)
    base = next(one for one in next(iter(own.values())).__mro__ if "family" in vars(one))
    helps = {name: describe(member) for name, member in own.items()}
    common = [option for option in describe(base).options if _in_most(option, list(helps.values()))]
    yield f"Where one may stand: {'; '.join(_places(family))}."
    if common:
        yield from ("", "All of them take what follows, except where their own table says otherwise:", "")
        yield from _table(common)
    for name, member in own.items():
        yield from ("", f"### {name}", "", *_explained(helps[name], without=common))
        examples = [
            on_one_line(to_plain(convert(member, {"type": name, **one}), defaults=False)) for one in member.examples
        ]
        if telling := [example for example in examples if example != name]:
            yield from ("", "For example:", "", *(f"- `{example}`" for example in telling))


def _formats() -> Iterator[str]:
    for form in Format.family:
        yield from ("", f"### {form.type_name()}", "", *_explained(describe(form)))


def _in_most(option: OptionHelp, helps: list[Help]) -> bool:
    return 2 * sum(option in text.options for text in helps) > len(helps)


def _places(family: Family) -> Iterator[str]:
    """Which options of which specs or sections take a member of a family."""
    owners: dict[str, list[str]] = {}
    structs: list[tuple[str, Struct]] = [*SECTIONS.items(), *((one.type_name(), one) for _, one in members())]
    for owner, struct in structs:
        for name, option in options(struct).items():
            if _takes(option.kind, family):
                owners.setdefault(name, []).append(owner)
    return (f"`{name}` of {', '.join(names)}" for name, names in owners.items())


def _takes(kind: Kind, family: Family) -> bool:
    return any(
        _takes(one.item_type, family) if isinstance(one, ListKind) else _holds(family_of(one), family)
        for one in map(bare, alternatives(kind))
    )


def _holds(family: Family | None, other: Family) -> bool:
    """Whether all members of the other family are members of this one, as all activations are layers."""
    return family is not None and set(other.names()) <= set(family.names())


def _explained(text: Help, without: list[OptionHelp] | None = None) -> Iterator[str]:
    if text.aliases:
        yield from (f"Also called {', '.join(f'`{alias}`' for alias in text.aliases)}.", "")
    yield text.summary.replace("``", "`")
    if text.details:
        yield from ("", text.details.replace("``", "`"))
    if rows := [option for option in text.options if option not in (without or [])]:
        yield from ("", *_table(rows))


def _table(rows: list[OptionHelp]) -> Iterator[str]:
    yield from ("| option | takes | default | |", "|---|---|---|---|")
    for name, accepts, default, description in rows:
        shown = "required" if default is None else f"`{default}`"
        yield f"| `{name}` | {_cell(accepts)} | {shown} | {_cell(description)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _commands() -> Iterator[str]:
    for name, command in _all_commands().items():
        labels = {parameter: _label(parameter) for parameter in command.params}
        arguments = [label for parameter, label in labels.items() if parameter.param_type_name == "argument"]
        yield from ("", f"### {' '.join(['mltrain', name, *arguments])}", "", command.help or "")
        if labels:
            yield from ("", "| | |", "|---|---|")
        for parameter, label in labels.items():
            yield f"| `{_cell(label)}` | {_cell(parameter.help or '')} |"


def _all_commands() -> dict[str, Any]:
    """The commands by name, in the order in which ``mltrain --help`` lists them; those of a group after each other."""
    found = {}
    for name, command in typer.main.get_group(app).commands.items():
        own = getattr(command, "commands", None)
        found.update({f"{name} {part}": one for part, one in own.items()} if own else {name: command})
    return found


def _label(parameter: Any) -> str:
    """How a command line writes it: ``--epochs EPOCHS``, ``-q``, or ``[NAME]`` for what may be left out."""
    value = parameter.metavar or parameter.name.upper()
    if parameter.param_type_name == "argument":
        return value if parameter.required else f"[{value}]"
    return f"{', '.join(parameter.opts)}{'' if parameter.is_flag else f' {value}'}"


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))
