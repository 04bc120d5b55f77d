"""Which rows a fold holds out: by chance, by groups, in the order of time; and the same options for one split."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltrain.config.convert import convert
from mltrain.data.base import DatasetSpec, RawArrays, RowSpec, Split
from mltrain.data.folds import group_folds, ordered_folds, random_folds
from mltrain.data.splitting import Parts
from mltrain.errors import ConfigError, DataError

ROWS = np.arange(100)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def table(folder: Path, text: str, **options) -> DatasetSpec:
    (folder / "rows.csv").write_text(text)
    return convert(DatasetSpec, {"type": "csv", "path": "rows.csv", "target": "y", **options})


def patients(count: int = 12, visits: int = 3) -> str:
    """Rows of patients, a few visits each: who, a number, and a class."""
    kinds = ["ill" if who % 3 == 0 else "well" for who in range(count)]
    lines = [f"p{who},{who + visit / 10},{kinds[who]}" for visit in range(visits) for who in range(count)]
    return "\n".join(["who,a,y", *lines]) + "\n"


@settings(max_examples=25)
@given(st.lists(st.integers(0, 3), min_size=30, max_size=90), st.integers(2, 6), st.integers(0, 9))
def test_random_folds_hold_out_every_row_once_with_their_share_of_every_class(labels, folds, seed):
    kinds = np.array(labels, np.int32)
    if (np.bincount(kinds)[np.unique(kinds)] < folds).any():
        return
    held = random_folds(np.arange(len(kinds)), folds, rng(seed), kinds)
    assert sorted(np.concatenate(held).tolist()) == list(range(len(kinds)))
    sizes = [len(one) for one in held]
    assert max(sizes) - min(sizes) <= 1
    counts = np.array([np.bincount(kinds[one], minlength=4) for one in held])
    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all()
    assert all((np.diff(one) > 0).all() for one in held)


def test_random_folds_depend_on_the_generator_only():
    one, again, other = (random_folds(ROWS, 5, rng(seed)) for seed in (1, 1, 2))
    assert [rows.tolist() for rows in one] == [rows.tolist() for rows in again]
    assert [rows.tolist() for rows in one] != [rows.tolist() for rows in other]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=12, max_size=80),
    st.integers(2, 5),
    st.integers(0, 9),
)
def test_no_group_is_divided_and_no_fold_is_empty(rows, folds, seed):
    groups, labels = (np.array(numbers, np.int32) for numbers in zip(*rows, strict=True))
    everything = np.arange(len(groups))
    if len(np.unique(groups)) < folds:
        with pytest.raises(DataError, match="a group cannot be divided"):
            group_folds(everything, folds, rng(seed), groups)
        return
    held = group_folds(everything, folds, rng(seed), groups, labels)
    assert sorted(np.concatenate(held).tolist()) == everything.tolist()
    assert all(len(one) for one in held)
    of = [set(groups[one].tolist()) for one in held]
    assert sum(map(len, of)) == len(set(groups.tolist()))


def test_groups_are_spread_so_that_folds_are_alike():
    groups = np.repeat(np.arange(30), 4).astype(np.int32)
    labels = np.repeat(np.arange(30) % 3 == 0, 4).astype(np.int32)
    held = group_folds(np.arange(120), 5, rng(), groups, labels)
    assert [len(one) for one in held] == [24] * 5
    assert [int(labels[one].sum()) for one in held] == [8] * 5


def test_ordered_folds_are_those_of_scikit_learn():
    """``TimeSeriesSplit(3).split(range(10))`` of scikit-learn 1.5."""
    assert [(a.tolist(), b.tolist()) for a, b in ordered_folds(np.arange(10), 3)] == [
        ([0, 1, 2, 3], [4, 5]),
        ([0, 1, 2, 3, 4, 5], [6, 7]),
        ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9]),
    ]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: random_folds(np.arange(3), 5, rng()), "--folds 5: so many folds take 5 rows or more; there are 3"),
        (
            lambda: ordered_folds(np.arange(5), 5),
            "--folds 5: so many folds, in time order, take 6 rows or more; there are 5",
        ),
        (
            lambda: random_folds(np.arange(9), 3, rng(), np.array([0] * 7 + [1] * 2, np.int32), ["cat", "dog"]),
            "--folds 3: class 'dog' has 2 rows, so not every fold would have one; ask for 2 folds at most",
        ),
        (
            lambda: group_folds(np.arange(9), 4, rng(), np.array([0, 1, 2] * 3, np.int32)),
            "--folds 4: the rows are of 3 groups, and a group cannot be divided; ask for fewer folds",
        ),
    ],
)
def test_what_cannot_be_divided_is_refused(make, expected):
    with pytest.raises(DataError) as error:
        make()
    assert str(error.value) == expected


def fold_parts(spec: DatasetSpec, count: int = 40, folds: int = 4, **more) -> list[Parts]:
    raw = RawArrays(RowSpec((1,)), Split(np.zeros((count, 1), np.float32), np.zeros((count, 1), np.float32)), **more)
    return spec.draw_folds(raw, 0, folds)


def test_test_rows_are_in_no_fold_and_each_fold_draws_its_own_validation_rows():
    spec = DatasetSpec(validation_split=0.25, test_split=0.2)
    raw = RawArrays(RowSpec((1,)), Split(np.zeros((40, 1), np.float32), np.zeros((40, 1), np.float32)))
    of_fit = set(spec.draw(raw, 0).test.tolist())
    folds = spec.draw_folds(raw, 0, 4)
    assert [tuple(map(len, parts)) for parts in folds] == [(18, 6, 8)] * 4
    for parts in folds:
        assert sorted([*np.concatenate(parts).tolist(), *of_fit]) == list(range(40))
    held_out = np.concatenate([parts.test for parts in folds]).tolist()
    assert sorted([*held_out, *of_fit]) == list(range(40))


def test_in_time_order_training_comes_before_validation_and_that_before_what_is_held_out():
    spec = DatasetSpec(split="chronological", validation_split=0.25, test_split=0.1)
    folds = fold_parts(spec)
    assert [tuple(map(len, parts)) for parts in folds] == [(6, 2, 7), (11, 4, 7), (16, 6, 7), (22, 7, 7)]
    for parts in folds:
        assert np.concatenate(parts).tolist() == list(range(sum(map(len, parts))))
    assert folds[-1].test[-1] == 35


def test_split_chronological_holds_back_the_last_rows():
    spec = DatasetSpec(split="chronological", validation_split=0.2, test_split=0.3)
    raw = RawArrays(RowSpec((1,)), Split(np.zeros((10, 1), np.float32), np.zeros((10, 1), np.float32)))
    assert [part.tolist() for part in spec.draw(raw, 5)] == [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]


def test_a_group_is_no_input_and_stays_on_one_side(tmp_path: Path):
    spec = table(tmp_path, patients(), group="who", validation_split=0.25, test_split=0.25)
    raw = spec.read(0, tmp_path)
    dataset = raw.split(spec.draw(raw, 0))
    assert dataset.preprocessing.table.features == ["a"]
    whose = [set(np.floor(part.x[:, 0]).astype(int).tolist()) for part in dataset.by_name.values()]
    assert [len(one) for one in whose] == [6, 3, 3]
    assert set.union(*whose) == set(range(12))
    folds = spec.draw_folds(raw, 0, 3, raw.labels)
    assert [len(np.unique(raw.groups[parts.test])) for parts in folds] == [3, 3, 3]
    for parts in folds:
        of = [set(raw.groups[part].tolist()) for part in parts]
        assert len(set.union(*of)) == sum(map(len, of))


def test_rows_keep_their_number_in_the_file_where_some_are_left_out(tmp_path: Path):
    raw = table(tmp_path, "a,g,y\n1,u,1\n2,u,\n3,v,2\n,v,5\n4,w,6\n", missing="drop", group="g").read(0, tmp_path)
    assert raw.row_numbers.tolist() == [1, 3, 5]
    assert raw.groups.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"group": "who", "split": "chronological"}, "group: split: chronological cuts rows by their order"),
        ({"group": "who", "split_column": "a"}, "group: split_column says which rows are held back"),
        ({"split": "chronological", "split_column": "a"}, "split: split_column says which rows are held back"),
        ({"group": "y"}, "group: 'y' is the target"),
        ({"group": "who", "features": ["a", "who"]}, r"features\[1\]: 'who' is the group, which is no input"),
    ],
)
def test_options_that_contradict_each_other_are_refused(tmp_path: Path, options, expected):
    with pytest.raises(ConfigError, match=expected):
        table(tmp_path, patients(), **options)


def test_a_row_without_group_is_refused_with_its_place(tmp_path: Path):
    spec = table(tmp_path, "who,a,y\nu,1,2\n,2,3\nv,3,4\n", group="who", test_split=0.4)
    with pytest.raises(DataError, match=r"rows\.csv: row 2, column 'who': the group is missing"):
        spec.load(0, tmp_path)


def test_a_date_that_goes_back_is_told_where_rows_are_said_to_be_in_order(tmp_path: Path):
    text = "day,a,y\n2024-01-02,1,2\n2024-01-05,2,4\n2024-01-03,3,5\n"
    (warning,) = table(tmp_path, text, split="chronological").load(0, tmp_path).warnings
    assert "'day' goes back in row 3; sort the file by it" in warning
    assert not table(tmp_path, text).load(0, tmp_path).warnings
