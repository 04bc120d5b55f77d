"""``mltrain schema``: what an editor is given."""

import json
from pathlib import Path

import pytest
from command_runs import CONFIGS, lesson, mltrain, succeed
from jsonschema import Draft202012Validator

from mltrain.config.yaml_reader import read_yaml


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    done = mltrain("schema")
    assert (done.code, done.err) == (0, "")
    schema = json.loads(done.out)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_it_accepts_every_lesson(path: Path, validator: Draft202012Validator) -> None:
    assert list(validator.iter_errors(read_yaml(path.read_text("utf-8")).data)) == []


def test_it_accepts_what_fit_writes(validator: Draft202012Validator) -> None:
    succeed("fit", lesson("custom_training"), "--epochs", "1", "--out", "run")
    assert list(validator.iter_errors(read_yaml(Path("run/config.yaml").read_text("utf-8")).data)) == []


def test_it_refuses_what_fit_refuses(validator: Draft202012Validator) -> None:
    data = read_yaml(Path(lesson("linear")).read_text("utf-8")).data
    assert isinstance(data, dict)
    assert not validator.is_valid({**data, "optimizer": {"type": "sgd", "rate": 1}})
