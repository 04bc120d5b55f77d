"""What every dataset keeps to, whatever it is about."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from mltrain.config.convert import convert
from mltrain.data.base import Dataset, DatasetSpec
from mltrain.data.points import Points
from mltrain.data.splitting import Parts

CONFIGS = Path(__file__).parents[2] / "configs"
RANDOM = {"line_side", "playground", "shapes"}
OF_FILES_MADE_FOR_THEM = {"images", "npz", "parquet", "fashion_mnist", "kmnist", "cifar10"}
"""Datasets of files that do not come with mltrain; tests/tables and test_published.py make some."""
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
    assert spec.count() in (None, sum(len(part.x) for part in dataset.by_name.values()))
    for part in filter(None, (dataset.train, dataset.validation, dataset.test)):
        assert len(part.x) == len(part.y) > 0
        assert part.x.shape[1:] == row_spec.input_shape
        assert part.x.dtype in (np.float32, np.uint8)
        assert part.x.flags.c_contiguous
        if row_spec.classes is None:
            assert part.y.dtype == np.float32
            assert part.y.shape[1:] == (row_spec.outputs,)
        else:
            assert row_spec.outputs == 1
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


@each_case
def test_what_was_read_can_be_split_again_and_again(spec: DatasetSpec):
    raw = spec.read(1, CONFIGS)
    whole = spec.load(1, CONFIGS)
    folds = [
        Parts(np.arange(start, raw.count, 2), np.arange(1 - start, raw.count, 2), np.empty(0, np.intp))
        for start in (0, 1)
    ]
    one, other, again = (raw.split(parts) for parts in (folds[0], folds[1], folds[0]))
    assert [array.tobytes() for array in arrays(one)] == [array.tobytes() for array in arrays(again)]
    assert one.preprocessing == again.preprocessing
    assert one.train.y.tolist() == other.validation.y.tolist()
    assert one.validation.y.tolist() == other.train.y.tolist()
    for last in (False, True):
        drawn = raw.split(spec.draw(raw, 1), last=last)
        assert [array.tobytes() for array in arrays(drawn)] == [array.tobytes() for array in arrays(whole)]
        assert drawn.preprocessing == whole.preprocessing


@each_case
def test_split_seed_fixes_the_rows_whatever_the_seed(spec: DatasetSpec):
    fixed = replace(spec, split_seed=1)
    expected = [array.tobytes() for array in arrays(spec.load(1, CONFIGS))]
    assert [[array.tobytes() for array in arrays(fixed.load(seed, CONFIGS))] for seed in (1, 2)] == [expected] * 2
