from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from mltrain.data.base import Dataset, DatasetSpec, RawArrays, RowSpec, Split
from mltrain.data.splitting import reorder, rows_in_words
from mltrain.errors import DataError, OptionError


def rows(count: int) -> Split:
    """Rows that carry their number, in x and in y."""
    numbers = np.arange(count, dtype=np.float32)
    return Split(np.stack([numbers, -numbers], axis=1), numbers.astype(np.int32))


def split(count: int, validation: float = 0, test: float = 0, seed: int = 0, own_test: Split | None = None) -> Dataset:
    spec = DatasetSpec(validation_split=validation, test_split=test)
    raw = RawArrays(RowSpec((2,)), rows(count), own_test)
    return raw.split(spec.draw(raw, seed))


def numbers(part: Split | None) -> list[int]:
    if part is None:
        return []
    assert part.x[:, 0].tolist() == part.y.tolist()
    return part.y.tolist()


def test_nothing_held_back_copies_nothing():
    given = rows(10)
    raw = RawArrays(RowSpec((2,)), given)
    dataset = raw.split(DatasetSpec().draw(raw, 0))
    assert dataset.train is given
    assert dataset.validation is None
    assert dataset.test is None


@pytest.mark.parametrize(
    ("count", "validation", "test", "sizes"),
    [
        (10, 0.2, 0.3, (5, 2, 3)),
        (10, 0.25, 0, (8, 2, 0)),
        (10, 0, 0.14, (9, 0, 1)),
        (10, 0, 0.16, (8, 0, 2)),
        (3, 1 / 3, 1 / 3, (1, 1, 1)),
        (1000, 0.1, 0, (900, 100, 0)),
        (6, 0, 0.5, (3, 0, 3)),
    ],
)
def test_parts_have_their_share_of_the_rows_and_together_all_of_them(count, validation, test, sizes):
    dataset = split(count, validation, test)
    parts = [numbers(part) for part in (dataset.train, dataset.validation, dataset.test)]
    assert tuple(map(len, parts)) == sizes
    assert sorted(chain.from_iterable(parts)) == list(range(count))
    assert all(part == sorted(part) for part in parts)
    for part, size in zip((dataset.validation, dataset.test), sizes[1:], strict=True):
        assert (part is None) == (size == 0)


def test_the_seed_decides_who_is_held_back():
    one, again, other = (numbers(split(100, 0.2, 0.2, seed).validation) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_who_is_held_back_is_drawn_from_all_rows():
    held = [numbers(split(20, 0, 0.5, seed).test) for seed in range(200)]
    share = np.bincount(np.concatenate(held), minlength=20) / len(held)
    assert share.min() > 0.35
    assert share.max() < 0.65


def test_a_test_set_of_its_own_is_left_as_it_is():
    own = rows(4)
    dataset = split(10, validation=0.2, own_test=own)
    assert dataset.test is own
    assert sorted(numbers(dataset.train) + numbers(dataset.validation)) == list(range(10))
    assert split(10, own_test=own).test is own


@pytest.mark.parametrize(
    ("count", "validation", "test", "message"),
    [
        (4, 0.1, 0, "validation_split 0.1 of 4 rows is not a whole one; raise it or leave it out"),
        (1, 0, 0.5, "test_split 0.5 of 1 row is not a whole one; raise it or leave it out"),
        (2, 0.9, 0, "2 rows cannot be split into 2 for validation and 0 for the test: none is left to train on"),
        (3, 0.3, 0.65, "3 rows cannot be split into 1 for validation and 2 for the test: none is left to train on"),
    ],
)
def test_a_part_that_would_be_empty_is_refused(count, validation, test, message):
    with pytest.raises(DataError) as error:
        split(count, validation, test)
    assert str(error.value) == message


@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (0.6, 0.5), (0.9, 0.9)])
def test_shares_that_leave_nothing_are_refused_before_anything_is_loaded(validation, test):
    with pytest.raises(OptionError) as error:
        DatasetSpec(validation_split=validation, test_split=test)
    assert str(error.value) == (
        f"validation_split {validation} and test_split {test} leave no rows to train on;"
        " they must add up to less than 1"
    )
    assert error.value.option == ("test_split",)


def test_by_default_there_is_nothing_to_fetch():
    assert DatasetSpec().download_notice(Path()) is None
    assert DatasetSpec().fetch(Path()) is False


def test_whether_classes_have_names():
    assert not RowSpec((2,)).named
    assert not RowSpec((2,), classes=("0", "1")).named
    assert RowSpec((2,), classes=("below", "above")).named


def test_rows_in_words():
    assert [rows_in_words(count) for count in (0, 1, 60_000)] == ["0 rows", "1 row", "60,000 rows"]


@pytest.mark.parametrize("shape", [(7,), (7, 1), (7, 3), (120_000, 2)])
def test_rows_are_put_into_another_order_within_their_memory(shape):
    rng = np.random.default_rng(0)
    rows, order = rng.normal(size=shape).astype(np.float32), rng.permutation(shape[0])
    wanted = rows[order]
    reorder(rows, order)
    assert (rows == wanted).all()
