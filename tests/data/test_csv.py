"""Tables from text files: what is found by itself, what is learned from which rows, and what every refusal says."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import mltrain
from mltrain.cli import main
from mltrain.config.convert import convert
from mltrain.config.load import read_config
from mltrain.data.base import Dataset, DatasetSpec
from mltrain.data.columns.category import CategoryColumn
from mltrain.data.columns.number import NumberColumn
from mltrain.data.splitting import Parts
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.data.tables.source import BLOCK_ROWS
from mltrain.errors import ConfigError, DataError
from mltrain.job import prepare

PETS = "age,kind,weight,name\n1,cat,3.5,Tom\n2,dog,20,Rex\n,cat,4,\n4,rat,0.3,Jim\n"


def load(folder: Path, text: str | bytes, seed: int = 0, filename: str = "rows.csv", **options) -> Dataset:
    content = text.encode() if isinstance(text, str) else text
    (folder / filename).write_bytes(content)
    return convert(DatasetSpec, {"type": "csv", "path": filename, **options}).load(seed, folder)


def refusal(folder: Path, text: str | bytes, **options) -> str:
    with pytest.raises(DataError) as error:
        load(folder, text, **options)
    return str(error.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("compress", [False, True])
def test_separators_headers_and_gzip_are_found(tmp_path, delimiter, compress):
    text = "a,b,y\n1,2,3\n-4.5,1e3,6\n".replace(",", delimiter).encode()
    dataset = load(tmp_path, gzip.compress(text) if compress else text, target="y")
    assert dataset.train.x.tolist() == [[1, 2], [-4.5, 1000]]
    assert dataset.train.y.tolist() == [[3], [6]]
    assert dataset.row_spec.classes is None


def test_a_file_without_header_has_numbered_columns(tmp_path):
    dataset = load(tmp_path, "1,2,3\n4,5,6\n", target="column_3")
    assert dataset.train.y.tolist() == [[3], [6]]
    assert load(tmp_path, "a,b\nc,d\n", target="column_2", header=False).row_spec.classes == ("b", "d")


def test_names_become_one_input_each_in_alphabetical_order(tmp_path):
    dataset = load(tmp_path, PETS, target="weight", ignore=["name"], missing="mean")
    assert dataset.preprocessing.table.features == ["age", "kind=cat", "kind=dog", "kind=rat"]
    assert dataset.train.x[:, 1:].tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_numbers_may_be_names(tmp_path):
    text = "code,y\n10,3\n9,1\n10,2\n9,3\n"
    dataset = load(tmp_path, text, target="y", categories=["code", "y"])
    assert dataset.row_spec.classes == ("1", "2", "3")
    (code,) = dataset.preprocessing.table.columns
    assert isinstance(code, CategoryColumn)
    assert code.categories == ("9", "10")
    assert dataset.train.y.tolist() == [2, 0, 1, 2]


@pytest.mark.parametrize(("policy", "age"), [("mean", 7 / 3), ("median", 2), ("most_frequent", 1)])
def test_gaps_are_filled_in(tmp_path, policy, age):
    dataset = load(tmp_path, PETS, target="weight", ignore=["name"], missing=policy)
    assert dataset.train.x[2, 0] == np.float32(age)
    column = dataset.preprocessing.table.columns[0]
    assert column == NumberColumn(name="age", fill=age, reason=column.reason)


def test_gaps_among_names_get_the_most_frequent_name(tmp_path):
    dataset = load(tmp_path, "a,y\nq,1\np,2\np,3\n,4\n", target="y", missing="mean")
    assert dataset.train.x.tolist() == [[0, 1], [1, 0], [1, 0], [1, 0]]


def test_rows_with_gaps_can_be_dropped(tmp_path):
    dataset = load(tmp_path, PETS, target="weight", missing="drop")
    assert dataset.train.y[:, 0].tolist() == pytest.approx([3.5, 20, 0.3])


def test_what_means_missing_can_be_said(tmp_path):
    dataset = load(
        tmp_path, "a,y\n-999,1\n5,2\nnone,3\n7,4\n", target="y", missing="mean", missing_values=["none", -999]
    )
    assert dataset.train.x[:, 0].tolist() == [6, 5, 6, 7]


NUMBERS = "a,b,y\n" + "".join(f"{row},{row * row},{100 + row}\n" for row in range(20))


def test_numbers_are_standardized_by_the_rows_trained_on_alone(tmp_path):
    dataset = load(tmp_path, NUMBERS, target="y", test_split=0.25, validation_split=0.25)
    assert [len(part.x) for part in (dataset.train, dataset.validation, dataset.test)] == [10, 5, 5]
    seen = dataset.preprocessing.inputs.applied(dataset.train.x)
    assert np.allclose(seen.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(seen.std(axis=0), 1, atol=1e-5)
    targets = dataset.preprocessing.targets
    assert targets.shift == pytest.approx((dataset.train.y.mean(),))
    assert np.allclose(targets.undone(targets.applied(dataset.test.y)), dataset.test.y)


def test_scaling_is_said_per_column(tmp_path):
    inputs = load(tmp_path, NUMBERS, target="y", min_max=["b"]).preprocessing.inputs
    assert inputs.shift == pytest.approx((9.5, 0))
    assert inputs.scale[1] == pytest.approx(1 / 361)
    assert load(tmp_path, NUMBERS, target="y", min_max=True).preprocessing.inputs.shift == (0, 0)
    assert load(tmp_path, NUMBERS, target="y", standardize=["a"]).preprocessing.inputs.scale[1] == 1
    plain = load(tmp_path, NUMBERS, target="y", standardize=False, standardize_target=False).preprocessing
    assert plain.inputs.is_identity
    assert plain.targets.is_identity


def test_a_constant_column_becomes_zero(tmp_path):
    dataset = load(tmp_path, "a,b,y\n3,1,1\n3,2,2\n", target="y")
    assert dataset.preprocessing.inputs.applied(dataset.train.x)[:, 0].tolist() == [0, 0]


def test_every_part_has_its_share_of_every_class(tmp_path):
    text = "a,y\n" + "".join(f"{row},{'rare' if row % 10 == 0 else 'common'}\n" for row in range(100))
    dataset = load(tmp_path, text, target="y", validation_split=0.2, test_split=0.3, seed=3)
    assert [np.bincount(part.y).tolist() for part in (dataset.train, dataset.validation, dataset.test)] == [
        [45, 5],
        [18, 2],
        [27, 3],
    ]


def test_rows_stay_with_their_targets(tmp_path):
    dataset = load(tmp_path, NUMBERS, target="y", test_split=0.3)
    for part in (dataset.train, dataset.test):
        assert (part.x[:, 0] + 100).tolist() == part.y[:, 0].tolist()
        assert (part.x[:, 0] ** 2).tolist() == part.x[:, 1].tolist()


def test_a_column_can_say_how_to_split(tmp_path):
    text = "a,y,part\n1,1,test\n2,2,Train\n3,3,val\n4,4,train\n"
    dataset = load(tmp_path, text, target="y", split_column="part")
    assert [part.x[:, 0].tolist() for part in (dataset.train, dataset.validation, dataset.test)] == [[2, 4], [3], [1]]
    assert "column 'part': expected train, validation or test, got 'tst'" in refusal(
        tmp_path, text.replace("test", "tst"), target="y", split_column="part"
    )


def test_held_back_rows_can_have_files_of_their_own(tmp_path):
    (tmp_path / "test.csv").write_text("y,kind,a\n8,dog,9\n")
    dataset = load(tmp_path, "a,kind,y\n1,dog,2\n3,cat,4\n", target="y", test_path="test.csv")
    assert dataset.test.x.tolist() == [[9, 0, 1]]
    assert dataset.test.y.tolist() == [[8]]


def test_quoted_cells_may_hold_anything(tmp_path):
    text = 'a,kind,y\n1,"a, ""b""\nc",2\n3,d,4\nx,d,5\n'
    assert "rows.csv:5: row 3, column 'a'" in refusal(tmp_path, text, target="y")


def test_long_files_switch_to_the_slower_parser_where_they_must(tmp_path):
    rows = BLOCK_ROWS + 10
    lines = ["a,y", *(f"{row},{row % 7}" for row in range(rows))]
    lines[rows] = f'"{rows - 1}",'
    dataset = load(tmp_path, "\n".join(lines), target="y", missing="drop")
    assert dataset.train.x[:, 0].tolist() == list(range(rows - 1))
    lines[rows] = "what,3"
    assert f"rows.csv:{rows + 1}: row {rows:,}, column 'a': expected a number, got 'what'" in refusal(
        tmp_path, "\n".join(lines), target="y"
    )


def test_both_parsers_read_the_same(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1.5,-2\n1e-7, 3\n")
    with DelimitedFile(tmp_path / "rows.csv") as fast, DelimitedFile(tmp_path / "rows.csv", as_text=True) as slow:
        numbers, texts = next(fast.blocks()), next(slow.blocks())
    assert [column.tolist() for column in numbers.columns] == [list(map(float, column)) for column in texts.columns]
    assert list(numbers.lines) == list(texts.lines) == [2, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,y\n1,2\nx,3\n4,5\n", "rows.csv:3: row 2, column 'a': expected a number, got 'x'"),
        ("a,y\n1,2\n3,4,5\n", "rows.csv:3: row 2 has 3 cells, but the first line has 2: '5' is in no column"),
        ("a,b,y\n1,2,3\n3\n", "rows.csv:3: row 2 ends after column 'a': it has 1 of the 3 cells"),
        ("y,a\n2024-01-31,1\n2024-02-01,2\n", "rows.csv: a target is numbers or names, but all cells are dates"),
        ("a,z\n1,2\n", "rows.csv: there is no column 'y' among a, z"),
        ("a,Y_\n1,2\n", "rows.csv: there is no column 'y'"),
        ("", "rows.csv: the file is empty"),
        ("a,y\n", "rows.csv: there are no rows in it"),
        ('a,y\n1,k\n1,"q\n', "rows.csv:3: row 2: this is no table of text: unexpected end of data; a quote is opened"),
        ("a,a,y\n1,2,3\n", "rows.csv:1: two columns are called 'a'"),
        ("a,y\n1e39,2\n1,2\n", "rows.csv:2: row 1, column 'a': 1e39 does not fit into a 32-bit float"),
        ("a,y\ninf,2\n3,2\n", "rows.csv:2: row 1, column 'a': expected a number, got 'inf'"),
        ("a,y\n1,p\n2,p\n", "all rows have the same 'y'"),
        ("y\n1\n", "there is no column to predict from"),
        (b"a,y\n1,\x81\n", "rows.csv:2: this is no text: it is neither UTF-8 nor windows-1252"),
        (gzip.compress(b"a,y\n1,2\n3,\x81\n", mtime=0), "rows.csv:3: this is no text: it is neither UTF-8"),
        (gzip.compress(b"a,y\n1,2\n" * 99, mtime=0)[:30], "a damaged gzip file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path, text, expected):
    assert expected in refusal(tmp_path, text, target="y")


def test_more_refusals(tmp_path):
    ids = "id,y\n" + "".join(f"n{row},{row}\n" for row in range(1002))
    assert "'id' is left out: a different text in every row" in refusal(tmp_path, ids, target="y")
    assert "'a' in 2 rows (first in row 2), 'b' in 1 row (first in row 1); say what to do" in refusal(
        tmp_path, "a,b,y\n1,,2\n,3,2\n,4,5\n", target="y", missing="error"
    )
    assert "rows.csv: row 2, column 'y': the target is missing, in 1 row in all" in refusal(
        tmp_path, "a,y\n1,2\n3,\n", target="y", missing="error"
    )
    assert "the target is missing" in refusal(tmp_path, "a,y\n1,2\n3,\n", target="y", missing="mean")
    assert "leaves none" in refusal(tmp_path, "a,b,y\n1,,2\n,3,4\n", target="y", missing="drop")
    assert "'y' holds names; a target of names stands alone" in refusal(
        tmp_path, "a,b,y\n1,2,p\n2,3,q\n", target=["y", "b"]
    )
    with pytest.raises(DataError, match="there is no such file"):
        convert(DatasetSpec, {"type": "csv", "path": "nowhere.csv", "target": "y"}).row_spec(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation_path": "v.csv", "validation_split": 0.5}, "validation_split draws these rows already"),
        ({"split_column": "s", "test_split": 0.5}, "split_column says which rows are held back"),
        ({"standardize": ["a"], "min_max": ["a"]}, "'a' is in standardize, too"),
        ({"features": ["y"]}, "'y' is the target"),
        ({"target": []}, "expected the name of a column, got an empty list"),
    ],
)
def test_options_that_do_not_fit_each_other_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        convert(DatasetSpec, {"type": "csv", "path": "rows.csv", "target": "y", **options})


ON_ROWS = "{dataset: {type: csv, path: rows.csv, target: y}, layers: [{type: dense, units: 1}], loss: mse}"


@pytest.fixture
def reads(tmp_path, monkeypatch) -> list[int]:
    """An item for each time that a text table is read, rows.csv beside c.yaml for one."""
    (tmp_path / "rows.csv").write_text(NUMBERS)
    (tmp_path / "c.yaml").write_text(ON_ROWS)
    monkeypatch.chdir(tmp_path)
    found = []
    blocks = DelimitedFile.blocks
    monkeypatch.setattr(DelimitedFile, "blocks", lambda file: found.append(1) or blocks(file))
    return found


def test_the_file_is_read_once_for_what_a_row_looks_like_and_for_the_rows(reads, tmp_path):
    source = read_config(tmp_path / "c.yaml")
    job = prepare(source.config, source.folder, source.data)
    assert job.dataset.row_spec == source.data.row_spec
    assert len(reads) == 1
    (tmp_path / "rows.csv").write_text("a,y\n1,2\n")
    assert source.config.dataset.row_spec(tmp_path).input_shape == (1,)


@pytest.mark.parametrize(
    "command", ["fit c.yaml --out run", "fit --resume run --epochs 2", "evaluate run", "check c.yaml", "data c.yaml"]
)
def test_commands_read_the_file_once(reads, command):
    with pytest.raises(SystemExit):
        _run("fit c.yaml --out run")
    reads.clear()
    with pytest.raises(SystemExit) as ended:
        _run(f"{command.replace('--out run', '--out other')}")
    assert ended.value.code == 0
    assert len(reads) == 1


def _run(command: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["mltrain", *command.split()])
        main()


def test_python_reads_the_file_once(reads):
    mltrain.fit("c.yaml", ["training.epochs=0"])
    assert len(reads) == 1
    job = mltrain.prepare("c.yaml")
    job.fresh(seed=3)
    assert len(reads) == 2


MIXED = "kind,size,y\nred,1,1\nblue,2,2\n,3,3\nred,,4\ngreen,10,5\nblue,20,6\n"


def test_each_split_learns_categories_gaps_and_scales_from_its_own_training_rows(tmp_path):
    (tmp_path / "rows.csv").write_text(MIXED)
    spec = convert(DatasetSpec, {"type": "csv", "path": "rows.csv", "target": "y", "missing": "mean"})
    raw = spec.read(0, tmp_path)
    assert (raw.count, raw.labels) == (6, None)
    first, second = (
        Parts(*(np.array(part, np.intp) for part in parts))
        for parts in (([0, 1, 2, 3], [4, 5], []), ([4, 5, 3], [0], [1, 2]))
    )
    one, two, again = raw.split(first), raw.split(second), raw.split(first)
    assert [column.name for column in one.preprocessing.table.columns] == ["kind", "size"]
    assert one.preprocessing.table.features == ["kind=blue", "kind=red", "size"]
    assert one.train.x.tolist() == [[0, 1, 1], [1, 0, 2], [0, 1, 3], [0, 1, 2]]
    assert one.validation.x.tolist() == [[0, 0, 10], [1, 0, 20]]  # green was not there to learn
    assert one.preprocessing.inputs.shift == (0, 0, 2)
    assert one.preprocessing.targets.shift == (2.5,)
    assert one.gaps == {"kind": 1, "size": 1}
    assert one.row_spec.input_shape == (3,)
    assert two.preprocessing.table.features == ["kind=blue", "kind=green", "kind=red", "size"]
    assert two.train.x.tolist() == [[0, 1, 0, 10], [1, 0, 0, 20], [0, 0, 1, 15]]
    assert two.validation.x.tolist() == [[0, 0, 1, 1]]
    assert two.test.x.tolist() == [[1, 0, 0, 2], [1, 0, 0, 3]]
    assert again.train.x.tolist() == one.train.x.tolist()
    assert again.preprocessing == one.preprocessing
    taught = raw.split(second, learned=one.preprocessing)
    assert taught.preprocessing == one.preprocessing
    assert taught.train.x.tolist() == [[0, 0, 10], [1, 0, 20], [0, 1, 2]]
    last = raw.split(first, last=True)
    assert [part.tolist() for part in (*last.train, *last.validation)] == [
        part.tolist() for part in (*one.train, *one.validation)
    ]


def test_a_large_table_takes_little_more_memory_than_its_numbers(tmp_path):
    rows, columns = 150_000, 20
    line = ",".join(f"{column}.25" for column in range(columns - 1))
    text = "\n".join([",".join(f"c{column}" for column in range(columns)), *(f"{line},{row}" for row in range(rows))])
    (tmp_path / "rows.csv").write_text(text)
    spec = convert(DatasetSpec, {"type": "csv", "path": "rows.csv", "target": "c19", "validation_split": 0.2})
    tracemalloc.start()
    try:
        dataset = spec.load(0, tmp_path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(dataset.train.x) == 120_000
    assert sorted(dataset.validation.y[:3, 0].tolist()) == dataset.validation.y[:3, 0].tolist()
    assert most < 1.5 * 4 * rows * columns
