"""``mltrain explain``: everything that has a name in the config language."""

import pytest
from command_runs import columns_of, mltrain, succeed

from mltrain.config.describe import describe
from mltrain.config.families import FAMILIES, SECTIONS, members
from mltrain.config.yaml_reader import read_yaml
from mltrain.export.base import Format

NAMES = {
    name: [one for _, one in members() if name in (one.type_name(), *one.aliases)]
    for _, member in members()
    for name in (member.type_name(), *member.aliases)
}
"""Each name, and each alias, with the specs that it stands for."""


def squeezed(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def explanations(name: str) -> str:
    done = mltrain("explain", name)
    assert (done.code, done.err) == (0, "")
    return done.out


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_explained(name: str) -> None:
    shown = explanations(name)
    heads = {line for line in shown.splitlines() if line and not line.startswith(" ")}
    for member in NAMES[name]:
        also = f", also {', '.join(member.aliases)}" if member.aliases else ""
        assert f"{member.type_name()}  {member.family.noun}{also}" in heads
        text = describe(member)
        assert squeezed(text.summary) in squeezed(shown)
        for option in text.options:
            assert squeezed(option.description) in squeezed(shown)


@pytest.mark.parametrize("name", [name for name, found in NAMES.items() if len(found) == 1])
def test_every_example_is_yaml_that_asks_for_it(name: str) -> None:
    example = explanations(name).partition("\nexample\n")[2]
    data = read_yaml(example).data
    assert isinstance(data, dict)
    assert f"{NAMES[name][0].type_name()}" in example


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_is_explained(name: str) -> None:
    shown = explanations(name)
    assert shown.startswith(f"{name}  section\n")
    for option in describe(SECTIONS[name]).options:
        assert squeezed(option.description) in squeezed(shown)


def test_one_name_may_stand_for_several() -> None:
    several = [name for name, found in NAMES.items() if len(found) > 1]
    assert several
    for name in several:
        assert explanations(name).count("\nexample\n") == len(NAMES[name])


def test_everything_is_listed() -> None:
    done = succeed("explain")
    assert done.err == "note: learn more about one with: mltrain explain NAME\n"
    listed: dict[str, list[str]] = {}
    title = ""
    for line in filter(None, done.out.splitlines()):
        if line.startswith("  "):
            name, summary = columns_of(line)
            assert summary
            listed[title].append(name)
        else:
            title = line
            listed[title] = []
    expected: dict[str, list[str]] = {"sections of a config": list(SECTIONS)}
    for family, member in members():
        expected.setdefault(family, []).append(member.type_name())
    expected["export formats"] = list(Format.family.names())
    assert listed == expected
    assert set(FAMILIES) <= set(listed)


def test_unknown_names() -> None:
    assert mltrain("explain", "dens") == (2, "", "error: there is no 'dens' to explain; did you mean 'dense'?\n")
    complaint = "there is no 'qqqqqqq' to explain; list all with: mltrain explain"
    assert mltrain("explain", "qqqqqqq") == (2, "", f"error: {complaint}\n")
