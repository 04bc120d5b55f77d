"""What every export format must do, whichever it is: express each layer and each kind of column, or say why not."""

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from subjects import (
    GRAPHS,
    LAYERS,
    awkward_model,
    ensemble_of_tables,
    label,
    model_of_layer,
    model_of_layers,
    subject,
    table_model,
)
from texts import model_of_texts

from mltrain.data.columns import ColumnKind
from mltrain.data.encoding import ENCODINGS, NumberEncoding
from mltrain.data.tables.cells import Missing
from mltrain.data.tables.frames import frame
from mltrain.engine.operations import OPERATIONS, Function
from mltrain.errors import ConfigError
from mltrain.export.base import Format, refusals
from mltrain.export.examples import examples_of
from mltrain.export.reference import run_steps
from mltrain.inference.steps import inference_steps

FORMATS = [form() for form in Format.family]
every_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.type_name())


def check_written(form, what) -> None:
    """The format writes the model, or refuses it with a reason for each part."""
    if problems := list(refusals(form, what.steps)):
        for problem in problems:
            assert problem.message.startswith(f"{form.type_name()} cannot express ")
            assert len(problem.message.partition(": ")[2]) > 10
        return
    exported = form.write(what)
    assert next(iter(exported.files)) == form.suffix
    assert all(exported.files.values())
    assert "{file}" in exported.self_test or "{stem}" in exported.self_test


def test_there_are_formats() -> None:
    assert {"python"} <= set(Format.family.names())


@every_format
def test_refused_are_operations_and_encodings_with_a_reason(form) -> None:
    assert set(form.cannot) <= {*OPERATIONS, *ENCODINGS}
    assert all(form.cannot.values())


@every_format
@pytest.mark.parametrize("layer", LAYERS, ids=label)
def test_every_layer_goes_through_every_format(form, layer) -> None:
    model, x = model_of_layer(layer)
    check_written(form, subject(model, x=x))


@every_format
@pytest.mark.parametrize("name", GRAPHS)
def test_networks_of_several_layers_go_through_every_format(form, name) -> None:
    model, x = model_of_layers(*GRAPHS[name])
    check_written(form, subject(model, x=x))


@every_format
def test_every_kind_of_column_goes_through_every_format(form, tmp_path_factory) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    check_written(form, subject(model, dataset))
    check_written(form, subject(model))


@every_format
def test_ensembles_go_through_every_format(form, tmp_path_factory) -> None:
    model, dataset = ensemble_of_tables(tmp_path_factory.getbasetemp())
    check_written(form, subject(model, dataset))
    check_written(form, subject(model))


@every_format
def test_names_that_are_no_names_go_through_every_format(form, tmp_path) -> None:
    check_written(form, subject(*awkward_model(tmp_path)))


def test_the_table_has_every_kind_of_column(tmp_path_factory) -> None:
    model, _ = table_model(tmp_path_factory.getbasetemp())
    learned = {type(column) for column in model.preprocessing.table.columns}
    assert {kind.learned for kind in ColumnKind.family if kind.learned is not None} <= learned


@pytest.mark.parametrize("layer", LAYERS, ids=label)
def test_operations_of_a_layer_compute_what_it_computes(layer) -> None:
    model, x = model_of_layer(layer)
    found, expected = run_steps(inference_steps(model), x), model.predict(x)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", GRAPHS)
def test_operations_of_networks_compute_what_these_compute(name) -> None:
    model, x = model_of_layers(*GRAPHS[name])
    np.testing.assert_allclose(run_steps(inference_steps(model), x), model.predict(x), rtol=1e-5, atol=1e-6)


def test_all_operations_and_functions_are_used_by_layers() -> None:
    operations = [step.operation for layer in LAYERS for step in inference_steps(model_of_layer(layer)[0]).steps]
    assert {type(operation) for operation in operations} == set(OPERATIONS)
    assert {one.attributes["function"] for one in operations if one.name == "activation"} == set(get_args(Function))


def test_encodings_have_the_inputs_of_their_columns(tmp_path_factory) -> None:
    model, _ = table_model(tmp_path_factory.getbasetemp())
    table = model.preprocessing.table
    columns = table.encodings()
    assert {type(column) for column in columns} == set(ENCODINGS)
    assert [name for column in columns for name in column.inputs] == table.features
    assert [column.column for column in columns] == [column.name for column in table.columns]


def test_steps_scale_inputs_and_give_numbers_in_the_units_of_the_target(tmp_path_factory) -> None:
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    steps = inference_steps(model)
    x = dataset.test.x
    np.testing.assert_allclose(run_steps(steps, x), model.predict(x), rtol=1e-5, atol=1e-3)
    assert (steps.answer.targets, steps.answer.before, steps.answer.classes) == (("price",), "$", None)
    assert steps.features == tuple(model.preprocessing.table.features)
    assert steps.as_matrix().columns is None


def test_missing_texts_of_table_and_column_are_both_in_an_encoding() -> None:
    from mltrain.data.columns.number import NumberColumn

    found = NumberColumn(name="x", missing=("-",)).encoding(Missing(("NA",)))
    assert isinstance(found, NumberEncoding)
    assert found.missing == ("NA", "-")


def test_layer_without_operations_is_refused_by_its_place(monkeypatch) -> None:
    from mltrain.engine.activations.tanh import Tanh

    monkeypatch.delattr(Tanh, "inference")
    model, _ = model_of_layers([{"type": "dense", "units": 2}, "tanh"], (3,))
    with pytest.raises(ConfigError, match=r"layers\[1\]: tanh does not say which operations it consists of"):
        inference_steps(model)


def test_frame_and_encoding_agree_on_how_cells_are_made_of_values() -> None:
    """The cells that the runtime reads are made of Python's values as those of a table are."""
    from mltrain.data.tables.cells import as_texts
    from mltrain.export.runtime.cells import text_of

    for value in (1, 2.0, 2.5, 1e300, -0.0, "a ", None, float("nan"), 10**15):
        source = frame("x", [{"a": value}])
        assert source is not None
        (block,) = source.blocks()
        assert as_texts(block.columns[0])[0].strip() == text_of(value)


def test_formats_are_listed_without_importing_what_writes_them() -> None:
    code = "from mltrain.export.base import Format; list(Format.family); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mltrain.inference.model", "mltrain.export.examples"} & set(done.stdout.split())


def test_rows_of_a_self_test_have_numbers_in_texts_and_not_the_words_for_them(tmp_path) -> None:
    model = model_of_texts(tmp_path)
    dataset = model.config.dataset.load(0, tmp_path, model.preprocessing)
    for rows in (None, dataset):
        texts = [cells["a"] or "" for cells in examples_of(model, rows, 24).cells]
        assert any("123" in text for text in texts)
        assert "#" not in "".join(texts)
