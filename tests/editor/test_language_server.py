"""What editors show of configs: the schema, tried with the server that they run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from language_server import LanguageServer, why_missing

from mltrain.config.describe import describe
from mltrain.config.families import FAMILIES
from mltrain.config.option_types import options
from mltrain.config.schema import schema_text
from mltrain.spec import Family, Spec

pytestmark = pytest.mark.skipif(why_missing() is not None, reason=why_missing() or "")

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))

WHERE = {
    "layer": "layers:\n  - type: {}\n",
    "activation": "layers:\n  - type: dense\n    units: 1\n    activation:\n      type: {}\n",
    "initializer": "layers:\n  - type: dense\n    units: 1\n    kernel_initializer:\n      type: {}\n",
    "regularizer": "layers:\n  - type: dense\n    units: 1\n    kernel_regularizer:\n      type: {}\n",
    "schedule": "optimizer:\n  type: adam\n  learning_rate:\n    type: {}\n",
    "points": "dataset:\n  type: linear\n  x:\n    type: {}\n",
    "column kind": "dataset:\n  type: csv\n  columns:\n    a:\n      type: {}\n",
    "metric": "metrics:\n  - type: {}\n",
}
"""Where a config asks for a member of a family; elsewhere, in a section of the family's name."""

MEMBERS = [member for family in FAMILIES.values() for member in family]

REST = "dataset: mnist\nlayers:\n  - type: dense\n    units: 3\n{}loss: mse\n"
"""A valid config with room for more of its layer."""


def asking_for(noun: str, name: str) -> str:
    return WHERE.get(noun, f"{noun}:\n  type: {{}}\n").format(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    folder = tmp_path_factory.mktemp("editor")
    schema = folder / "mltrain.schema.json"
    schema.write_text(schema_text(), "utf-8")
    server = LanguageServer(schema, folder)
    yield server
    server.close()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_member_is_offered_after_type(server: LanguageServer, family: Family) -> None:
    offered = set(server.completions(asking_for(family.noun, "|")))
    assert offered == {name for member in family for name in (member.type_name(), *member.aliases)}


def test_a_member_without_required_options_is_offered_as_a_bare_name(server: LanguageServer) -> None:
    offered = set(server.completions("optimizer: |\n"))
    assert {"adam", "sgd"} <= offered
    assert "dense" not in server.completions("layers:\n  - |\n")  # its options are required


def test_before_the_type_only_the_type_is_offered(server: LanguageServer) -> None:
    offered = server.completions("dataset:\n  |\n")
    assert "type" in offered
    assert "path" not in offered


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: f"{member.family.noun}.{member.type_name()}")
def test_the_options_of_a_member_are_offered_after_its_type(server: LanguageServer, member: type[Spec]) -> None:
    text = asking_for(member.family.noun, member.type_name())
    depth = len(text.splitlines()[-1].partition("type")[0])
    offered = set(server.completions(f"{text}{' ' * depth}|\n"))
    assert set(options(member)) <= offered
    # The server takes adam for the beginning of adamw, too.
    apart = [other for other in member.family if not other.type_name().startswith(member.type_name())]
    similar = [other for other in member.family if other not in apart]
    others = {name for other in apart for name in options(other)} - {name for one in similar for name in options(one)}
    assert offered.isdisjoint(others)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: f"{member.family.noun}.{member.type_name()}")
def test_hovering_over_a_member_explains_it(server: LanguageServer, member: type[Spec]) -> None:
    name = member.type_name()
    shown = server.hover(asking_for(member.family.noun, f"{name[0]}|{name[1:]}"))
    assert shown.startswith(f"#### {name} ({member.family.noun})")
    assert describe(member).summary in shown
    assert "Allowed Values" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (REST.format("") + "train|ing: {}\n", "how long to train"),
        (REST.format("") + "training:\n  epo|chs: 3\n", "epochs: a whole number of at least 0"),
        (REST.format("") + "training:\n  early_|stopping: true\n", "stop when the network no longer becomes better"),
        ("lay|ers:\n  - flatten\n", "the network, from input to output"),
        ("data|set:\n  type: playground\n  shape: xor\n", "TensorFlow Playground"),
        ("layers:\n  - {type: dense, un|its: 3}\n", "number of neurons"),
    ],
)
def test_hovering_over_an_option_explains_it(server: LanguageServer, text: str, shown: str) -> None:
    assert shown in server.hover(text)


@pytest.mark.parametrize(
    ("before", "indent", "after"),
    [
        (REST.format(""), "", ""),
        (REST.format("") + "training:\n", "  ", ""),
        (REST.format("") + "training:\n  early_stopping:\n", "    ", ""),
        (REST.format("") + "optimizer:\n  type: adam\n", "  ", ""),
        ("dataset: mnist\nlayers:\n  - type: dense\n    units: 3\n", "    ", "loss: mse\n"),
        ("dataset: mnist\nlayers:\n  - type: dense\n", "    ", "loss: mse\n"),
        (
            REST.format("").replace("mnist", "\n  type: csv\n  path: a\n  target: b").partition("layers")[0],
            "  ",
            "layers: [flatten]\nloss: mse\n",
        ),
    ],
    ids=["config", "training", "early_stopping", "adam", "dense", "new dense", "csv"],
)
def test_what_completion_inserts_is_valid(server: LanguageServer, before: str, indent: str, after: str) -> None:
    offered = server.completions(f"{before}{indent}|\n{after}")
    assert offered
    for label, inserted in offered.items():
        lines = inserted.replace("\n", f"\n{indent}")
        found = server.diagnostics(f"{before}{indent}{lines}\n{after}")
        problems = [message for _, message in found if not message.startswith("Missing property")]
        assert not problems, (label, inserted)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_nothing_is_wrong_with_the_lessons(server: LanguageServer, path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()[1:]  # without the line that names the schema
    assert server.diagnostics("\n".join(lines) + "\n") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (REST.format("    unit: 3\n"), (5, "Property unit is not allowed.")),
        (REST.format("").replace("units: 3", "units: 0"), (4, "Value is below the minimum of 1.")),
        (REST.format("").replace("mse", "msee"), (5, 'Value must be "binary_crossentropy" | ')),
        (REST.format("").replace("type: dense", "type: densee"), (3, 'Value must be "add" | ')),
        (REST.format("") + "optimizer: {type: adam, momentum: 1}\n", (6, "Property momentum is not allowed.")),
        (REST.format("") + "training: {epochs: x}\n", (6, "Incorrect type.")),
        ("dataset:\n  type: csv\n  path: a\nlayers: [flatten]\nloss: mse\n", (1, 'Missing property "target".')),
        ("dataset: mnist\nlayers: [flatten]\n", (1, 'Missing property "loss".')),
    ],
)
def test_mistakes_are_marked(server: LanguageServer, text: str, found: tuple[int, str]) -> None:
    line, message = found
    assert any(at == line and said.startswith(message) for at, said in server.diagnostics(text))


@pytest.mark.parametrize(
    "more",
    [
        "training: {early_stopping: true}\n",
        "training: {early_stopping: null}\n",
        "training: {class_weight: {0: 1, 1: 2}}\n",
        "optimizer: {type: adam, learning_rate: {type: cosine_decay, initial_learning_rate: 0.1, decay_steps: 10}}\n",
        "metrics: [mae, {type: r2}]\n",
    ],
)
def test_what_is_right_is_not_marked(server: LanguageServer, more: str) -> None:
    assert server.diagnostics(REST.format("") + more) == []
