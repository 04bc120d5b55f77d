"""The exported Python file: it runs on its own, and gives what the model gives."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from subjects import (
    GRAPHS,
    LAYERS,
    awkward_model,
    ensemble_of_tables,
    label,
    lesson,
    lessons,
    model_of_layer,
    model_of_layers,
    new_rows,
    random_model,
    subject,
    table_model,
    untrained_lesson,
)

from mltrain.engine.operations import multiplications
from mltrain.errors import DataError
from mltrain.export.formats.python import Python
from mltrain.inference.model import Model

SLOW = 3_000_000
"""Multiplications of a row from which on a lesson is not computed in plain Python here: it would take seconds."""


def exported(what: Any, **options: Any) -> ModuleType:
    """The exported file, imported."""
    source = Python(**options).write(what).files[".py"].decode()
    module = ModuleType("exported")
    exec(compile(source, "exported.py", "exec"), module.__dict__)
    return module


def check_formatted(file: Path) -> None:
    """Whether ruff would leave the file as it is."""
    command = ["ruff", "format", "--check", "--diff", "--line-length", "120", "--isolated", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


either = pytest.mark.parametrize("no_numpy", [False, True], ids=["numpy", "plain"])


def check_equal(module: ModuleType, model: Model, x: Any) -> None:
    expected = model.predict(x)
    found = np.array(module.outputs(x))
    assert found.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("layer", LAYERS, ids=label)
@either
def test_layers_are_equal(layer, no_numpy: bool) -> None:
    model, x = model_of_layer(layer)
    check_equal(exported(subject(model, x=x), no_numpy=no_numpy), model, x)


@pytest.mark.parametrize("name", GRAPHS)
@either
def test_networks_are_equal(name: str, no_numpy: bool) -> None:
    model, x = model_of_layers(*GRAPHS[name])
    check_equal(exported(subject(model, x=x), no_numpy=no_numpy), model, x)


@pytest.mark.parametrize("number", range(30))
def test_random_networks_are_equal(number: int) -> None:
    model, x = random_model(number)
    check_equal(exported(subject(model, x=x)), model, x)


@pytest.mark.parametrize("name", list(lessons()))
@either
def test_lessons_are_equal(name: str, no_numpy: bool) -> None:
    model, rows = untrained_lesson(name)
    what = subject(model)
    if no_numpy and sum(map(multiplications, what.steps.steps)) > SLOW:
        pytest.skip("takes seconds in plain Python")
    check_equal(exported(what, no_numpy=no_numpy), model, rows[:2])


def test_self_test_of_a_trained_model_passes() -> None:
    for name in ("shapes", "penguins"):
        assert exported(subject(*lesson(name))).self_test()


@either
def test_cells_as_people_have_them(tmp_path_factory, no_numpy: bool) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    module = exported(subject(model, dataset), no_numpy=no_numpy)
    check_equal(module, model, new_rows())
    assert module.self_test()
    assert module.predict(new_rows()[0]) == {"price": pytest.approx(model.predict(new_rows()[:1])[0, 0], rel=1e-5)}


def test_members_of_an_ensemble_encode_the_same_cells_each_in_its_way(tmp_path_factory) -> None:
    model, dataset = ensemble_of_tables(tmp_path_factory.getbasetemp())
    module, rows = exported(subject(model, dataset)), new_rows(words=False)
    assert len({len(member.preprocessing.table.features) for member, _ in model.networks()}) > 1
    check_equal(module, model, rows)
    assert module.self_test()
    assert module.__doc__.count("colour: ") == 1


def test_made_up_rows_of_a_table_are_rows_that_it_takes(tmp_path_factory) -> None:
    model, _ = table_model(tmp_path_factory.getbasetemp())
    what = subject(model)
    assert what.examples.made_up
    assert len({json.dumps(row) for row in what.examples.cells or ()}) == 8
    assert exported(what).self_test()


def test_made_up_rows_of_an_embedding_are_ids_that_it_has() -> None:
    layers = [{"type": "embedding", "input_dim": 3, "output_dim": 2}, "flatten", {"type": "dense", "units": 1}]
    model, _ = model_of_layers(layers, (4,))
    what = subject(model)
    assert what.examples.made_up
    assert set(np.unique(what.examples.x)) == {0, 1, 2}
    assert exported(what).self_test()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plain": "many"}, "row 1: column 'plain': expected a number, got 'many'"),
        ({"day": "soon"}, "row 1: column 'day': expected a date with the day first, got 'soon'"),
        ({"plain": "1e39"}, "row 1: column 'plain': 1e39 does not fit into a 32-bit float"),
    ],
)
def test_bad_cells_are_refused_with_row_and_column(tmp_path_factory, change, message) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    module, row = exported(subject(model, dataset)), {**new_rows()[0], **change}
    with pytest.raises(ValueError, match="row 1: column") as error:
        module.predict(row)
    assert str(error.value) == message
    with pytest.raises(DataError):
        model.predict([row])


def test_a_row_may_be_a_list_of_cells_in_the_order_of_the_columns(tmp_path_factory) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    module, row = exported(subject(model, dataset)), new_rows()[0]
    names = [column.name for column in model.preprocessing.table.columns]
    assert module.predict([row[name] for name in names]) == module.predict(row)
    with pytest.raises(ValueError, match="row 1: expected 14 cells, got 2"):
        module.predict([1, 2])


def test_missing_column_and_wrong_width_are_refused(tmp_path_factory) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    row = new_rows()[0]
    del row["euro"]
    with pytest.raises(ValueError, match="row 2: the column 'euro' is missing"):
        exported(subject(model, dataset)).predict_batch([new_rows()[0], row])
    network, x = model_of_layers([{"type": "dense", "units": 2}], (3,))
    with pytest.raises(ValueError, match="row 1: expected 3 numbers, got 2"):
        exported(subject(network, x=x)).predict([1, 2])


def test_answers_have_labels_and_probabilities() -> None:
    model, dataset = lesson("iris")
    module = exported(subject(model, dataset))
    (row,) = model.preprocessing.table.decode(dataset.train.x[:1])
    cells = {column.name: float(cell) for column, cell in zip(model.preprocessing.table.columns, row, strict=True)}
    found = module.predict(cells)
    assert found["label"] == model.predict_labels([cells])[0]
    assert found["probabilities"].keys() == set(model.classes)
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    one, rows = lesson("circle")
    answer = exported(subject(one, rows)).predict([0, 0])
    assert list(answer["probabilities"]) == ["orange", "blue"]
    assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)


@either
def test_file_runs_on_its_own_and_is_formatted(tmp_path: Path, tmp_path_factory, no_numpy: bool) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    file = tmp_path / "priced.py"
    file.write_bytes(Python(no_numpy=no_numpy).write(subject(model, dataset)).files[".py"])
    assert ("numpy" in file.read_text()) is not no_numpy

    def run(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *["-I", "-S"] * no_numpy, "-W", "error", file, *words],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    done = run("--self-test")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("self-test passed: 8 rows have the answers of the model")
    row = {name: str(cell) for name, cell in new_rows()[0].items() if cell is not None}
    text = ";".join([*row, "gaps"]) + "\n" + ";".join([*row.values(), ""]) + "\n"
    done = run(input=text)
    assert json.loads(done.stdout) == {"price": pytest.approx(model.predict(new_rows()[:1])[0, 0], rel=1e-5)}
    done = run(input="plain\n1\n")
    assert (done.returncode, done.stderr) == (1, "error: row 1: the column 'gaps' is missing\n")
    check_formatted(file)


def test_names_that_are_no_names_in_python(tmp_path: Path) -> None:
    model, dataset = awkward_model(tmp_path)
    what = subject(model, dataset)
    module = exported(what)
    assert module.self_test()
    assert module.predict(module.EXAMPLES[0])["label"] == what.examples.labels[0]
    assert tuple(module.CLASSES) == model.classes
    file = tmp_path / "awkward.py"
    file.write_bytes(Python().write(what).files[".py"])
    check_formatted(file)


def test_self_test_notices_a_changed_weight() -> None:
    model, dataset = lesson("linear")
    module = exported(subject(model, dataset))
    module.DENSE_BIAS[...] += 1
    assert not module.self_test()
