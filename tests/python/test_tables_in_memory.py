"""Tables that a program has in memory: found by the names of their columns, whichever library they are of."""

import datetime
import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest

import mltrain
from mltrain.data.tables.frames import frame

DATA = Path(__file__).parents[2] / "data"
ROWS = {
    "weight": [3.5, 20.0, 0.3, None, 5.0, 30.0],
    "kind": ["cat", "dog", "rat", "cat", None, "dog"],
    "code": [1, 2, 2, 1, 1, 2],
    "big": ["yes", "yes", "no", "no", "no", "yes"],
}
WIDE = {"of no use": [datetime.date(2020, 1, 1)] * 6, **dict(reversed(ROWS.items())), "also": [decimal.Decimal(1)] * 6}
"""The same columns in another order, among others."""


def by_rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def structured(columns: dict[str, list[Any]]) -> Any:
    kinds = [(name, object) for name in columns]
    return np.array([tuple(row.values()) for row in by_rows(columns)], kinds)


class OnlyAStream:
    """What DuckDB and others offer."""

    def __init__(self, table: pyarrow.Table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def of_pandas(columns: dict[str, list[Any]], **options: Any) -> Any:
    pandas = pytest.importorskip("pandas")
    made = pandas.DataFrame(columns)
    return made.convert_dtypes() if options else made


FORMS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "dict of lists": dict,
    "dict of arrays": lambda columns: {name: np.array(cells) for name, cells in columns.items()},
    "list of dicts": by_rows,
    "structured array": structured,
    "pyarrow table": pyarrow.table,
    "pyarrow batch": lambda columns: pyarrow.table(columns).to_batches()[0],
    "arrow stream": lambda columns: OnlyAStream(pyarrow.table(columns)),
    "pandas": of_pandas,
    "pandas with its own missing values": lambda columns: of_pandas(columns, nullable=True),
    "pandas categories": lambda columns: of_pandas(columns).astype({"kind": "category"}),
    "polars": lambda columns: pytest.importorskip("polars").DataFrame(columns),
    "polars, lazy": lambda columns: pytest.importorskip("polars").LazyFrame(columns),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> mltrain.Model:
    folder = tmp_path_factory.mktemp("table")
    lines = [",".join(ROWS)] + [
        ",".join("" if cell is None else str(cell) for cell in row.values()) for row in by_rows(ROWS)
    ]
    (folder / "rows.csv").write_text("\n".join(lines))
    dataset = {"type": "csv", "path": "rows.csv", "target": "big", "missing": "median", "categories": ["code"]}
    return mltrain.fit(
        {
            "dataset": dataset,
            "layers": [{"type": "dense", "units": 2, "activation": "softmax"}],
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "training": {"epochs": 3},
        },
        folder=folder,
    )


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_columns_are_found_by_name_in_any_order_and_among_others(form: Any, model: mltrain.Model) -> None:
    expected = model.predict(by_rows(ROWS))
    assert expected.shape == (6, 2)
    assert len({tuple(row) for row in expected.tolist()}) > 3
    for columns in (ROWS, WIDE, {name: cells for name, cells in WIDE.items() if name != "big"}):
        table = form(columns)
        assert np.array_equal(model.predict(table), expected)
        assert model.predict_labels(table) == model.labels(expected)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_missing_column_is_named_with_the_one_that_was_meant(form: Any, model: mltrain.Model) -> None:
    wrong = {("weigth" if name == "weight" else name): cells for name, cells in ROWS.items()}
    with pytest.raises(mltrain.DataError) as caught:
        model.predict(form(wrong))
    assert str(caught.value) == ("x: there is no column 'weight' (did you mean 'weigth'?), which the model needs")
    assert (caught.value.path, caught.value.column) == ("x", "weight")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_cell_that_cannot_be_used_is_told_with_its_row_and_column(form: Any, model: mltrain.Model) -> None:
    wrong = {**ROWS, "weight": ["3.5", "20", "0.3", None, "heavy", "30"]}
    with pytest.raises(mltrain.DataError, match=r"^x: row 5, column 'weight': .*'heavy'") as caught:
        model.predict(form(wrong))
    assert (caught.value.row, caught.value.column) == (5, "weight")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_table_with_its_target_is_evaluated(form: Any, model: mltrain.Model) -> None:
    found = model.evaluate(form(WIDE))
    again = model.evaluate(form({name: ROWS[name] for name in ("code", "kind", "weight")}), ROWS["big"])
    numbered = model.evaluate(by_rows(ROWS), [["no", "yes"].index(name) for name in ROWS["big"]])
    assert found.loss == again.loss == numbered.loss > 0
    assert found.metrics == again.metrics
    assert found.confusion is not None
    assert found.confusion.sum() == 6
    assert found.confusion.tolist() == again.confusion.tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [[1, 2, 3]],
            "x has shape (1, 3), but the model takes (rows, 6): each row is 6 numbers; it learned from a table",
        ),
        (
            [["cat", 2]],
            "x must hold numbers, in rows of equal length; it learned from a table, so it takes a data frame",
        ),
        ({"weight": 1, "kind": "cat", "code": 1}, "x: 'weight' is int, not a column of cells; a single row is a list"),
        ({"weight": [1, 2], "kind": ["cat"], "code": [1]}, "x: column 'kind' has 1 cells, but 'weight' has 2"),
        ({}, "x has no columns"),
        ([{}], "x has no columns"),
        ({"weight": [], "kind": []}, "x: there is no column 'code' among weight, kind, which the model needs"),
        ([{"weight": 1}, 3], "x: row 2 is int, not cells by name as row 1 is"),
    ],
)
def test_what_is_no_table_is_refused(rows: Any, message: str, model: mltrain.Model) -> None:
    with pytest.raises(mltrain.DataError) as caught:
        model.predict(rows)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (
            [[1.0] * 6],
            None,
            "the targets to compare with are missing: evaluate(x, y), or a table that has the column 'big'",
        ),
        (
            [{"weight": 1, "kind": "cat", "code": 1}],
            None,
            "x: there is no column 'big' among weight, kind, code, which is",
        ),
        ([[1.0] * 6], ["maybe"], "y: row 1 is 'maybe', which is none of the classes no, yes"),
        ([[1.0] * 6], [None], "y: row 1 is missing, which is none of the classes no, yes"),
        ([[1.0] * 6], ["no", "yes"], "x has 1 rows, but y has 2"),
        (np.zeros((0, 6)), [], "x has no rows to evaluate on"),
    ],
)
def test_rows_without_fitting_targets_are_refused(x: Any, y: Any, message: str, model: mltrain.Model) -> None:
    with pytest.raises(mltrain.DataError) as caught:
        model.evaluate(x, y)
    assert str(caught.value).startswith(message)


def test_arrays_are_taken_by_position(model: mltrain.Model) -> None:
    expected = model.predict([{"weight": 20, "kind": "dog", "code": 2}])
    assert np.allclose(model.predict([[20, 0, 1, 0, 0, 1]]), expected, atol=1e-6)
    assert model.predict(np.zeros((0, 6))).shape == (0, 2)


LINE = {
    "dataset": {"type": "inline", "x": [[0, 1], [1, 0], [2, 2]], "y": [1, 2, 6]},
    "layers": [{"type": "dense", "units": 1}],
    "loss": "mse",
    "metrics": ["mae"],
    "training": {"epochs": 2},
}


def test_a_model_that_learned_from_no_table_takes_columns_of_numbers_in_order() -> None:
    model = mltrain.fit(LINE)
    expected = model.predict([[0, 1], [2, 2]])
    for rows in (pyarrow.table({"a": [0, 2], "b": [1.0, 2.0]}), {"a": [0, 2], "b": np.array([1, 2])}):
        assert np.array_equal(model.predict(rows), expected)
    with pytest.raises(
        mltrain.DataError, match=r"x: column 'b' does not hold numbers; this model learned from no table"
    ):
        model.predict([{"a": 0, "b": "c"}])
    with pytest.raises(mltrain.DataError, match=r"x has shape \(1, 3\), but the model takes"):
        model.predict([{"a": 0, "b": 1, "c": 2}])
    with pytest.raises(mltrain.DataError, match=r"^the targets to compare with are missing: evaluate\(x, y\)$"):
        model.evaluate([[0, 1]])
    assert model.evaluate([[0, 1], [2, 2]], [1, 6]).metrics == model.evaluate([[0, 1], [2, 2]], [[1.0], [6.0]]).metrics
    with pytest.raises(mltrain.DataError, match=r"^y must hold 1 number a row$"):
        model.evaluate([[0, 1]], ["a"])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, None, 2.5], [1, np.nan, 2.5]),
        (np.array([1, 2], np.int8), [1, 2]),
        ([2**53 + 1, 1], ["9007199254740993", "1"]),
        (np.array([2**53 + 1, 1]), ["9007199254740993", "1"]),
        ([1e300, None], [1e300, np.nan]),
        (np.array([1e300, 2]), [1e300, 2]),
        (pyarrow.chunked_array([[1, None], [3]]), [1, np.nan, 3]),
        (pyarrow.array([2**53 + 1, None]), ["9007199254740993", ""]),
        ([True, None], ["True", ""]),
        (["a", float("nan")], ["a", ""]),
        ([None, None], ["", ""]),
        ([], []),
    ],
)
def test_cells_are_numbers_or_texts(cells: Any, expected: list[Any]) -> None:
    made = frame("x", {"a": cells})
    assert made is not None
    found = [cell for block in made.blocks() for cell in block.columns[0]]
    np.testing.assert_array_equal(found, expected)


def test_names_are_texts_and_there_once() -> None:
    assert frame("x", {1: [2]}).columns == ("1",)  # type: ignore[union-attr]
    with pytest.raises(mltrain.DataError, match=r"^x: two columns are called '1'; each needs a name of its own$"):
        frame("x", {1: [2], "1": [3]})
    pandas = pytest.importorskip("pandas")
    with pytest.raises(mltrain.DataError, match=r"^x: two columns are called 'a'"):
        frame("x", pandas.DataFrame([[1, 2]], columns=["a", "a"]))
