"""Columns of many names: an index that an embedding layer reads, from ``init csv`` to new rows and transfer."""

import csv
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import mltrain
from mltrain.cli import main
from mltrain.commands.init_table import config_for
from mltrain.config.load import parse_config
from mltrain.data.columns.index import IndexColumn
from mltrain.data.encoding import ChoiceEncoding
from mltrain.errors import ConfigError, DataError
from mltrain.inference.given import given_rows
from mltrain.inference.model import Model
from mltrain.inference.steps import inference_steps
from mltrain.job import prepare

NAMES = [f"name {number}" for number in range(80)]

CONFIG = """
dataset: {type: csv, path: rows.csv, target: y, test_split: 0.2, columns: {name: index}}
layers:
  - {type: embedding, inputs: [name], input_dim: 82, output_dim: 4}
  - flatten
  - {type: concatenate, inputs: [input, flatten]}
  - {type: dense, units: 8, activation: relu}
  - {type: dense, units: 1}
loss: mean_squared_error
optimizer: {type: adam, learning_rate: 0.01}
training: {epochs: 6}
"""


def write(path: Path, names: list[str], **more: list[str]) -> None:
    chance = random.Random(0)
    effects = {name: chance.gauss(0, 1) for name in sorted({*names, ""})}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "name", "b", *more, "y"])
        for row, name in enumerate(names):
            a, b = round(chance.gauss(0, 1), 3), round(chance.gauss(0, 1), 3)
            writer.writerow([a, name, b, *(cells[row] for cells in more.values()), round(a / 2 + effects[name], 3)])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chance = random.Random(1)
    write(tmp_path / "rows.csv", [chance.choice(NAMES) if row % 40 else "" for row in range(1600)])
    return tmp_path


def fitted(folder: Path, text: str = CONFIG) -> Model:
    (folder / "c.yaml").write_text(text)
    return mltrain.fit(folder / "c.yaml")


def one_epoch(text: str) -> str:
    return re.sub(r"epochs: \d+", "epochs: 1", text)


def test_many_names_become_an_embedding_and_few_do_not(folder):
    text, said = config_for(folder / "rows.csv", "y", folder, {})
    assert "'name': index, as an embedding suits 80 different names" in said
    assert "columns: {name: index}" in text
    assert "{type: embedding, inputs: [name], input_dim: 82, output_dim: 4}" in text
    assert "{type: periodic_embedding, inputs: [input]}" in text
    assert "{type: concatenate, inputs: [periodic_embedding, flatten]}" in text
    assert not any("in size" in sentence for sentence in said)
    write(folder / "few.csv", [NAMES[row % 20] for row in range(1600)])
    text, said = config_for(folder / "few.csv", "y", folder, {})
    assert "type: embedding" not in text


def test_the_config_works_untouched_whatever_the_columns_are_called(folder):
    other = [f"x{row % 60}" for row in range(1600)]
    write(
        folder / "two.csv",
        [NAMES[row % 80] for row in range(1600)],
        **{"Home City, 1": other, "dense": other, "i d": other},
    )
    text, _ = config_for(folder / "two.csv", "y", folder, {})
    assert "{type: concatenate, inputs: [embedding, embedding_1, embedding_2]}" in text
    model = fitted(folder, one_epoch(text))
    assert list(model.row_spec.named_inputs) == ["input", "name", "Home City, 1", "i d"]
    (folder / "alone.csv").write_text("name,y\n" + "".join(f"{NAMES[row % 80]},{row % 77}\n" for row in range(800)))
    text, _ = config_for(folder / "alone.csv", "y", folder, {})
    model = fitted(folder, one_epoch(text))
    assert model.predict([{"name": "name 3"}]).shape == (1, 1)


def test_names_get_indices_and_all_others_share_one(folder):
    write(folder / "rows.csv", [*["x", "y"] * 50, "once", ""])
    text = CONFIG.replace("test_split: 0.2, ", "")
    dataset = parse_config(text, folder / "c.yaml").dataset.load(0, folder)
    assert dataset.preprocessing.table is not None
    numbers, column = dataset.preprocessing.table.columns[0], dataset.preprocessing.table.columns[-1]
    assert isinstance(column, IndexColumn)
    assert (numbers.name, column.categories, column.place) == ("a", ("x", "y"), 1)
    assert dataset.train.x[:2, 2].tolist() == [2, 3]
    assert dataset.train.x[-2:, 2].tolist() == [0, 1]
    assert column.decode(dataset.train.x[-3:, 2:]) == ["y", "(other)", ""]
    assert [one.name for one in dataset.preprocessing.table.in_order] == ["a", "name", "b"]
    assert dict(column.common(dataset.train.x[:, 2:])) == {"x": 50, "y": 50, "(other)": 1, "(missing)": 1}


@pytest.mark.parametrize(
    ("options", "gap", "unknown"),
    [
        ("missing: most_frequent", "x", "(other)"),
        ("unknown: ignore", "", "(other)"),
        ("unknown: error", None, None),
        ("missing: drop", "", "(other)"),
    ],
)
def test_gaps_and_unknown_names_in_new_rows(folder, options, gap, unknown):
    write(folder / "rows.csv", [*["x", "y"] * 50, "x"])
    model = fitted(folder, CONFIG.replace("test_split: 0.2", options))
    table = model.preprocessing.table
    assert table is not None
    for cell, wanted in (("", gap), ("new", unknown), (" x ", "x")):
        row = [{"a": 1, "name": cell, "b": 2}]
        if wanted is None:
            with pytest.raises(DataError, match=r"missing|none of the names"):
                model.predict(row)
        else:
            x = given_rows(row, model.row_spec, table)
            assert table.columns[-1].decode(x[:, 2:]) == [wanted]
            assert np.isfinite(model.predict(row)).all()


def test_too_few_vectors_are_an_error_before_training(folder):
    with pytest.raises(ConfigError, match="raise input_dim"):
        fitted(folder, CONFIG.replace("input_dim: 82", "input_dim: 60"))


def test_a_column_called_input_is_refused(folder):
    (folder / "rows.csv").write_text("a,input,y\n" + "1,x,2\n2,y,3\n" * 20)
    with pytest.raises(DataError, match="the input of all other columns has this name"):
        fitted(folder, CONFIG.replace("{name: index}", "{input: index}").replace("[name]", "[input]"))


def test_from_the_command_line(folder, monkeypatch, capsys):
    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["mltrain", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        out, err = capsys.readouterr()
        return " ".join((out + err).split())

    run("init", "csv", "rows.csv", "--target", "y")
    shown = run("data", "rows.yaml")
    assert "name index 1 80 different texts" in shown
    assert "in size" not in shown
    assert "name index 1 80 different texts" in run("summary", "rows.yaml")
    assert run("check", "rows.yaml") == "rows.yaml: ok"
    run("fit", "rows.yaml", "--epochs", "2", "--quiet")
    assert "r2" in run("evaluate")
    by_place = run("predict", "--x", "0.5,name 7,-1")
    assert by_place == run("predict", "--x", "b=-1,a=0.5,name=name 7").replace("-1, 0.5, name 7", "0.5, name 7, -1")
    assert "rare or new to the model count as other: 1 in 'name' ('Atlantis')" in run("predict", "--x", "0,Atlantis,0")
    (folder / "new.csv").write_text("name,b,a\nname 7,-1,0.5\nAtlantis,0,0\n,1,1\n")
    shown = run("predict", "--input", "new.csv", "--json")
    assert "1 in 'name' ('Atlantis')" in shown
    assert "missing values were filled in: 1 in 'name'" in shown
    model = mltrain.load_model("runs/rows-001/model.npz")
    row = {"a": 0.5, "name": "name 7", "b": -1}
    assert f"{model.predict([row])[0, 0]:.4g}" in by_place


def test_a_saved_model_predicts_the_same_and_says_how_cells_are_encoded(folder):
    model = fitted(folder)
    model.save("model.npz")
    again = mltrain.load_model("model.npz")
    cells = ["name 7", "Atlantis", ""]
    rows = [{"a": 0.5, "name": name, "b": -1} for name in cells]
    assert (again.predict(rows) == model.predict(rows)).all()
    again.save("again.npz")
    assert Path("again.npz").read_bytes() == Path("model.npz").read_bytes()
    steps = inference_steps(again)
    assert steps.columns is not None
    encoding = steps.columns[-1]
    assert isinstance(encoding, ChoiceEncoding)
    places = [encoding.codes["name 7"], encoding.unknown, encoding.gap]
    inputs = given_rows(rows, model.row_spec, model.preprocessing.table)[:, 2]
    assert [encoding.vectors[place or 0] for place in places] == [((0, float(value)),) for value in inputs]


@pytest.mark.parametrize(
    ("renamed", "taken", "why"),
    [
        (lambda name: f"{'zyx'[int(name[5:]) % 3]}{name}", False, "the names in 'name' are others"),
        (lambda name: name, True, ""),
    ],
)
def test_vectors_follow_their_names_into_another_training(folder, renamed, taken, why):
    model = fitted(folder)
    with (folder / "rows.csv").open() as file:
        rows = list(csv.reader(file))
    chance = random.Random(3)
    body = [[a, renamed(name) if name else "", b, y] for a, name, b, y in rows[1:]]
    chance.shuffle(body)
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([rows[0], *body])
    job = prepare(parse_config(CONFIG, folder / "c.yaml"), folder)
    starts = {start.layer: start for start in job.start_from(model)}
    assert starts["embedding"].taken == taken
    assert why in starts["embedding"].why
    if taken:
        assert (job.network.arrays["embedding.embeddings"] == model.network.arrays["embedding.embeddings"]).all()


def test_the_same_row_gives_the_same_output_although_numbers_are_scaled_in_another_way(folder):
    model = fitted(folder)
    with (folder / "rows.csv").open() as file:
        header, *body = csv.reader(file)
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *([str(3 * float(a) + 1), name, b, y] for a, name, b, y in body)])
    job = prepare(parse_config(CONFIG, folder / "c.yaml"), folder)
    starts = {start.layer: start for start in job.start_from(model)}
    assert all(start.taken for start in starts.values())
    rows = [{"a": 0.5, "name": name, "b": -1} for name in ("name 7", "name 8", "")]
    np.testing.assert_allclose(job.model([]).predict(rows), model.predict(rows), rtol=1e-4, atol=1e-5)
