"""A row of totals in a table is named, with what to do about it; other words and places are no such row."""

from pathlib import Path

import pytest

import mltrain
from mltrain.commands.init_table import config_for
from mltrain.data.columns import Held
from mltrain.data.tables.totals import row_of_totals

SAID = "looks like the label of a row of totals; delete this row from the file, as it is no example"


def held(cells: list[str]) -> Held:
    first = {cell: row for row, cell in reversed([*enumerate(cells, 1)])}
    return Held("a", len(cells), 0, {cell: cells.count(cell) for cell in first}, first)


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["Ulm", "Bonn", "Total"], 3),
        (["Ulm", "Ulm", "Bonn", "Summe:"], 4),
        (["2001", "2001", "GRAND TOTAL"], 3),
        (["Итого", "Казань", "Самара"], 1),
        (["Ulm", "gesamt", "Bonn"], 2),
        (["Ulm", "Ulm", "Total", "Bonn"], None),  # a name among others that come again
        (["Total", "Shell", "Total", "Shell"], None),
        (["mean", "sum", "max"], None),
        (["mean", "max", "sum"], 3),
        (["Ulm", "Bonn", "Total War"], None),
    ],
)
def test_a_word_for_total_counts_where_it_stands_alone(cells: list[str], row: int | None) -> None:
    found = row_of_totals(held(cells))
    assert (found and found.first) == row


@pytest.mark.parametrize("label", ["year", "town"])
def test_init_and_fit_name_the_row(tmp_path: Path, label: str) -> None:
    rows = [
        [str(2000 + row) if label == "year" else f"town {'abcdefghijkl'[row]}", row, row * row] for row in range(12)
    ]
    table = [[label, "a", "y"], *rows, ["Total", sum(int(row[1]) for row in rows), sum(int(row[2]) for row in rows)]]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(",".join(map(str, cells)) for cells in table) + "\n")
    _, decided = config_for(path, "y", tmp_path, {})
    assert decided.count(f"row 13, column '{label}': 'Total' {SAID}") == 1
    assert not any("missing_values" in one for one in decided)
    config = {
        "name": "n",
        "dataset": {"type": "csv", "path": str(path), "target": "y"},
        "layers": [{"type": "dense", "units": 1}],
    }
    config |= {"loss": "mse", "optimizer": "sgd", "training": {"epochs": 1}}
    if label == "year":
        with pytest.raises(mltrain.DataError) as error:
            mltrain.prepare(config)
        assert str(error.value) == f"{path}:14: row 13, column 'year': 'Total' {SAID}"
    else:
        assert f"row 13, column 'town': 'Total' {SAID}" in mltrain.prepare(config).dataset.warnings
    path.write_text(path.read_text().replace("Total", "2050" if label == "year" else "town z"))
    assert not any("totals" in one for one in config_for(path, "y", tmp_path, {})[1])
