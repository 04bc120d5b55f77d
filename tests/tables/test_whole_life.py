"""A table's whole life, by commands: a config is written for it, a network learns it, and predicts new rows."""

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mltrain
from mltrain.cli import main

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder of its own; gives its exit code, output and messages."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mltrain", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin.encode()))))
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def penguins_folder(tmp_path_factory) -> Path:
    """A folder with a model that tells penguins apart, trained by a config that ``init`` wrote."""
    folder = tmp_path_factory.mktemp("penguins")
    shutil.copy(DATA / "penguins.csv", folder)
    for words in (["init", "csv", "penguins.csv", "--target", "species"], ["fit", "penguins.yaml", "--epochs", "30"]):
        subprocess.run([sys.executable, "-m", "mltrain", *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def penguins(run, tmp_path, penguins_folder):
    """Runs a command in a copy of that folder."""
    shutil.copytree(penguins_folder, tmp_path, dirs_exist_ok=True)
    return run


@pytest.fixture
def line(run, tmp_path):
    """A model of a line, ``y = 100 x + 1000``, that learned from standardized numbers."""
    rows = "".join(f"{x},{100 * x + 1000}\n" for x in range(50))
    (tmp_path / "line.csv").write_text("x,y\n" + rows)
    (tmp_path / "line.yaml").write_text(
        "dataset: {type: csv, path: line.csv, target: y}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\nmetrics: [mae]\n"
        "optimizer: {type: sgd, learning_rate: 0.1}\ntraining: {epochs: 60}\n"
    )
    assert run("fit", "line.yaml", "--quiet")[0] == 0
    return run


def test_a_written_config_is_short_and_learns(penguins):
    text = Path("penguins.yaml").read_text()
    assert len(text.splitlines()) <= 25
    assert "columns: {island: category, sex: category}" in text
    _, out, _ = penguins("evaluate", "--json")
    document = json.loads(out)
    assert document["split"] == "out of fold"
    assert document["metrics"]["accuracy"] > 0.9
    assert set(document["classes"]) == {"Adelie", "Chinstrap", "Gentoo"}
    assert document["classes"]["Gentoo"]["recall"] > 0.9


def test_columns_are_found_by_name_in_any_order(penguins):
    names = ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex", "year"]
    row = dict(zip(names, ["Biscoe", "46.1", "13.2", "211", "4500", "female", "2007"], strict=True))
    backwards = ["note", *reversed(names)]
    text = ",".join(backwards) + "\n" + ",".join({**row, "note": "a b"}[name] for name in backwards) + "\n"
    code, out, _ = penguins("predict", "--input", "-", stdin=text)
    assert (code, out) == (0, "predicted_species\nGentoo\n")
    _, out, _ = penguins("predict", "--input", "-", "--keep", "--probabilities", stdin=text)
    header, line = out.splitlines()
    assert header.split(",")[:2] == ["note", "year"]
    assert header.endswith("predicted_species,probability_Adelie,probability_Chinstrap,probability_Gentoo")
    assert line.startswith("a b,2007,female,4500")
    assert sum(map(float, line.split(",")[-3:])) == pytest.approx(1)
    named = ",".join(f"{name}={value}" for name, value in row.items())
    for x in (named, ",".join(row.values())):
        _, out, _ = penguins("predict", "--x", x, "--json")
        prediction = json.loads(out)["predictions"][0]
        assert prediction["label"] == "Gentoo"
        assert prediction["x"][0] == "Biscoe"
    _, out, _ = penguins("predict", "--input", "-", "--json", stdin=json.dumps(row) + "\n")
    assert json.loads(out)["predictions"] == [prediction]
    assert mltrain.load_model().predict_labels([row]) == ["Gentoo"]


def test_a_gap_is_filled_as_it_was_when_learning(penguins):
    code, out, _ = penguins("predict", "--x", "island=Biscoe,flipper_length_mm=215")
    assert code == 0
    assert "Gentoo" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--x", "isle=Biscoe"], 2, "there is no column 'isle'"),
        (["--x", "1,2"], 2, "the model takes island, bill_length_mm"),
        (["--x", "year=soon"], 3, "column 'year': expected a number, got 'soon'"),
        (["--input", "nowhere.csv"], 3, "nowhere.csv: there is no such file"),
        (["--input", "other.csv"], 3, "other.csv: there is no column 'island' among a, b, which the model needs"),
        (["--input", "penguins.csv", "--output", "out.txt"], 2, "expected a name that ends with .csv, .jsonl"),
        (["--output", "out.csv", "--x", "1"], 2, "go with --input"),
        ([], 2, "say what to predict"),
    ],
)
def test_what_cannot_be_predicted_is_refused(penguins, arguments, code, message):
    Path("other.csv").write_text("a,b\n1,2\n")
    found, _, err = penguins("predict", *arguments)
    assert found == code
    assert message in err


def test_a_file_is_predicted_in_blocks_and_written_whole(penguins, monkeypatch):
    code, _, err = penguins("predict", "--input", "penguins.csv", "--output", "out.jsonl", "--keep")
    assert code == 0
    assert "344 predictions written to out.jsonl" in err
    whole = Path("out.jsonl").read_text()
    monkeypatch.setattr("mltrain.data.tables.source.BLOCK_ROWS", 50)
    assert penguins("predict", "--input", "penguins.csv", "--output", "again.jsonl", "--keep")[0] == 0
    rows, again = (
        [json.loads(line) for line in text.splitlines()] for text in (whole, Path("again.jsonl").read_text())
    )
    assert rows == again
    assert np.mean([row["species"] == row["predicted_species"] for row in rows]) > 0.9
    Path("bad.csv").write_text(Path("penguins.csv").read_text().replace(",2009\n", ",x\n", 1))
    code, _, err = penguins("predict", "--input", "bad.csv", "--output", "bad-out.csv")
    assert code == 3
    assert "column 'year': expected a number, got 'x'" in err
    assert not Path("bad-out.csv").exists()


def test_other_rows_can_be_measured(penguins):
    code, out, _ = penguins("evaluate", "--data", "penguins.csv")
    assert code == 0
    assert "344 (penguins.csv)" in out
    assert "precision" in out
    Path("odd.csv").write_text(Path("penguins.csv").read_text().replace("Gentoo,", "Emperor,", 1))
    code, _, err = penguins("evaluate", "--data", "odd.csv")
    assert code == 3
    assert "column 'species': 'Emperor' is none of the names learned from: Adelie, Chinstrap, Gentoo" in err
    Path("odd.csv").write_text(Path("penguins.csv").read_text().replace("Gentoo,", ",", 1))
    code, out, err = penguins("evaluate", "--data", "odd.csv")
    assert (code, "343 (odd.csv)" in out) == (0, True)
    assert "rows without the value to be predicted were left out: 1" in err
    Path("odd.csv").write_text(re.sub("(Gentoo|Adelie|Chinstrap),", ",", Path("penguins.csv").read_text()))
    code, _, err = penguins("evaluate", "--data", "odd.csv")
    assert code == 3
    assert "'species', to be predicted, is empty in all rows" in err


def test_numbers_come_in_the_units_of_the_target(line):
    _, out, _ = line("predict", "--x", "10", "--json")
    assert json.loads(out)["predictions"][0]["y"] == pytest.approx([2000], rel=1e-3)
    _, out, _ = line("evaluate", "--data", "line.csv", "--json")
    document = json.loads(out)
    assert document["metrics"]["mean_absolute_error"] < 5
    assert list(document["residuals"]["y"]) == ["0", "0.05", "0.25", "0.5", "0.75", "0.95", "1"]
    assert abs(document["residuals"]["y"]["0.5"]) < 5
    assert "prediction − target" in line("evaluate")[1]
    model = mltrain.load_model()
    assert model.predict([[10.0]])[0, 0] == pytest.approx(2000, rel=1e-3)
    assert model.predict([{"x": 10}])[0, 0] == pytest.approx(2000, rel=1e-3)


def test_a_target_that_the_last_layer_cannot_produce_names_the_scaling(line):
    text = Path("line.yaml").read_text().replace("units: 1", "units: 1, activation: relu")
    Path("line.yaml").write_text(text)
    code, _, err = line("check", "line.yaml")
    assert code == 2
    assert "set dataset.standardize_target to false" in err
    assert line("check", "line.yaml", "--set", "dataset.standardize_target=false")[0] == 0


def test_a_model_of_no_table_takes_columns_in_their_order(run, tmp_path):
    (tmp_path / "line.yaml").write_text(
        "dataset: {type: linear, slope: 2, intercept: 1, x: [-1, 0, 1, 2]}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\noptimizer: {type: sgd, learning_rate: 0.1}\n"
        "training: {epochs: 200}\n"
    )
    assert run("fit", "line.yaml", "--quiet")[0] == 0
    _, out, _ = run("predict", "--input", "-", stdin="a\n10\n20\n")
    header, *rows = out.splitlines()
    assert header == "predicted_y"
    assert list(map(float, rows)) == pytest.approx([21, 41], rel=1e-2)
    _, out, _ = run("evaluate", "--data", "-", "--json", stdin="a,b\n10,21\n20,41\n")
    assert json.loads(out)["samples"] == 2
    assert "has 2 columns, but the model takes 1 number a row" in run("predict", "--input", "-", stdin="a,b\n1,2\n")[2]


def test_what_is_left_out_of_a_written_config_is_said(run, tmp_path):
    header = "id,day,grade,empty,same,a,label"
    rows = [f"n{row},2024-01-{row % 28 + 1:02d},{row % 3},,7,{row * 1.5},{row % 4}" for row in range(60)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    code, _, err = run("init", "csv", "t.csv", "--target", "label")
    assert code == 0
    text = (tmp_path / "t.yaml").read_text()
    assert "ignore: [id, empty, same]" in text
    assert "columns: {day: date}" in text
    assert "categories: [label]" in text
    said = " ".join(err.split())
    assert "'id' is left out: a different text in every row" in said
    assert "'same' is left out: it holds '7' in all rows" in said
    assert "'day': date, as all cells are dates" in said
    assert run("check", "t.yaml")[0] == 0
    (tmp_path / "configs").mkdir()
    assert run("init", "csv", "t.csv", "--target", "label", "--out", "configs/elsewhere.yaml")[0] == 0
    assert run("check", "configs/elsewhere.yaml")[0] == 0
    assert "t.yaml is there already" in run("init", "csv", "t.csv", "--target", "label")[2]
    assert "there is no column 'lable' (did you mean 'label'?)" in run("init", "csv", "t.csv", "--target", "lable")[2]
    assert "mltrain init csv FILE --target COLUMN" in run("init", "csv", "t.csv")[2]
    assert "can be no target: it holds dates" in run("init", "csv", "t.csv", "--target", "day", "--force")[2]


def test_a_damaged_description_of_the_inputs_is_refused(penguins, tmp_path):
    (file,) = tmp_path.glob("runs/*/model.npz")
    with np.load(file) as arrays:
        content = dict(arrays)
    meta = json.loads(str(content["meta"]))
    island = meta["table"]["columns"][0]
    for damage in (
        {"table": {**meta["table"], "columns": [{**island, "type": "image"}]}},
        {"table": {**meta["table"], "columns": [{**island, "fill": "Mars"}, *meta["table"]["columns"][1:]]}},
        {"table": {**meta["table"], "columns": [island]}},
        {"inputs": {"scale": [1.0, 2.0], "shift": 0.0}},
        {"inputs": {"scale": float("nan"), "shift": 0.0}},
    ):
        np.savez(tmp_path / "bad.npz", **{**content, "meta": np.array(json.dumps({**meta, **damage}))})
        code, _, err = penguins("predict", "--model", "bad.npz", "--x", "1")
        assert code == 3
        assert "its meta is incomplete" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}\n[1]\n", "rows.jsonl:2: expected an object"),
        ("{\n", "rows.jsonl:1: this line is not JSON"),
        ("{}\n{}\n", "rows.jsonl: there are no columns in it"),
        ("", "is empty"),
    ],
)
def test_broken_json_lines_are_refused(line, text, message):
    Path("rows.jsonl").write_text(text)
    assert message in line("predict", "--input", "rows.jsonl")[2]


def test_a_lesson_comes_with_its_table(run):
    code, _, err = run("init", "iris")
    assert code == 0
    assert "its rows are in iris.csv" in err
    assert Path("iris.csv").read_text() == (DATA / "iris.csv").read_text()
    assert run("check", "iris.yaml")[0] == 0


def test_new_rows_are_laid_out_as_those_learned_from(run, tmp_path):
    rows = [(x % 7, "ab"[x % 2], 10 * (x % 2) + x % 7) for x in range(40)]
    (tmp_path / "t.txt").write_text("".join(f"{y}:{x}:{name}\n" for x, name, y in rows))
    (tmp_path / "t.yaml").write_text(
        "dataset: {type: csv, path: t.txt, target: column_1, delimiter: ':', header: false}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\noptimizer: {type: adam, learning_rate: 0.1}\n"
        "training: {epochs: 100}\n"
    )
    assert run("fit", "t.yaml", "--quiet")[0] == 0
    for text in ("0:3:b\n0:4:a\n", "3:b\n4:a\n", "column_3,column_2\nb,3\na,4\n", "b:3\n"):
        code, out, err = run("predict", "--input", "-", stdin=text)
        if text == "b:3\n":
            assert (code, "column 'column_2': expected a number, got 'b'" in err) == (3, True)
        else:
            header, *predicted = out.splitlines()
            assert header == "predicted_column_1"
            assert list(map(float, predicted)) == pytest.approx([13, 4], abs=0.1)


def test_a_table_that_has_moved_is_named_where_it_was(line, tmp_path):
    Path("line.csv").rename("other.csv")
    code, _, err = line("evaluate")
    assert code == 3
    assert err.startswith(f"error: {tmp_path}/line.csv: there is no such file")


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_config_for_a_parquet_file(run, tmp_path, ending):
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"a": [1, 2, None, 4] * 5, "b": ["x", "y", "x", "y"] * 5, "label": [0, 1, 0, 1] * 5})
    if ending == "parquet":
        pytest.importorskip("pyarrow.parquet").write_table(table, "t.parquet")
    else:
        with arrow.ipc.new_file("t.arrow", table.schema) as file:
            file.write_table(table)
    assert run("init", "csv", f"t.{ending}", "--target", "label")[0] == 0
    text = Path("t.yaml").read_text()
    assert f"dataset: {{type: parquet, path: t.{ending}, target: label," in text
    assert "columns: {b: category}, categories: [label]" in text
    assert run("fit", "t.yaml", "--quiet")[0] == 0
    assert run("predict", "--input", f"t.{ending}", "--output", "out.csv")[0] == 0
    assert len(Path("out.csv").read_text().splitlines()) == 21


def test_json_lines_cannot_be_learned_from(run):
    Path("t.jsonl").write_text('{"a": 1}\n')
    code, _, err = run("init", "csv", "t.jsonl", "--target", "a")
    assert code == 3
    assert err.startswith("error: t.jsonl: JSON Lines can be predicted, but not learned from; save the rows as .csv")
