"""What every dataset keeps to, whatever it is about."""

from pathlib import Path

import numpy as np
import pytest

from mltrain.config.convert import convert
from mltrain.data.base import Dataset, DatasetSpec
from mltrain.data.points import Points

CONFIGS = Path(__file__).parents[2] / "configs"
RANDOM = {"line_side", "playground"}
OF_FILES_MADE_FOR_THEM = {"images", "npz", "parquet"}
"""Datasets of files that do not come with mltrain; tests/tables makes some."""
CASES = {
    f"{spec.type_name()}-{index}": convert(DatasetSpec, {"type": spec.type_name(), **example})
    for spec in DatasetSpec.family
    if spec.type_name() not in OF_FILES_MADE_FOR_THEM
    for index, example in enumerate(spec.examples)
}
each_case = pytest.mark.parametrize("spec", CASES.values(), ids=CASES)


def arrays(dataset: Dataset) -> list[np.ndarray]:
    parts = [dataset.train, dataset.validation, dataset.test]
    return [array for part in parts if part is not None for array in part]


def test_all_datasets_are_there():
    promised = {"linear", "quadratic", "inline", "line_side", "playground", "mnist", "csv", "idx"}
    assert promised <= set(DatasetSpec.family.names())
    assert len(CASES) >= len(promised)


@each_case
def test_arrays_are_what_the_facts_say(spec: DatasetSpec):
    dataset = spec.load(0, CONFIGS)
    row_spec = dataset.row_spec
    assert row_spec == spec.row_spec(CONFIGS)
    assert (dataset.validation is not None) == (spec.validation_split > 0)
    for part in filter(None, (dataset.train, dataset.validation, dataset.test)):
        assert len(part.x) == len(part.y) > 0
        assert part.x.shape[1:] == row_spec.input_shape
        assert part.x.dtype in (np.float32, np.uint8)
        assert part.x.flags.c_contiguous
        if row_spec.classes is None:
            assert part.y.dtype == np.float32
            assert part.y.shape[1:] == (row_spec.outputs,)
        else:
            assert part.y.dtype == np.int32
            assert part.y.ndim == 1
            assert 0 <= part.y.min() <= part.y.max() < len(row_spec.classes)


@each_case
def test_the_seed_decides_every_byte(spec: DatasetSpec):
    one, again, other = (arrays(spec.load(seed, CONFIGS)) for seed in (1, 1, 2))
    assert [array.tobytes() for array in one] == [array.tobytes() for array in again]
    drawn = spec.type_name() in RANDOM or isinstance(getattr(spec, "x", None), Points)
    if drawn or spec.validation_split or spec.test_split:
        assert any(a.tobytes() != b.tobytes() for a, b in zip(one, other, strict=True))
    else:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@each_case
def test_only_what_is_missing_is_fetched(spec: DatasetSpec):
    assert spec.download_notice(CONFIGS) is None
    assert spec.fetch(CONFIGS) is False
