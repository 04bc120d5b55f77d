"""``mltrain data``: what is shown of a dataset, and what is found to be odd."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mltrain.cli import main
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.data.inspection import describe_features, find_oddities

CONFIGS = Path(__file__).parents[2] / "configs"
NETWORK = "layers: [{type: dense, units: 1}]\nloss: mse\n"


@pytest.fixture
def show(monkeypatch, capsys):
    def show(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["mltrain", "data", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        return capsys.readouterr()

    return show


def test_a_table_is_shown_by_its_columns(show):
    out, _ = show(CONFIGS / "penguins.yaml", "--set", "dataset.missing=median", "--set", "dataset.target=year")
    lines = out.splitlines()
    assert lines[:3] == ["train  275 rows", "test   69 rows", "a row  12 numbers"]
    (island,) = (line for line in lines if line.startswith("island") and "%" in line)
    assert "Biscoe" in island
    mass, kind = (line for line in lines if line.startswith("body_mass_g"))
    assert kind.split() == ["body_mass_g", "number", "1", "all", "cells", "are", "numbers"]
    assert mass.split()[:3] == ["body_mass_g", "number", "2"]
    sex, kind = (line for line in lines if line.startswith("sex"))
    assert kind.split() == ["sex", "category", "2", "2", "different", "texts"]
    assert sex.split()[2] == "11"
    assert lines[-1].split()[:2] == ["Adelie", "Torgersen"]
    assert lines[-1].split()[-1] == "2007"


def test_as_json(show):
    out, _ = show(CONFIGS / "activity.yaml", "--json")
    document = json.loads(out)
    assert document["rows"] == {"train": 320, "test": 80}
    assert document["class_counts"] == {"train": [80] * 4, "test": [20] * 4}
    assert document["columns"][0]["name"] == "speed_kmh"
    assert sum(document["columns"][0]["histogram"]) == 320
    assert document["warnings"] == []


def test_columns_that_divide_the_rows_are_listed_and_are_no_inputs(show, tmp_path):
    rows = [f"{row},{'abc'[row % 3]},{('train', 'test')[row % 2]},{row}" for row in range(12)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,who,part,y", *rows]))
    config = tmp_path / "rows.yaml"
    config.write_text("dataset: {type: csv, path: rows.csv, target: y, features: [a]}\nlayers: [dense]\nloss: mse\n")
    reason = "its rows stay together in folds and splits; 3 groups"
    out, _ = show(config, "--set", "layers.0.units=1", "--set", "dataset.group=who")
    assert f"who     group        -  left out: {reason}" in out
    out, _ = show(config, "--set", "layers.0.units=1", "--set", "dataset.split_column=part")
    assert "part    split        -  left out: it says which rows are trained on and which held back" in out
    out, _ = show(config, "--set", "layers.0.units=1", "--set", "dataset.group=who", "--json")
    assert json.loads(out)["left_out"] == {"who": reason}


def test_images_are_drawn(show):
    out, _ = show(CONFIGS / "mnist.yaml")
    assert "a row  28 x 28 numbers" in out
    assert "████" in out


def test_inputs_without_names_have_numbers(show):
    out, _ = show(CONFIGS / "xor.yaml")
    assert "x[1]" in out


def test_what_looks_wrong_is_said(show, tmp_path):
    rows = [f"{row % 7},{row % 7},5,{row},{row}" for row in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["a,copy,same,answer,y", *rows]) + "\n")
    (tmp_path / "t.yaml").write_text("dataset: {type: csv, path: t.csv, target: y}\n" + NETWORK)
    _, err = show(tmp_path / "t.yaml")
    said = " ".join(err.split())
    assert "the same in all rows to train on: same; it teaches nothing" in said
    assert "column copy is the same as a in all rows" in said
    assert "column 'answer' says the same as the target 'y' in all rows" in said


def oddities(train, test=None, classes=("a", "b")):
    train, test = (part and Split(np.float32(part[0]), np.int32(part[1])) for part in (train, test))
    dataset = Dataset(RowSpec((1,), classes=classes), train, None, test)
    return find_oddities(dataset, describe_features(dataset))


def test_rows_in_two_parts_are_counted():
    train = ([[1], [2], [3], [4]], [0, 1, 1, 0])
    assert oddities(train, ([[2], [2], [9]], [0, 1, 0])) == [
        "2 of the 3 rows for test are among the rows to train on, too"
    ]
    assert oddities(train, ([[8]], [0])) == []


def test_classes_of_one_row_are_named():
    train = ([[1], [2], [3]], [0, 0, 1])
    assert oddities(train) == ["only one row is of class b: it can be learned or tested, not both"]
