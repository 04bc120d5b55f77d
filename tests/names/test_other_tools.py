"""The table of other tools' names: everything in it leads to something that is there."""

import re

import pytest

from mltrain.cli import app
from mltrain.config.families import FAMILIES, SECTIONS, members
from mltrain.config.option_types import options
from mltrain.names import other_tools
from mltrain.names.other_tools import LACKING, member_here, option_here

FAMILY = {family.noun: family for family in FAMILIES.values()}


def members_called(entry: str) -> set[str]:
    return {entry[1:]} if entry[0] == "=" and len(entry) > 1 else set()


@pytest.mark.parametrize("noun", [noun for noun in other_tools._MEMBERS if noun != "command"])
def test_names_of_members_are_those_of_the_family(noun: str) -> None:
    for other, entry in other_tools._MEMBERS[noun].items():
        assert entry[0] in "=!?", other
        for quoted in re.findall(r"'(\w+)'", entry):
            assert any(quoted in {*family.names(), *family.aliases()} for family in FAMILIES.values()) or any(
                quoted in options(struct) for struct in SECTIONS.values()
            ), (other, quoted)


def test_commands_are_there() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {group.name for group in app.registered_groups if group.name}
    for entry in other_tools._MEMBERS["command"].values():
        assert members_called(entry) <= commands


def test_options_are_there() -> None:
    """What an entry of an owner leads to is an option of some such owner."""
    owners: dict[str, list[type]] = {}
    for _, member in members():
        nouns = {base.family.noun for base in member.__mro__ if hasattr(base, "family")}
        for owner in (member.type_name(), *nouns):
            owners.setdefault(owner, []).append(member)
    for name, struct in SECTIONS.items():
        owners.setdefault(name, []).append(struct)
    for owner, table in other_tools._OPTIONS.items():
        known = {option for struct in owners[owner] for option in options(struct)}
        for other, entry in table.items():
            for option in members_called(entry):
                assert option.partition(".")[0] in known, (owner, other)


@pytest.mark.parametrize(
    ("noun", "name", "words"),
    [
        ("layer", "Conv3D", f"; {LACKING}"),
        ("layer", "MaxPool2d", "; did you mean 'max_pooling2d'?"),
        ("layer", "linear_layer", "; did you mean 'dense'?"),
        ("activation", "SiLU", f"; {LACKING}"),
        ("loss", "nn.L1Loss", None),
        ("loss", "L1Loss", "; did you mean 'mean_absolute_error'?"),
        ("metric", "acc", "; did you mean 'accuracy'?"),
        ("initializer", "xavier_uniform", "; did you mean 'glorot_uniform'?"),
        ("schedule", "CosineAnnealingLR", "; did you mean 'cosine_decay'?"),
        ("optimizer", "sgdd", None),
    ],
)
def test_members(noun: str, name: str, words: str | None) -> None:
    assert member_here(noun, name, FAMILY[noun].names()) == words


def test_crossentropy_is_answered_by_what_it_stands_for() -> None:
    for name in ("crossentropy", "cross_entropy", "CrossEntropy"):
        words = member_here("loss", name, FAMILY["loss"].names())
        assert words is not None
        assert "'sparse_categorical_crossentropy'" in words


@pytest.mark.parametrize(
    ("owners", "name", "there", "words"),
    [
        (["adam", "optimizer"], "momentum", ["beta_1"], "; 'beta_1' is its momentum: the share of the gradient's"),
        (["adam", "optimizer"], "lr", ["learning_rate"], "; did you mean 'learning_rate'?"),
        (["config"], "hidden_layer_sizes", ["layers"], "; 'layers' lists the network"),
        (["config"], "max_iter", ["training"], "; did you mean 'training.epochs'?"),
        (["dense", "layer"], "out_features", ["units"], "; did you mean 'units'?"),
        (["training"], "device", [], "; leave it out"),
    ],
)
def test_options(owners: list[str], name: str, there: list[str], words: str) -> None:
    found = option_here(owners, name, there)
    assert found is not None
    assert found.startswith(words)
