"""``predict --input``: what is kept, in which form it is written, and that the rows themselves are never lost."""

import csv
import io
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mltrain
from mltrain.cli import main
from mltrain.commands.predict import _words
from mltrain.inference.prediction_files import _csv_of, _decimal, json_text, number_columns

Run = Callable[..., tuple[int, str, str]]

CONFIG = """
dataset: {type: csv, path: people.csv, target: grade}
layers: [{type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
training: {epochs: 2}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learned a grade, "high" or "low", from a name and an age."""
    folder = tmp_path_factory.mktemp("people")
    rows = [f'"{name}, {first}",{age},{"high" if age > 4 else "low"}' for name, first, age in _people()]
    (folder / "people.csv").write_text("name,age,grade\n" + "\n".join(rows) + "\n")
    (folder / "c.yaml").write_text(CONFIG)
    mltrain.fit(folder / "c.yaml").save(folder / "model.npz")
    return folder / "model.npz"


def _people() -> list[tuple[str, str, int]]:
    return [(("Smith", "Jones")[age % 2], ("John", "Ann")[age // 2 % 2], age) for age in range(10)]


@pytest.fixture
def run(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``predict`` in a folder of its own; gives the exit code, the output and the messages."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(model, tmp_path / "model.npz")

    def run(*words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mltrain", "predict", "--model", "model.npz", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


ROWS = 'age,name,note\n3,"Smith, John",a\n7,"Jones, Ann","b\nc"\n'


def test_a_file_with_a_header_and_no_rows(run: Run) -> None:
    Path("rows.csv").write_text("age,name,note\n")
    assert run("--input", "rows.csv") == (0, "predicted_grade\n", "")
    code, _, err = run("--input", "rows.csv", "--output", "out.csv", "--keep", "--probabilities")
    assert (code, err) == (0, "note: 0 predictions written to out.csv\n")
    assert Path("out.csv").read_text() == "age,name,note,predicted_grade,probability_high,probability_low\n"
    assert run("--input", "rows.csv", "--output", "out.jsonl")[0] == 0
    assert Path("out.jsonl").read_text() == ""
    assert run("--input", "rows.csv", "--json") == (0, '{"model": "model.npz", "predictions": []}\n', "")
    Path("rows.csv").write_text("name,note\n")
    assert "there is no column 'age'" in run("--input", "rows.csv")[2]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "arrows"])
def test_an_arrow_file_without_rows(ending: str, run: Run) -> None:
    write_arrow(Path(f"rows.{ending}"), {"age": ("int64", []), "name": ("string", [])})
    assert run("--input", f"rows.{ending}", "--keep") == (0, "age,name,predicted_grade\n", "")


def test_a_model_of_numbers_takes_a_file_without_rows(run: Run) -> None:
    config = (
        "dataset: {type: inline, x: [[1, 2], [3, 4]], y: [1, 2]}\nlayers: [{type: dense, units: 1}]\nloss: mse\n"
        "training: {epochs: 1}\n"
    )
    Path("n.yaml").write_text(config)
    mltrain.fit("n.yaml").save("model.npz")
    assert run("--input", "-", stdin=b"a,b\n") == (0, "predicted_y\n", "")
    assert "has 1 column, but the model takes 2 numbers" in run("--input", "-", stdin=b"a\n")[2]


def test_the_number_of_predictions_is_that_of_rows(run: Run) -> None:
    Path("rows.csv").write_text(ROWS)
    assert run("--input", "rows.csv", "--output", "out.csv", "--keep")[2] == "note: 2 predictions written to out.csv\n"


def test_the_file_of_the_rows_is_not_overwritten(run: Run) -> None:
    Path("rows.csv").write_text(ROWS)
    os.link("rows.csv", "linked.csv")
    Path("symbolic.csv").symlink_to("rows.csv")
    for output in ("rows.csv", "./rows.csv", "linked.csv", "symbolic.csv"):
        code, _, err = run("--input", "rows.csv", "--output", output)
        assert code == 2
        assert f"--output {output}: this is the file of the rows, whose own columns would be lost; keep them" in err
    assert Path("rows.csv").read_text() == ROWS
    assert run("--input", "rows.csv", "--output", "rows.csv", "--keep")[0] == 0
    assert Path("rows.csv").read_text().startswith('age,name,note,predicted_grade\n3,"Smith, John",a,')
    assert (
        "has a column 'predicted_grade', as the predictions will be called"
        in run("--input", "rows.csv", "--output", "rows.csv", "--keep")[2]
    )


def test_the_file_of_the_rows_comes_from_the_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("rows.csv").write_text(ROWS)
    monkeypatch.setattr(
        sys, "argv", ["mltrain", "predict", "--model", "model.npz", "--input", "-", "--output", "rows.csv"]
    )
    with Path("rows.csv").open() as rows:
        monkeypatch.setattr(sys, "stdin", rows)
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 2
    assert Path("rows.csv").read_text() == ROWS


def test_what_stands_before_a_table_is_not_lost(run: Run) -> None:
    content = f"# written by hand\n{ROWS}"
    Path("rows.csv").write_text(content)
    code, _, err = run("--input", "rows.csv", "--output", "rows.csv", "--keep")
    assert code == 2
    assert "has lines before its table that would be lost" in err
    assert Path("rows.csv").read_text() == content


JSON_ROWS: list[dict[str, Any]] = [
    {"age": 3, "name": "Smith, John", "id": 2**70, "ok": True, "no": None, "share": 0.25, "tags": ["a", 1], "é": "ü"},
    {"name": "Jones, Ann", "age": 7.5, "id": -1, "ok": False, "late": {"deep": [None, 1e-7]}},
]


def test_json_keeps_its_types(run: Run) -> None:
    text = "".join(json.dumps(row) + "\n" for row in JSON_ROWS)
    for words in (("--output", "out.jsonl"), ("--output", "out.ndjson")):
        Path("rows.jsonl").write_text(text)
        assert run("--input", "rows.jsonl", "--keep", *words)[0] == 0
        found = [json.loads(line) for line in Path(words[1]).read_text().splitlines()]
        assert [{k: v for k, v in row.items() if k != "predicted_grade"} for row in found] == JSON_ROWS
        assert all(isinstance(row["age"], type(own["age"])) for row, own in zip(found, JSON_ROWS, strict=True))
        assert {row["predicted_grade"] for row in found} <= {"high", "low"}
    assert run("--input", "rows.jsonl", "--output", "rows.jsonl", "--keep")[0] == 0


def test_json_to_csv(run: Run) -> None:
    Path("rows.jsonl").write_text(json.dumps(JSON_ROWS[0]) + "\n")
    code, out, _ = run("--input", "rows.jsonl", "--keep")
    assert code == 0
    assert out.splitlines()[1].startswith(f'3,"Smith, John",{2**70},true,,0.25,"[""a"", 1]",ü,')


def test_a_key_that_comes_later_is_kept_or_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mltrain.data.tables.json_lines.BLOCK_ROWS", 1)
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in JSON_ROWS))
    assert "rows.jsonl:2: row 2 has 'late', which the first rows have not" in run("--input", "rows.jsonl", "--keep")[2]
    assert run("--input", "rows.jsonl", "--keep", "--output", "out.jsonl")[0] == 0
    assert json.loads(Path("out.jsonl").read_text().splitlines()[1])["late"] == {"deep": [None, 1e-7]}


def test_odd_json(run: Run) -> None:
    Path("rows.jsonl").write_text('{"age": 3, "name": "Smith, John", "half": "\\ud800", "nan": NaN, "far": 1e999}\n')
    assert run("--input", "rows.jsonl", "--keep", "--output", "out.jsonl")[0] == 0
    found = json.loads(Path("out.jsonl").read_text())
    assert (found["half"], found["nan"], found["far"]) == ("\ud800", None, None)
    assert run("--input", "rows.jsonl", "--keep", "--output", "out.csv")[0] == 0


def write_arrow(path: Path, columns: dict[str, tuple[str, list[Any]]]) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({name: arrow.array(cells, kind) for name, (kind, cells) in columns.items()})
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow.parquet").write_table(table, path)
        return
    with (arrow.ipc.new_file if path.suffix == ".arrow" else arrow.ipc.new_stream)(str(path), table.schema) as file:
        file.write_table(table)


def test_parquet_keeps_its_types(run: Run) -> None:
    kept = {
        "id": ("int64", [2**60 + 1, None]),
        "ok": ("bool", [True, None]),
        "share": ("float32", [0.1, None]),
    }
    write_arrow(
        Path("rows.parquet"), {"age": ("int64", [3, 7]), "name": ("string", ["Smith, John", "Jones, Ann"]), **kept}
    )
    assert run("--input", "rows.parquet", "--keep", "--output", "out.jsonl")[0] == 0
    first, second = (json.loads(line) for line in Path("out.jsonl").read_text().splitlines())
    assert (first["id"], first["ok"], first["share"], first["age"]) == (2**60 + 1, True, 0.1, 3)
    assert (second["id"], second["ok"], second["share"], second["age"]) == (None, None, None, 7)
    _, out, _ = run("--input", "rows.parquet", "--keep")
    assert out.splitlines()[1].startswith(f'3,"Smith, John",{2**60 + 1},true,0.1,')


def test_one_form_of_answer(run: Run) -> None:
    Path("rows.csv").write_text(ROWS)
    _, typed, _ = run("--x", '"Smith, John",3', "--x", 'age=7,name="Jones, Ann"', "--json")
    for words in (
        ("--input", "rows.csv"),
        ("--input", "rows.csv", "--output", "-"),
        ("--input", "rows.csv", "--probabilities"),
    ):
        code, out, _ = run(*words, "--json")
        assert code == 0
        assert json.loads(out) == json.loads(typed)
        assert out.count("\n") == 1
    document = json.loads(typed)
    assert list(document) == ["model", "predictions"]
    assert [list(one) for one in document["predictions"]] == [["x", "y", "label", "probabilities"]] * 2
    assert document["predictions"][0]["x"] == ["Smith, John", 3.0]
    _, out, _ = run("--input", "-", "--keep", "--json", stdin=json.dumps(JSON_ROWS[0]).encode())
    assert json.loads(out)["predictions"][0]["input"] == JSON_ROWS[0]


def test_a_document_is_whole_or_not_there(run: Run) -> None:
    rows = "age,name\n" + '3,"Smith, John"\n' * 9000 + 'x,"Smith, John"\n'
    code, out, err = run("--input", "-", "--json", stdin=rows.encode())
    assert (code, list(json.loads(out))) == (3, ["error", "diagnostics"])
    assert "standard input:9002: row 9,001, column 'age'" in err


@pytest.mark.parametrize(
    ("x", "given"),
    [
        ('"Smith, John",3', ["Smith, John", 3.0]),
        (' "Smith, John" , 3 ', ["Smith, John", 3.0]),
        ('name="Smith, John",age=3', ["Smith, John", 3.0]),
        ('"age"=3,"name"="Smith, John"', ["Smith, John", 3.0]),
    ],
)
def test_typed_values_may_be_quoted(x: str, given: list[Any], run: Run) -> None:
    assert json.loads(run("--x", x, "--json")[1])["predictions"][0]["x"] == given


def test_the_last_typed_value_may_be_missing() -> None:
    assert _words("3,") == [(None, "3"), (None, "")]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ('"Smith, John,3', "a quote is opened and never closed"),
        ('"Smith, John"3', "a quote is opened and never closed, or something follows one"),
        ("Smith, John,3", "the model takes name, age, but here are 3 values"),
        ('nam="Smith, John"', "there is no column 'nam' (did you mean 'name'?)"),
    ],
)
def test_typed_values_that_cannot_be_read(x: str, message: str, run: Run) -> None:
    code, _, err = run("--x", x)
    assert code == 2
    assert message in err


def test_an_error_of_the_input_is_not_told_as_one_of_the_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("rows.csv").write_text(ROWS)

    def fail(*_: object) -> Any:
        raise OSError(5, "Input/output error")
        yield

    for words in ((), ("--output", "out.csv"), ("--json",)):
        with monkeypatch.context() as patch:
            patch.setattr("mltrain.data.tables.delimited.DelimitedFile.blocks", fail)
            code, _, err = run("--input", "rows.csv", *words)
        assert (code, err) == (3, "error: rows.csv: cannot be read: Input/output error\n")


def test_guesses_about_new_rows_are_said(run: Run) -> None:
    Path("rows.csv").write_bytes('age;name;größe\n3;"Smith, John";1\n'.encode("latin-1"))
    code, _, err = run("--input", "rows.csv")
    assert code == 0
    assert "note: rows.csv: the text is not UTF-8 and is read as windows-1252, in which line 1 has 'größe'" in err


@pytest.mark.parametrize(
    "words", ["predict m --input r.csv", "predict --model m --input r.csv", "evaluate m", "fit c.yaml"]
)
def test_cores_are_shared_before_numpy_is_imported(words: str) -> None:
    """NumPy reads once how many cores it may use; with all of them, small products take twice the time."""
    code = (
        "import sys, mltrain.system.threads as threads, mltrain.cli as cli\n"
        "threads.share_cores = lambda threads: sys.exit('numpy' in sys.modules)\n"
        f"sys.argv = ['mltrain', *{words.split()}]\ncli.main()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_numbers_that_json_has_not_become_null() -> None:
    assert json_text({"a": [1.5, math.nan, "x", None], "b": math.inf}) == '{"a": [1.5, null, "x", null], "b": null}'


@pytest.mark.parametrize(
    "columns",
    [
        [["a", "b"]],
        [["a", ""]],
        [["a,b", "c"]],
        [['a"', "b"]],
        [["a\nb", "c"]],
        [["a\rb", "c"]],
        [[]],
        [["1.5"], ["x"]],
    ],
)
def test_a_column_alone_is_written_as_the_csv_module_does(columns):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    assert _csv_of(columns) == text.getvalue()


def test_numbers_are_written_as_python_writes_them():
    values = np.float32([[1e-4, -1e-5, 0.1, 0, -0.0, 123456789, 1e16, 3e38, 1e-45, np.inf, np.nan, 0.00010001]]).T
    assert number_columns(values, _decimal) == [list(map(repr, number_columns(values)[0]))]
