"""The exported C header: it compiles without a warning, and gives what the model gives."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from subjects import (
    GRAPHS,
    LAYERS,
    awkward_model,
    ensemble_of_tables,
    lesson,
    lessons,
    model_of_cells,
    model_of_layer,
    model_of_layers,
    new_rows,
    random_model,
    subject,
    table_model,
    untrained_lesson,
)
from texts import model_of_texts, texts

from mltrain.export.c_text import string
from mltrain.export.examples import Examples
from mltrain.export.formats.c import STACK, C
from mltrain.export.lowering import folded, memory_of, pooled
from mltrain.export.reference import call, run_steps
from mltrain.export.runtime import numpy_operations
from mltrain.inference.given import given_rows
from mltrain.inference.steps import inference_steps

_CLANGS = ["clang", *(f"clang-{version}" for version in range(30, 10, -1))]  # clang-14 is one of Debian without clang
COMPILERS = [*filter(shutil.which, ["gcc"]), *list(filter(shutil.which, _CLANGS))[:1]]
MOST = 50_000
"""Parameters of a lesson from which on it is left out here."""

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
needs_compiler = pytest.mark.skipif(not COMPILERS, reason="neither gcc nor clang is installed")


def compiled(folder: Path, source: str, *, compiler: str = "", flags: tuple[str, ...] = ()) -> str:
    """What a program prints."""
    (folder / "main.c").write_text(f"{source}\n")
    compiler = compiler or COMPILERS[0]
    command = [compiler, *STRICT, *flags, "main.c", "-lm", "-o", "main"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return subprocess.run([folder / "main"], capture_output=True, text=True, check=True).stdout


def outputs_of(
    folder: Path, models: dict[str, tuple[Any, Any]], compiler: str = "", **options: Any
) -> dict[str, list[list[float]]]:
    """The outputs for rows of several models, from one program that includes all of their headers.

    Models are subjects by name, with their rows as the input of the network.
    """
    includes, calls = [], []
    for number, (what, x) in enumerate(models.values()):
        text = C(**options).write(what).files[".h"].decode()
        prefix = re.search(r"int (\w+)_predict\(", text)[1]
        text = text.replace(prefix, f"m{number}").replace(prefix.upper(), f"M{number}")
        (folder / f"m{number}.h").write_text(text)
        includes.append(f'#include "m{number}.h"')
        kind = re.search(r"_run\(const (\w+) \*input", text)[1]
        numbers = ",".join(str(value) for value in np.asarray(x).ravel().tolist())
        width = x[0].size
        calls += [
            f"{{ static const {kind} x[] = {{{numbers}}}; static float y[M{number}_OUTPUTS]; int r, i;",
            f"for (r = 0; r < {len(x)}; r++) {{ (void)m{number}_predict(x + r * {width}, y);",
            f'for (i = 0; i < M{number}_OUTPUTS; i++) {{ printf("%.9g ", (double)y[i]); }}\nprintf("\\n"); }} }}',
        ]
    source = "\n".join(["#include <stdio.h>", *includes, "int main(void) {", *calls, "return 0; }"])
    lines = iter(compiled(folder, source, compiler=compiler).splitlines())
    return {
        name: [[float(word) for word in next(lines).split()] for _ in range(len(x))] for name, (_, x) in models.items()
    }


def check_equal(found: Any, expected: Any, name: str) -> None:
    expected = np.reshape(expected, (len(expected), -1))
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-5, atol=1e-5 * scale, err_msg=name)


@needs_compiler
@pytest.mark.parametrize(("options", "compiler"), [({}, 0), ({"quantize": "int8"}, -1)], ids=["floats", "int8"])
def test_layers_and_networks_are_equal(tmp_path: Path, options: dict[str, Any], compiler: int) -> None:
    models = {f"{number} {layer}": model_of_layer(layer) for number, layer in enumerate(LAYERS)}
    models |= {name: model_of_layers(*graph) for name, graph in GRAPHS.items()}
    models |= {f"random {number}": random_model(number) for number in range(20)}
    exported = {name: (subject(model, x=x), x) for name, (model, x) in models.items()}
    found = outputs_of(tmp_path, exported, COMPILERS[compiler], **options)
    for name, (model, x) in models.items():
        expected = model.predict(x)
        if options:
            spread = max(1.0, float(np.abs(expected).max()))
            assert np.abs(np.array(found[name]) - expected.reshape(len(x), -1)).max() < 0.03 * spread, name
        else:
            check_equal(found[name], expected, name)


@needs_compiler
def test_lessons_are_equal(tmp_path: Path) -> None:
    """The lessons that read arrays, but for the largest, whose numbers a compiler reads for seconds.

    Those of tables test themselves below.
    """
    models = {name: (model, x[:2]) for name in lessons() for model, x in [untrained_lesson(name)]}
    is_tried = {n: m.preprocessing.table is None and m.parameter_count < MOST for n, (m, _) in models.items()}
    models = {name: found for name, found in models.items() if is_tried[name]}
    assert {"mnist_convnet", "edges", "shapes", "spiral", "perceptron"} <= set(models)
    exported = {name: (subject(model), x) for name, (model, x) in models.items()}
    for name, found in outputs_of(tmp_path, exported).items():
        check_equal(found, models[name][0].predict(models[name][1]), name)


def with_rows(what: Any, rows: list[dict[str, Any]]) -> Any:
    """The subject with other rows to test itself with."""
    model = what.model
    x = given_rows(rows, model.row_spec, model.preprocessing.table)
    y = model.predict(rows)
    labels = model.labels(y) if model.classes else None
    return type(what)(model, what.steps, what.source, Examples(rows, x, y, labels, False), what.ranges)


@needs_compiler
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["iris", "penguins", "activity"])
def test_self_test_of_tables_passes_without_a_warning(tmp_path: Path, name: str, compiler: str) -> None:
    model, dataset = lesson(name)
    exported = C().write(subject(model, dataset))
    (tmp_path / f"{name}.h").write_bytes(exported.files[".h"])
    command = [compiler, *STRICT, "-DMLTRAIN_SELF_TEST", "-x", "c", f"{name}.h", "-lm", "-o", "test"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = subprocess.run([tmp_path / "test"], capture_output=True, text=True, check=True)
    assert run.stdout == "self-test passed: 8 rows have the answers of the model\n"
    program = f'#include "{name}.h"\nint main(void) {{ {name}_row row = {{0}}; float y[{name.upper()}_OUTPUTS];\n'
    assert compiled(tmp_path, program + f"return {name}_predict(&row, y) > 9; }}", compiler=compiler) == ""


def test_texts_are_escaped() -> None:
    assert string('a"b?\n\u00e4') == '"a\\042b\\077\\012\\303\\244"'


@pytest.mark.parametrize("name", GRAPHS)
def test_folded_steps_compute_the_same(name: str) -> None:
    model, x = model_of_layers(*GRAPHS[name])
    steps = inference_steps(model)
    np.testing.assert_allclose(run_steps(folded(steps), x), model.predict(x), rtol=1e-4, atol=1e-5)


def test_scale_and_shift_are_folded_into_the_kernel_before_them() -> None:
    layers = ["batch_normalization", {"type": "conv2d", "filters": 2, "kernel_size": 2}, "batch_normalization", "relu"]
    network, x = model_of_layers(layers, (4, 4, 1))
    assert [step.operation.name for step in folded(inference_steps(network)).steps] == [
        "affine",
        "convolution",
        "activation",
    ]
    np.testing.assert_allclose(run_steps(folded(inference_steps(network)), x), network.predict(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", GRAPHS)
def test_values_that_live_at_the_same_time_share_no_memory(name: str) -> None:
    """Run the steps in the memory that they were given, as C does."""
    model, x = model_of_layers(*GRAPHS[name])
    steps = folded(inference_steps(model))
    memory = memory_of(steps)
    spaces = {"memory": np.full(memory.size, np.nan), "output": np.full(model.network.output_shape, np.nan).ravel()}
    spaces["input"] = x[:1].ravel().astype(float)

    def seen(value: Any) -> Any:
        base, offset = memory.places[value.name]
        return spaces[base][offset : offset + int(np.prod(value.shape))]

    for step in steps.steps:
        inputs = [seen(value).reshape(1, *value.shape).astype(np.float32) for value in step.inputs]
        function, arguments = call(step.operation)
        seen(step.output)[...] = getattr(numpy_operations, function)(*inputs, **arguments).ravel()
    np.testing.assert_allclose(seen(steps.output), model.predict(x[:1]).ravel(), rtol=1e-4, atol=1e-5)
    assert memory.size < sum(int(np.prod(step.output.shape)) for step in steps.steps)


def test_a_convolution_is_never_in_memory_where_its_largest_outputs_are_taken() -> None:
    model, _ = untrained_lesson("mnist_convnet")
    steps = pooled(folded(inference_steps(model)))
    named = [step.operation.name for step in steps.steps]
    assert named[1:5] == ["pooled_convolution", "activation", "pooled_convolution", "activation"]
    assert memory_of(steps).size == 13 * 13 * 32 + 5 * 5 * 64
    overlapping, _ = model_of_layers(
        [{"type": "conv2d", "filters": 2, "kernel_size": 2}, {"type": "max_pooling2d", "strides": 1}], (5, 5, 1)
    )
    assert [step.operation.name for step in pooled(inference_steps(overlapping)).steps] == ["convolution", "pooling"]


@needs_compiler
def test_stack_is_as_small_as_promised_and_ram_as_large(tmp_path: Path) -> None:
    if "gcc" not in COMPILERS:
        pytest.skip("gcc is not installed")
    model, dataset = lesson("activity")
    exported = C().write(subject(model, dataset))
    (tmp_path / "m.h").write_bytes(exported.files[".h"])
    source = '#include "m.h"\nint use(const activity_row *row, float *y);\n'
    source += "int use(const activity_row *row, float *y) { return activity_predict(row, y); }\n"
    (tmp_path / "m.c").write_text(source)
    subprocess.run(["gcc", "-O1", "-fstack-usage", "-c", "m.c", "-o", "m.o"], cwd=tmp_path, check=True)
    used = sum(int(line.split("\t")[1]) for line in (tmp_path / "m.su").read_text().splitlines())
    assert used <= STACK
    sections = subprocess.run(["size", "-A", "m.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    sizes = {line.split()[0]: int(line.split()[1]) for line in sections.splitlines() if line.startswith(".")}
    assert sizes[".bss"] == exported.facts["ram"]


def test_quantized_weights_lose_little_and_say_how_much() -> None:
    model, dataset = lesson("iris")
    exported = C(quantize="int8").write(subject(model, dataset))
    facts = exported.facts["accuracy"]
    assert facts["rows"] == 75
    assert facts["split"] == "test"
    assert facts["before"] == pytest.approx(model.evaluate(dataset.test).metrics["accuracy"])
    assert abs(facts["after"] - facts["before"]) <= 0.03
    assert exported.notes[-1].startswith("accuracy on the 75 test rows: ")
    images = C(quantize="int8").write(subject(*lesson("shapes"))).facts["accuracy"]
    assert abs(images["after"] - images["before"]) <= 0.03
    unknown = C(quantize="int8").write(subject(model))
    assert "accuracy" not in unknown.facts
    assert unknown.notes[-1].startswith("the loss of accuracy is not known")
    assert exported.facts["flash"] < C().write(subject(model, dataset)).facts["flash"]


_WORDS = """
#include <stdio.h>
#include <string.h>
#include "w.h"

int main(void)
{
    static char line[100000];
    float y[MODEL_OUTPUTS];
    while (fgets(line, sizeof line, stdin)) {
        model_row row = {line};
        line[strcspn(line, "\\n")] = 0;
        (void)model_predict(&row, y);
        fwrite(y, sizeof y[0], MODEL_OUTPUTS, stdout);
    }
    return 0;
}
"""


@needs_compiler
def test_words_of_texts_are_those_of_the_model(tmp_path: Path) -> None:
    model = model_of_texts(tmp_path)
    cells = [cell.replace("\n", " ") for cell in texts(step=97)]
    (tmp_path / "w.h").write_bytes(C().write(subject(model)).files[".h"])
    compiled(tmp_path, _WORDS, flags=("-O1",))
    done = subprocess.run([tmp_path / "main"], input="\n".join(cells).encode(), capture_output=True, check=True)
    y = np.frombuffer(done.stdout, np.float32).reshape(len(cells), -1)
    np.testing.assert_allclose(y, model.predict([{"a": cell} for cell in cells]), rtol=1e-5, atol=1e-6)


@needs_compiler
@pytest.mark.parametrize("of_several", [False, True], ids=["one", "ensemble"])
def test_cells_as_people_have_them(tmp_path: Path, tmp_path_factory, of_several: bool) -> None:
    """Every kind of column, with gaps and unknown names; an ensemble that has no texts."""
    folder = tmp_path_factory.getbasetemp()
    model, dataset = ensemble_of_tables(folder) if of_several else table_model(folder)
    rows = new_rows(words=not of_several)
    numbers = {"plain": [4.0, 5.0, -100.0, 7.0], "gaps": [None, None, None, 3.0], "euro": [1000.25, 3.0, 12.0, -7.5]}
    numbers["large"] = [1700000003.0, 1700000004.0, 1.7e9, 1700000005.5]
    typed = [{**row, **{name: cells[index] for name, cells in numbers.items()}} for index, row in enumerate(rows)]
    what = with_rows(subject(model, dataset), typed)
    np.testing.assert_allclose(what.examples.y, model.predict(rows), rtol=1e-6)
    (tmp_path / "t.h").write_bytes(C().write(what).files[".h"])
    for compiler in COMPILERS:
        printed = compiled(tmp_path, '#define MLTRAIN_SELF_TEST\n#include "t.h"\n', compiler=compiler)
        assert printed == "self-test passed: 4 rows have the answers of the model\n"


@needs_compiler
@pytest.mark.parametrize("compiler", COMPILERS)
def test_names_that_are_no_names_in_c(tmp_path: Path, compiler: str) -> None:
    (tmp_path / "a.h").write_bytes(C().write(subject(*awkward_model(tmp_path))).files[".h"])
    printed = compiled(tmp_path, '#define MLTRAIN_SELF_TEST\n#include "a.h"\n', compiler=compiler)
    assert printed == "self-test passed: 8 rows have the answers of the model\n"


@needs_compiler
def test_column_without_a_value_that_can_be_used_is_minus_one(tmp_path: Path) -> None:
    model, dataset = lesson("penguins")
    (tmp_path / "p.h").write_bytes(C().write(subject(model, dataset)).files[".h"])
    first = next(iter(subject(model, dataset).steps.columns)).column
    source = '#include <stdio.h>\n#include "p.h"\nint main(void) {\n'
    source += f"penguins_row row = {{0}}; float y[1]; row.bill_length_mm = NAN; (void)row.{first};\n"
    source += 'printf("%d", penguins_predict(&row, y)); return 0; }'
    assert compiled(tmp_path, source) == "-1"


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
def test_header_is_cpp_too(tmp_path: Path) -> None:
    (tmp_path / "i.h").write_bytes(C().write(subject(*lesson("penguins"))).files[".h"])
    (tmp_path / "i.cpp").write_text('#define MLTRAIN_SELF_TEST\n#include "i.h"\n')
    command = ["g++", "-std=c++11", *STRICT[1:], "i.cpp", "-o", "i"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    subprocess.run([tmp_path / "i"], check=True, capture_output=True)


@needs_compiler
def test_numbers_that_stand_for_a_gap_are_gaps(tmp_path: Path) -> None:
    cells = ["1", "2", "-999", "4"] * 3
    model = model_of_cells(tmp_path, {"a": cells}, {"missing_values": ["-999", ""]})
    (tmp_path / "c.h").write_bytes(C().write(subject(model)).files[".h"])
    source = '#include <stdio.h>\n#include "c.h"\nint main(void) { float y[MODEL_OUTPUTS];\n'
    for cell in ("-999.0f", "NAN", "3.0f"):
        source += f"{{ model_row row = {{{cell}}}; (void)model_predict(&row, y); "
        source += 'printf("%.9g %.9g\\n", (double)y[0], (double)y[1]); }\n'
    printed = [list(map(float, line.split())) for line in compiled(tmp_path, source + "return 0; }").splitlines()]
    np.testing.assert_allclose(printed, model.predict([{"a": cell} for cell in (-999, None, 3)]), rtol=1e-6)


@needs_compiler
def test_matrix_names_the_places_of_inputs(tmp_path: Path) -> None:
    model, dataset = lesson("iris")
    what = subject(model, dataset)
    what = type(what)(model, what.steps.as_matrix(), what.source, what.examples, what.ranges, dataset)
    text = C(inputs="matrix").write(what).files[".h"].decode()
    assert "IRIS_INPUT_SEPAL_LENGTH, IRIS_INPUT_SEPAL_WIDTH," in text
    (tmp_path / "i.h").write_text(text)
    printed = compiled(tmp_path, '#define MLTRAIN_SELF_TEST\n#include "i.h"\n')
    assert printed == "self-test passed: 8 rows have the answers of the model\n"
