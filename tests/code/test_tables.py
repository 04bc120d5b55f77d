"""Every member of the families is in each framework's tables, or said to be lacking."""

import importlib

import pytest

from mltrain.config.families import FAMILIES

FRAMEWORKS = ["keras", "torch", "numpy"]
WRITTEN = ["activations", "initializers", "layers", "losses", "optimizers", "regularizers", "schedules"]
NOT_WRITTEN = {"column kinds", "datasets", "metrics", "points"}
"""Families that all scripts write alike: see test_rows.py and the metrics below."""


def test_every_family_is_thought_of() -> None:
    assert set(FAMILIES) == {*WRITTEN, *NOT_WRITTEN}


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("family", WRITTEN)
def test_each_member_is_written_or_lacking(framework: str, family: str) -> None:
    module = importlib.import_module(f"mltrain.code.{framework}")
    members = set(FAMILIES[family].names())
    if family == "layers":
        members -= set(FAMILIES["activations"].names())
    lacking = members & set(module.LACKING)
    assert set(module.CODE[family]) == members - lacking


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_is_lacking_is_there(framework: str) -> None:
    module = importlib.import_module(f"mltrain.code.{framework}")
    assert set(module.LACKING) <= {name for family in WRITTEN for name in FAMILIES[family].names()}


def test_each_metric_is_written() -> None:
    from mltrain.code.evaluation import METRICS

    assert set(METRICS) == set(FAMILIES["metrics"].names())
