"""The exported ONNX file: onnxruntime gives what the model gives, in Python and, by onnxruntime-web, under Node."""

import json
import subprocess
import sys
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from node import INSTALLED, NODE
from subjects import (
    GRAPHS,
    LAYERS,
    awkward_model,
    ensemble_of_tables,
    label,
    lesson,
    lessons,
    model_of_cells,
    model_of_layer,
    model_of_layers,
    random_model,
    subject,
    table_model,
    untrained_lesson,
)
from texts import model_of_texts, texts

import mltrain
from mltrain.export import onnx_file
from mltrain.export.base import refusals
from mltrain.export.formats.onnx import Onnx
from mltrain.export.onnx_columns import as_input
from mltrain.export.onnx_file import OnnxFile
from mltrain.export.runtime import onnx_check
from mltrain.inference.model import Model

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

NAN = float("nan")

CELLS: dict[str, list[Any]] = {
    "plain": [4.0, 5.0, -100.0, 7.25],
    "gaps": [NAN, 3.0, NAN, 2.0],
    "large": [1700000003.0, 1700000004.0, 1.7e9, 1700000005.5],
    "euro": [1000.25, 3.0, 12.0, -7.5],
    "colour": ["red", "blue", "violet", ""],
    "size": ["1", "1.0", "2", "9"],
    "rare": ["a", "zz", "b", ""],
    "city": ["Rome", "Oslo", "", "1"],
    "member": ["nein", "JA", "ja", "Nein"],
    "asked": ["TRUE", "false", "", "True"],
    "day": ["2024-02-29", "2021-03-01 12:30", "2021-03-01T12:00:00", "1999-12-31"],
    "at": ["2024-02-29 23:59:59", "2020-02-01", "2020-01-01T00:00", "2100-02-28 03:04"],
    "bought": ["2023-01-01", "", "2000-12-31", "NA"],
}
"""Cells of the columns of `subjects.COLUMNS`, as the inputs of the graph take them."""


@pytest.fixture(autouse=True)
def few_rows(monkeypatch) -> None:
    """The export predicts few rows by itself, since the tests do."""
    monkeypatch.setattr(onnx_file, "CHECKED_ROWS", 2)


def content(what: Any, **options: Any) -> bytes:
    return Onnx(**options).write(what).files[".onnx"]


def answers(file: bytes, inputs: Any) -> dict[str, Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return onnx_check.answers(session, inputs)


def column_inputs(cells: dict[str, list[Any]]) -> dict[str, Any]:
    return {name: [[cell] for cell in column] for name, column in cells.items()}


def outputs_of(found: dict[str, Any], model: Model) -> Any:
    """The outputs of the network that the outputs of the graph mean."""
    if "label" not in found:
        return np.concatenate([*found.values()], axis=1)
    label, y = found.values()
    if "probabilities" in found:
        y = y if model.network.output_shape[-1] > 1 else y[..., 1:]
    assert label.tolist() == np.array(model.labels(y), object).tolist()
    return y


def check_equal(found: dict[str, Any], model: Model, x: Any) -> None:
    expected = model.predict(x)
    y = outputs_of(found, model)
    assert y.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5 * scale)


def check_arrays(model: Model, x: Any) -> None:
    what = subject(model, x=x)
    if what.steps.columns is None:
        check_equal(answers(content(what), {"input": x}), model, x)
    else:  # a lesson on a table, whose rows are cells
        cells = {name: [row[name] for row in x] for name in what.steps.by_column}
        file = content(subject(model))
        texts = {one.name for one in onnx.load_from_string(file).graph.input if one.type.tensor_type.elem_type == 8}
        cells = {
            name: [cell if name in texts else float(cell or NAN) for cell in column] for name, column in cells.items()
        }
        check_equal(answers(file, column_inputs(cells)), model, x)


@pytest.mark.parametrize("layer", LAYERS, ids=label)
def test_layers_are_equal(layer) -> None:
    check_arrays(*model_of_layer(layer))


@pytest.mark.parametrize("name", GRAPHS)
def test_networks_are_equal(name: str) -> None:
    check_arrays(*model_of_layers(*GRAPHS[name]))


@pytest.mark.parametrize("number", range(12))
def test_random_networks_are_equal(number: int) -> None:
    check_arrays(*random_model(number))


@pytest.mark.parametrize("name", list(lessons()))
def test_lessons_are_equal(name: str) -> None:
    model, rows = untrained_lesson(name)
    what = subject(model)
    if what.steps.columns is None:
        check_equal(answers(content(what), {"input": rows}), model, rows)
    else:
        check_arrays(model, rows)


def test_cells_as_people_have_them(tmp_path_factory) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp(), words=False)
    file = content(subject(model, dataset))
    check_equal(answers(file, column_inputs(CELLS)), model, CELLS)
    kinds = {one.name: one.type.tensor_type.elem_type for one in onnx.load_from_string(file).graph.input}
    assert kinds == {
        name: 11 if name == "large" else 8 if isinstance(cells[0], str) else 1 for name, cells in CELLS.items()
    }


def test_members_of_an_ensemble_encode_the_same_cells_each_in_its_way(tmp_path_factory) -> None:
    model, dataset = ensemble_of_tables(tmp_path_factory.getbasetemp())
    check_equal(answers(content(subject(model, dataset)), column_inputs(CELLS)), model, CELLS)


def test_dates_of_five_centuries_are_equal(tmp_path) -> None:
    learned = ["2020-01-31 10:00", "2021-12-01 11:30", "2022-07-15 08:00", "2020-02-29 23:59"] * 4
    model = model_of_cells(tmp_path, {"a": learned}, {})
    days = [date(1890, 1, 1) + timedelta(days=97 * number) for number in range(1800)]
    days += [date(year, month, day) for year in (1900, 2000, 2023, 2024) for month, day in ((2, 28), (3, 1), (12, 31))]
    cells = {"a": [f"{day} {number % 24:02}:{number % 60:02}" for number, day in enumerate(days)]}
    found = answers(content(subject(model)), column_inputs(cells))["y"]
    assert found.shape[1] > 4
    np.testing.assert_allclose(found, model.predict(cells), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("learned", "options", "new"),
    [
        (["1", "2", "1", "3"], {"a": "category"}, ["1", "1.0", "3", "7", ""]),
        (["1.5", "2.5", "true", ""] * 2, {"a": "category"}, ["1.5", "true", "TRUE", "True", "", "?"]),
        (["yes", "no", "", "no"], {}, ["YES", "no", "No", "yes", ""]),
        (["1", "2", "-999", "4"], {"a": {"type": "number", "missing_values": ["-999", "NA"]}}, [-999.0, 2.0, NAN]),
        (["0.1", "", "2", "4"], {}, [0.1, NAN, 1e30]),
    ],
)
def test_cells_of_a_kind_are_equal(tmp_path, learned, options, new) -> None:
    model = model_of_cells(tmp_path, {"a": list(learned * 6)}, {"columns": options} if options else {})
    found = answers(content(subject(model)), column_inputs({"a": new}))["y"]
    np.testing.assert_allclose(found, model.predict({"a": new}), rtol=1e-6, atol=1e-6)


def test_row_that_cannot_be_used_has_no_answer(tmp_path_factory) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp(), words=False)
    wrong = {"euro": np.inf, "day": "2023-02-29", "at": "31.1.2020", "bought": "2023-1-1"}
    cells = {name: [column[0]] * (len(wrong) + 1) for name, column in CELLS.items()}
    for number, (name, cell) in enumerate(wrong.items()):
        cells[name][number] = cell
    *bad, good = answers(content(subject(model, dataset)), column_inputs(cells))["price"]
    assert np.isnan(bad).all()
    assert good == pytest.approx(model.predict({name: column[:1] for name, column in CELLS.items()})[0], rel=1e-5)


def test_class_of_a_row_that_cannot_be_used_is_an_empty_text(tmp_path) -> None:
    rows = "".join(f"{'abc'[number % 3]},{number},{'xy'[number % 2]}\n" for number in range(24))
    (tmp_path / "t.csv").write_text(f"kind,size,class\n{rows}")
    dataset = {"type": "csv", "path": "t.csv", "target": "class", "missing": "error", "unknown": "error"}
    layers = [{"type": "dense", "units": 2, "activation": "softmax"}]
    described = {"dataset": dataset, "layers": layers, "loss": "sparse_categorical_crossentropy"}
    model = mltrain.fit(mltrain.load_config(described, ["training.epochs=1"], folder=tmp_path))
    cells = {"kind": ["a", "d", "b", "", "c"], "size": [1.0, 2.0, NAN, 3.0, 4.0]}
    found = answers(content(subject(model)), column_inputs(cells))
    assert np.isnan(found["probabilities"]).all(axis=1).tolist() == [False, True, True, True, False]
    assert [text == "" for text in found["label"]] == [False, True, True, True, False]


def test_words_of_texts_are_those_of_the_model(tmp_path) -> None:
    model = model_of_texts(tmp_path)
    port = OnnxFile(subject(model)).inputs[0]
    session = onnxruntime.InferenceSession(content(subject(model)), providers=["CPUExecutionProvider"])
    rows = iter(texts(step=997))
    while cells := list(islice(rows, 100)):
        (y,) = session.run(None, {"a": as_input([cell.strip() for cell in cells], port)})
        np.testing.assert_allclose(y, model.predict([{"a": cell} for cell in cells]), rtol=1e-5, atol=1e-6)


def test_matrix_is_the_bare_network(tmp_path_factory) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    what = subject(model, dataset)
    assert not list(refusals(Onnx(), what.steps))
    bare = type(what)(what.model, what.steps.as_matrix(), what.source, what.examples, what.ranges, what.dataset)
    x = dataset.test.x
    check_equal(answers(content(bare, inputs="matrix"), {"input": x}), model, x)


def test_file_states_what_it_is(tmp_path) -> None:
    file = onnx.load_from_string(content(subject(*awkward_model(tmp_path))))
    onnx.checker.check_model(file, full_check=True)
    assert [(one.domain, one.version) for one in file.opset_import] == [("", 20)]
    assert {node.domain for node in file.graph.node} == {""}
    shapes = [one.type.tensor_type.shape.dim[0].dim_param for one in (*file.graph.input, *file.graph.output)]
    assert set(shapes) == {"rows"}
    told = {one.key: one.value for one in file.metadata_props}
    assert set(told) == {
        *("mltrain", "name", "title", "origin", "inputs", "features", "outputs", "targets", "classes", "self_test")
    }
    inputs = json.loads(told["inputs"])
    assert [one["name"] for one in inputs] == [one.name for one in file.graph.input]
    assert "*/" in inputs[0]["choices"]
    assert inputs[-1]["kind"] == "a number"
    assert len(json.loads(told["classes"])) == 4


def test_columns_may_have_the_names_of_outputs(tmp_path) -> None:
    names = ["label", "probabilities", "input", "answer/gather", "rows"]
    cells = {name: ["1", "2", "4", "3"] * 4 for name in names}
    model = model_of_cells(tmp_path, cells, {})
    given = {name: [1.5] for name in names}
    found = answers(content(subject(model)), column_inputs(given))
    np.testing.assert_allclose(found["y"], model.predict(given), rtol=1e-6)


def test_id_that_embedding_does_not_have_is_an_error() -> None:
    layer = next(one for one in LAYERS if one.takes_integers)
    model, x = model_of_layer(layer)
    file = content(subject(model, x=x))
    for wrong in (-1, 1000):
        x[0, 0] = wrong
        with pytest.raises(Exception, match="indices element out of data bounds"):
            answers(file, {"input": x})


def test_self_test_runs_without_mltrain_and_notices_a_changed_weight(tmp_path, tmp_path_factory) -> None:
    exported = Onnx().write(subject(*table_model(tmp_path_factory.getbasetemp(), words=False)))
    (tmp_path / "m_check.py").write_bytes(exported.files["_check.py"])
    file = onnx.load_from_string(exported.files[".onnx"])
    (tmp_path / "m.onnx").write_bytes(exported.files[".onnx"])
    bias = next(one for one in file.graph.initializer if one.name.endswith("/bias"))
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + 1, bias.name))
    (tmp_path / "changed.onnx").write_bytes(file.SerializeToString())

    def run(*words: str) -> Any:
        command = [sys.executable, "-I", "m_check.py", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("m.onnx")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "self-test passed: 8 rows have the answers of the model\n"
    done = run("changed.onnx")
    assert done.returncode == 1
    assert done.stdout.startswith("self-test FAILED: 8 rows differ from the answers of the model, by up to ")
    assert run().returncode == 2


def test_without_onnxruntime_a_note_says_so(monkeypatch) -> None:
    monkeypatch.setattr(onnx_file, "CHECKED_ROWS", 32)
    what = subject(*lesson("linear"))
    *_, compared = Onnx().write(what).notes
    assert compared.startswith(f"onnxruntime {onnxruntime.__version__}: 32 rows differ from the model by ")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    *_, note = Onnx().write(what).notes
    assert note == "its answers were not compared; to have that done: pip install onnxruntime"


_WEB = """
import * as ort from "onnxruntime-web/wasm";
import { readFileSync } from "node:fs";

ort.env.wasm.numThreads = 1;
const found = {};
for (const file of JSON.parse(readFileSync(0, "utf-8"))) {
  const session = await ort.InferenceSession.create(readFileSync(file.path));
  const feeds = {};
  for (const { name, type, shape, data } of file.inputs) {
    feeds[name] = new ort.Tensor(type, data.map((one) => (one === null ? NaN : one)), shape);
  }
  found[file.path] = {};
  for (const [name, { data, dims }] of Object.entries(await session.run(feeds))) {
    found[file.path][name] = { data: [...data], dims };
  }
}
console.log(JSON.stringify(found));
"""

WEB = {
    "table": lambda folder: subject(*table_model(folder)),
    "images": lambda _: subject(model_of_layers(*GRAPHS["images"])[0]),
    "sequence": lambda _: subject(model_of_layers(*GRAPHS["sequence"])[0]),
    "branches": lambda _: subject(model_of_layers(*GRAPHS["branches"])[0]),
    "embedding": lambda _: subject(model_of_layer(next(one for one in LAYERS if one.takes_integers))[0]),
    "penguins": lambda _: subject(untrained_lesson("penguins")[0]),
    "mnist_convnet": lambda _: subject(untrained_lesson("mnist_convnet")[0]),
}
"""What onnxruntime-web runs: each kind of column, and each operator that onnxruntime might lack there."""


@pytest.mark.skipif(
    NODE is None or not (INSTALLED / "node_modules" / "onnxruntime-web").is_dir(),
    reason="needs onnxruntime-web: npm ci --prefix tests/editor",
)
def test_onnxruntime_web_gives_the_same(tmp_path, tmp_path_factory) -> None:
    files, expected = [], {}
    for name, make in WEB.items():
        file = content(make(tmp_path_factory.getbasetemp()))
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(file)
        graph = onnx.load_from_string(file)
        test = json.loads(next(one.value for one in graph.metadata_props if one.key == "self_test"))
        kinds = {1: ("float32", np.float32), 11: ("float64", np.float64), 8: ("string", np.object_)}
        kinds[6] = ("int32", np.int32)
        inputs = []
        for one in graph.graph.input:
            kind, dtype = kinds[one.type.tensor_type.elem_type]
            shape = np.array(test["inputs"][one.name], dtype).shape
            flat = np.array(test["inputs"][one.name], np.object_).ravel().tolist()
            inputs.append({"name": one.name, "type": kind, "shape": shape, "data": flat})
        files.append({"path": str(path), "inputs": inputs})
        expected[str(path)] = test["outputs"]
    (tmp_path / "node_modules").symlink_to(INSTALLED / "node_modules")
    script = tmp_path / "run.mjs"
    script.write_text(_WEB)
    done = subprocess.run([NODE, script], input=json.dumps(files), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for path, outputs in json.loads(done.stdout).items():
        for name, output in outputs.items():
            output["array"] = np.array(output["data"], np.object_ if name == "label" else np.float64)
        found = {name: output["array"].reshape(output["dims"]) for name, output in outputs.items()}
        assert onnx_check.difference(found, expected[path]) < 1e-5, Path(path).stem
