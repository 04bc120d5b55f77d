"""Differences of two configs: lists of layers are aligned, whatever their lengths."""

import pytest

from mltrain.config.differences import ABSENT, Difference, differences
from mltrain.config.load import parse_config

HEAD = "dataset: {type: inline, x: [1, 2, 3], y: [1, 2, 3]}\nloss: mse\nlayers:\n"


def found(old: list[str], new: list[str]) -> list[Difference]:
    configs = (parse_config(HEAD + "".join(f"  - {layer}\n" for layer in layers), "x.yaml") for layers in (old, new))
    return differences(*configs)


def dense(units: int) -> str:
    return f"{{type: dense, units: {units}}}"


LAST = dense(1)


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ([dense(4), LAST], [dense(5), LAST], [("layers", 0, "units")]),
        ([dense(4), dense(5), LAST], [dense(6), LAST], [("layers", 0, "units"), ("layers", 1)]),
        ([dense(6), LAST], [dense(4), dense(5), LAST], [("layers", 0, "units"), ("layers", 1)]),
        (
            [dense(2), dense(4), dense(5), dense(7), LAST],
            [dense(2), dense(6), LAST],
            [("layers", 1, "units"), ("layers", 2), ("layers", 3)],
        ),
        ([LAST], [dense(4), dense(5), LAST], [("layers", 0), ("layers", 1)]),
        ([dense(4), dense(5), LAST], [LAST], [("layers", 0), ("layers", 1)]),
    ],
)
def test_layers_are_aligned(old: list[str], new: list[str], paths: list[tuple[str | int, ...]]) -> None:
    assert [difference.path for difference in found(old, new)] == paths


def test_a_layer_that_only_one_config_has_differs_as_a_whole() -> None:
    (units, gone) = found([dense(4), dense(5), LAST], [dense(6), LAST])
    assert (units.old, units.new) == (4, 6)
    assert (gone.old, gone.new) == ({"type": "dense", "units": 5}, ABSENT)
    (_, come) = found([dense(6), LAST], [dense(4), dense(5), LAST])
    assert (come.old, come.new) == (ABSENT, {"type": "dense", "units": 5})
