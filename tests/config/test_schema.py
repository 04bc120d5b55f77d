import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from refusals import DATASET

from mltrain.config import Config
from mltrain.config.families import FAMILIES
from mltrain.config.option_types import Struct, options
from mltrain.config.schema import DRAFT, json_schema
from mltrain.config.yaml_reader import read_yaml
from mltrain.spec import Family
from mltrain.training.options import Training

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


def is_valid(text: str) -> bool:
    return VALIDATOR.is_valid(read_yaml(text).data)


def test_it_is_a_schema() -> None:
    assert SCHEMA["$schema"] == DRAFT
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_accepts_the_configs(path: Path) -> None:
    assert list(VALIDATOR.iter_errors(read_yaml(path.read_text(encoding="utf-8")).data)) == []


REST = "layers: [{type: dense, units: 1}]\nloss: mse\n"


@pytest.mark.parametrize(
    "text",
    [
        DATASET + REST,
        DATASET + REST + "seed: 1e3\n",
        DATASET + REST + "training: {batch_size: full, track: {W: dense.kernel}}\n",
        DATASET + REST + "optimizer: {type: sgd, learning_rate: {type: piecewise, boundaries: [1], values: [1, 2]}}\n",
        DATASET
        + "layers: [{type: relu}, relu, {type: dense, units: 1, activation: {type: relu}}]\nloss: {type: mse}\n",
        "dataset: {type: linear, slope: 1, intercept: 1, x: normal, samples: 3}\n" + REST,
    ],
)
def test_what_it_accepts(text: str) -> None:
    assert is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        REST,
        DATASET + REST + "epochs: 3\n",
        DATASET + REST + "training: {epoch: 3}\n",
        DATASET + REST + "training: {epochs: -1}\n",
        DATASET + REST + "training: {batch_size: all}\n",
        DATASET + REST + "optimizer: {type: sgd, learning_rate: 0}\n",
        DATASET + REST + "optimizer: {type: sgd, learning_rate: exponential_decay}\n",
        DATASET + REST + "optimizer: {learning_rate: 1}\n",
        DATASET + REST + "name: a/b\n",
        DATASET + "layers: []\nloss: mse\n",
        DATASET + "layers: [dense]\nloss: mse\n",
        DATASET + "layers: [{type: dense, units: 0}]\nloss: mse\n",
        DATASET + "layers: [{type: dense, units: 1, rate: 1}]\nloss: mse\n",
        DATASET + "layers: [{type: dense, units: 1, activation: dense}]\nloss: mse\n",
        DATASET + "layers: [{type: densee, units: 1}]\nloss: mse\n",
        DATASET + "layers: [flatten]\nloss: mse_loss\n",
        "dataset: {type: inline, x: [], y: [1]}\n" + REST,
    ],
)
def test_what_it_refuses(text: str) -> None:
    assert not is_valid(text)


def objects(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """All parts of the schema that describe a mapping of options."""
    if isinstance(schema, dict):
        if "additionalProperties" in schema and "properties" in schema:
            yield path, schema
        for key, value in schema.items():
            yield from objects(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from objects(item, f"{path}/{index}")


def test_every_option_is_described_and_no_other_allowed() -> None:
    found = dict(objects(SCHEMA))
    assert len(found) > 40
    for path, schema in found.items():
        assert schema["additionalProperties"] is False, path
        assert schema["description"], path
        for name, option in schema["properties"].items():
            assert name == "type" or option["description"], f"{path}: {name}"
            if name != "type":
                assert option["title"].startswith(f"{name}: "), f"{path}: {name}"
                assert ("default" in option) != ("examples" in option), f"{path}: {name}"
                assert not ("default" in option and name in schema["required"]), f"{path}: {name}"


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(SCHEMA)
    for name in SCHEMA["$defs"]:
        assert f'"#/$defs/{name}"' in text
    assert text.count('"$ref"') > len(SCHEMA["$defs"])


def test_every_family_is_there() -> None:
    nouns = {name for name in SCHEMA["$defs"] if "." not in name}
    assert nouns == {family.noun for family in FAMILIES.values()}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_member_is_there_by_its_names(family: Family) -> None:
    *bare, with_options = SCHEMA["$defs"][family.noun]["anyOf"]
    bare_names = {name["const"] for one in bare for name in one["anyOf"]}
    every_name = {name["const"] for name in with_options["properties"]["type"]["anyOf"]}
    for member in family:
        names = {member.type_name(), *member.aliases}
        definition = SCHEMA["$defs"][f"{member.family.noun}.{member.type_name()}"]
        constants = definition["properties"]["type"]["anyOf"]
        assert names == {constant["const"] for constant in constants} <= every_name
        assert {constant["description"] for constant in constants} == {definition["description"]}
        needs_options = any(option.required for option in options(member).values())
        assert names.isdisjoint(bare_names) if needs_options else names <= bare_names


@pytest.mark.parametrize("struct", [Config, Training])
def test_sections_are_complete(struct: Struct) -> None:
    schema = SCHEMA if struct is Config else SCHEMA["properties"]["training"]
    assert list(schema["properties"]) == list(options(struct))


def test_bounds_and_defaults() -> None:
    dense = SCHEMA["$defs"]["layer.dense"]
    assert dense["required"] == ["type", "units"]
    assert dense["properties"]["units"] == {
        "type": "integer",
        "minimum": 1,
        "title": "units: a whole number of at least 1",
        "examples": [4],
        "description": "number of neurons: the width of the output",
    }
    assert dense["properties"]["kernel_initializer"]["default"] == "glorot_uniform"


def properties_with_examples(schema: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each option with the value that editors insert for it."""
    for _, one in objects(schema):
        for option in one["properties"].values():
            for value in option.get("examples", [option["default"]] if "default" in option else []):
                yield option, value


def test_what_editors_insert_is_valid() -> None:
    found = list(properties_with_examples(SCHEMA))
    assert len(found) > 150
    for option, value in found:
        VALIDATOR.evolve(schema={**option, "$defs": SCHEMA["$defs"]}).validate(value)
        assert value is not None
