"""A module of JavaScript answers as `Model.predict` does: every lesson, every layer, every way to write a cell."""

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from node import NODE, TYPESCRIPT, needs_node, needs_typescript, predictions
from photographs import LIGHT, PAPER, photograph
from subjects import (
    GRAPHS,
    LAYERS,
    ensemble_of_tables,
    label,
    lessons,
    model_of_cells,
    model_of_layer,
    model_of_layers,
    new_rows,
    subject,
    table_model,
    untrained_lesson,
)

from mltrain.data.idx_format import read_idx
from mltrain.data.image_files import read_digit
from mltrain.errors import DataError
from mltrain.export.formats.js import Js
from mltrain.export.web.describe import script
from mltrain.inference.model import Model

pytestmark = needs_node

DATA = Path(__file__).parents[2] / "data" / "mnist"

MODELS = {
    **{name: lambda name=name: untrained_lesson(name) for name in lessons()},
    **{f"{number} {label(layer)}": lambda layer=layer: model_of_layer(layer) for number, layer in enumerate(LAYERS)},
    **{name: lambda name=name: model_of_layers(*GRAPHS[name]) for name in GRAPHS},
}


def written(folder: Path, name: str, model: Model, **more: Any) -> str:
    """The file name of the model's module, which is written into the folder with its types."""
    for suffix, content in Js().write(subject(model, **more)).files.items():
        (folder / f"{name}{suffix}").write_bytes(content)
    return f"{name}.mjs"


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, tuple[Model, Any, Any]]:
    """Each of the models with rows, and what its module makes of them."""
    folder = tmp_path_factory.mktemp("modules")
    models = {name: make() for name, make in MODELS.items()}
    files = {}
    for number, (name, (model, rows)) in enumerate(models.items()):
        few = {"x": rows} if np.ndim(rows) > 2 else {}  # images test themselves with the same two rows
        files[name] = written(folder, f"m{number}", model, **few)
    answers = predictions(folder, {files[name]: rows for name, (_, rows) in models.items()})
    return {name: (model, rows, answers[files[name]]) for name, (model, rows) in models.items()}


@pytest.mark.parametrize("name", MODELS)
def test_a_module_predicts_what_the_model_does(found, name):
    model, rows, answer = found[name]
    y = model.predict(rows)
    assert [one for one in answer["rows"] if "error" in one] == []
    np.testing.assert_allclose([one["y"] for one in answer["rows"]], y, rtol=1e-5, atol=1e-5)
    if model.classes is not None:
        assert [one["answer"]["label"] for one in answer["rows"]] == model.labels(y)
    assert answer["selfTest"]["passed"]
    assert answer["selfTest"]["rows"]


COLUMNS: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "plain": (
        {},
        ("1", "-2.5", "3e-1"),
        ("+.5", " 4. ", "1,5", "007", "−3", "12 kg", "1_000", "nan", "", "?", "x", "1e99"),
    ),
    "euro": (
        {},
        ("1.234,50 €", "3 €", "7,25 €"),
        ("1200", "12,5€", "-7,25 €", "- 1 €", "1.2", "1.23,4 €", "€", "$3", "", "n/a", "1.234.567,8 €", "2'000"),
    ),
    "indian": ({}, ("12,34,567", "1,234", "12"), ("1,23", "12,345.5", "0,123", " 1,000 ", "12,34,56,789", "1,2345")),
    "swiss": ({}, ("1'234.50", "2’000", "7"), ("1'23", "1’234’567", "1 234", "5.", ".5")),
    "accounts": (
        {},
        ("(1,200.50)", "($3)", "$7,000", "$(2)"),
        ("(5", "(-5)", "5-", "5.00-", "$1,200.50 -", "-5.00-", "()", "((5))", "(5)(6)", "-", "(1,20)", "-$5", "( 7 )"),
    ),
    "units": (
        {},
        ("1 year", "7 years"),
        ("7year", "3 yearss", "5", "2 years old", "1 years", "(3 years)", "4 year.", "5 m"),
    ),
    "powers": ({}, ("5 m^2", "7.5 m^2"), ("5 m²", "5 m^", "5 m^23", "5 m^-2", "5m^2", "7", "5 sq. ft.")),
    "percent": ({}, ("12%", "3.5 %"), ("7 ‰", "7", "%", "1e2%", "1e2 %", "5 percent")),
    "large": ({}, ("1700000000", "1700000001.5", "1700000009"), ("1.7e9", "1", "")),
    "code": ({"missing_values": ("-999", "")}, ("1", "2", "-999"), ("-999.0", " -999 ", "-9.99e2", "", "999", "NA")),
    "category": (
        {},
        ("red", "blue", "1.0", "2.50", "007", "TRUE"),
        (" red ", "Red", "1", "1.", "2.5", "2.500", "7", "true", "True", "new", "", "NA", "-0.0", "0.0000123", "1e400"),
    ),
    "boolean": ({}, ("yes", "NO", "Yes"), ("no ", "1", "0", "true", "OUI", "Nein", "sí", "SÍ", "maybe", "", "f", "oﬀ")),
    "day first": (
        {},
        ("31.1.2024", "29.2.2024", "1.12.2023"),
        (
            *("2024-02-29", "3/4/2024", "29.2.2023", "1 März 2024", "Thursday, 4 Apr 2024", "Mai 2024", "31-12-68"),
            *("2024-01-31T23:59:59Z", "1.1.0001", "٣١-١٢-٢٠٢٣", "12th Dec 2023", "yesterday", "", "2023/07", "4.5.69"),
            *("1 MÄRZ 2024", "30.4.24", "Jan. 1, 2024", "2024-1/2", "1/2-2024", "20240131", "31.12.9999", "0.1.2024"),
        ),
    ),
    "moment": (
        {},
        ("1/31/2024 11:30 PM", "1/2/2024 0:00", "6/13/2023 10:00"),
        (
            *("13/1/2024 10:00", "12:15", "3/4/2024, 12:00 am", "1/1/2024 25:00", "2024-01-31 10:11:12.5", "24:00"),
            *("2/29/2024T10:00+01:00", "3/4/2024 10:60", "12:00 p.m.", "NULL", "1/1/2024 10:00:60 UTC"),
            "1/1/1960 13:00 pm",
        ),
    ),
    "words of dates": (
        {},
        ("3 janv. 2021", "2021-W05", "2021-Q3", "Thu Mar  4 12:30:00 2021"),
        (
            *("2020-W53-7", "2021-W53", "2021-W00", "2026W01", "2015-W01-1", "Q4 2021", "q1/2022", "2021-Q5", "2021Q2"),
            *("1er mai 2022", "3 de enero de 2021", "2 dic 2022", "14 MAJ 2021", "2 października 2022", "4 мая 2021"),
            *("2021年3月4日", "2021年12月25日 08:15", "2021年3月", "3rd of March 2021", "March 4, 2021 at 12:30 PM"),
            *("03/2021", "13/2021", "Jan-21", "Jan'68", "2021-Dec", "Thu Mar 04 2021 12:30:00 GMT+0100 (CET)"),
            *("04/Mar/2021:12:30:00 +0000", "20210304T123000Z", "20210304 1230", "20210304T12", "2021-03-04 12:30+00"),
            *("2021-03-04 24:00", "2020-12-31T24:00:00", "2021-03-04 24:01", "2021-03-04 12:30 CEST", "4 Mars 1880"),
            *(
                "2021-07-04T12:30:00+02:00[Europe/Berlin]",
                "24:00",
                "1:00 GMT",
                "Early March 2021",
                "31 June 2021",
                "7 am",
            ),
        ),
    ),
    "clock": ({}, ("10:30", "23:59", "0:00"), ("7:05 pm", "7:65", "07:05:09", "7", "2024-01-01 10:00", "")),
    "compact": (
        {"columns": {"a": "date"}},
        ("20240131", "20231224", "20200229"),
        ("20240230", "2024-01-31", "2024131", ""),
    ),
    "text": (
        {"columns": {"a": "text"}},
        ("the red house of a dog", "a red dog", "the house, the dog", "12 dogs 7 houses!", "red house!"),
        (
            "Red RED red house's",
            "345 dogs!",
            "Straße 7²",
            "https://www.x.org 50%",
            "",
            "HOUSE dog",
            "the’s",
            "③",
            "x_y",
        ),
    ),
    "characters": (
        {"columns": {"a": "text"}},
        ("今天天气很好", "天气不好 हिन्दी अच्छी", "これは良い अच्छी", "हिन्दी 今天 dog’s", "good 天气"),
        ("天气", "天's", "dog’天", "अच्छी!", "अच् छी", "カタカナ 今", "ि", "好123好", "שָׁלוֹם", ""),
    ),
}
"""Of a kind of column: options, cells to learn from, and cells to read, not all of which can be."""


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> dict[str, tuple[Model, list[str], Any]]:
    """What a module makes of the cells of each kind of column."""
    folder = tmp_path_factory.mktemp("cells")
    models, tried = {}, {}
    for number, (name, (options, learned, new)) in enumerate(COLUMNS.items()):
        models[name] = model_of_cells(folder, {"a": list(learned * 12)[:24]}, options)
        tried[name] = [*learned, *new]
        written(folder, f"m{number}", models[name])
    answers = predictions(
        folder, {f"m{n}.mjs": [{"a": cell} for cell in tried[name]] for n, name in enumerate(COLUMNS)}
    )
    return {name: (models[name], tried[name], answers[f"m{n}.mjs"]) for n, name in enumerate(COLUMNS)}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_way_to_write_a_cell_is_read_alike(cells, name):
    model, texts, answer = cells[name]
    for text, found in zip(texts, answer["rows"], strict=True):
        expected = _predicted(model, text)
        assert ("error" in found) == (expected is None), f"{text!r}: {found}, but mltrain gives {expected}"
        if expected is None:
            assert found["error"].startswith("column 'a': ")
        else:
            np.testing.assert_allclose(found["y"], expected, rtol=1e-6, atol=1e-6, err_msg=repr(text))
    assert answer["selfTest"]["passed"]


def _predicted(model: Model, text: str) -> list[float] | None:
    try:
        return model.predict([{"a": text}])[0].tolist()
    except DataError:
        return None


def test_answers_are_those_that_the_model_gives_in_names_and_units(tmp_path):
    model, dataset = table_model(tmp_path)
    rows = [{name: None if cell != cell else cell for name, cell in row.items()} for row in new_rows()]
    y = model.predict(new_rows())
    answers = predictions(tmp_path, {written(tmp_path, "m", model, dataset=dataset): rows})["m.mjs"]["rows"]
    assert [one["answer"] for one in answers] == [
        {"price": pytest.approx(value, rel=1e-5)} for value in y[:, 0].tolist()
    ]
    assert answers[2]["notes"] == [
        f"'{name}' is missing and was filled in" for name in ("gaps", "asked", "said", "city")
    ]
    told = [f"{cell} is rare or new to the model" for cell in ("'RED' in 'colour'", "'a' in 'rare'")]
    assert answers[0]["notes"][1:] == told


STRANGE = ("</script><img src=x onerror=alert(1)>", "__proto__", 'a "quoted"\\name', "*/ `${x}` @WEIGHTS@")


@pytest.fixture(scope="module")
def typed(tmp_path_factory) -> Path:
    """The module of a model of three columns: a number, a name and a date, all of which may be missing."""
    folder = tmp_path_factory.mktemp("typed")
    columns = {
        "size": ["1", "2", "3.5", "", "5", "6"] * 4,
        "kind": ["1", "2.5", "true", "0.00001", "", "12345678901234567890"] * 4,
        "day": ["2024-01-01", "2024-02-29", "", "2024-03-04", "2023-12-31", "2024-07-01"] * 4,
    }
    model = model_of_cells(folder, columns, {"columns": {"kind": "category"}})
    (folder / "m.json").write_text(json.dumps([model.predict([row]).tolist()[0] for row in TYPED]))
    written(folder, "m", model)
    return folder


TYPED: tuple[dict[str, Any], ...] = (
    {"size": 2, "kind": 1, "day": "2024-01-01", "more": "is not read"},
    {"size": "2.0", "kind": 1.0, "day": "2024-01-01"},
    {"size": None, "kind": None, "day": None},
    {"size": 0.1, "kind": True, "day": "2024-02-29"},
    {"size": -3e5, "kind": 0.00001, "day": "2024-02-29 00:00"},
    {"size": 12345, "kind": 2.5, "day": "2024-07-01"},
)
"""Rows of cells that are not all texts."""


def test_numbers_truth_values_and_nothing_are_cells_too(typed):
    answers = predictions(typed, {"m.mjs": [*TYPED, list(TYPED[0].values())[:3]]})["m.mjs"]["rows"]
    expected = json.loads((typed / "m.json").read_text())
    np.testing.assert_allclose([one["y"] for one in answers], [*expected, expected[0]], rtol=1e-6)
    assert answers[2]["notes"] == [f"'{name}' is missing and was filled in" for name in ("size", "kind", "day")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"size": 1, "kind": "1"}, "there is no column 'day', which the model needs"),
        ({"size": "wide", "kind": "1", "day": ""}, "column 'size': expected a number, got 'wide'"),
        ({"size": 1e39, "kind": "1", "day": ""}, "column 'size': 1e+39 does not fit into a 32-bit float"),
        (
            {"size": 1, "kind": ["1"], "day": ""},
            "column 'kind': expected a number, a text, true, false or null, got object",
        ),
        ({"size": 1, "kind": "1", "day": "soon"}, "column 'day': expected a date with the day first, got 'soon'"),
        ([1, "1"], "the row has 2 values, but the model takes size, kind, day"),
        ("1,2,3", "a row is an object with the columns size, kind, day, got string"),
        (None, "a row is an object with the columns size, kind, day, got null"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(typed, row, message):
    assert predictions(typed, {"m.mjs": [row]})["m.mjs"]["rows"] == [{"error": message}]


def node(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(NODE), "--input-type=module", "-e", script], cwd=folder, capture_output=True, text=True)


def test_an_error_of_many_rows_names_the_row(typed):
    rows = [TYPED[0], {**TYPED[0], "size": "wide"}]
    answer = node(typed, f'import {{ predictBatch }} from "./m.mjs"; predictBatch({json.dumps(rows)})')
    assert "row 2: column 'size': expected a number, got 'wide'" in answer.stderr


def test_a_date_of_javascript_is_read_in_utc(typed):
    script = """import { predict } from "./m.mjs";
    const days = [new Date(Date.UTC(2024, 1, 29)), "2024-02-29"];
    const [one, other] = days.map((day) => predict({ size: 1, kind: 1, day }));
    console.log(JSON.stringify(one) === JSON.stringify(other));"""
    assert node(typed, script).stdout == "true\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1, 2, 3], "a row is 2 numbers (2), got 3 numbers"),
        ([1, "2"], 'a row holds finite numbers, got "2"'),
        ({"x": 1}, "a row is 2 numbers (2), got object"),
    ],
)
def test_a_model_of_numbers_takes_as_many_as_it_learned_from(tmp_path, row, message):
    written(tmp_path, "m", untrained_lesson("xor")[0])
    assert predictions(tmp_path, {"m.mjs": [row]})["m.mjs"]["rows"] == [{"error": message}]


def test_the_self_test_is_a_command_that_fails_where_answers_differ(tmp_path):
    file = tmp_path / written(tmp_path, "m", untrained_lesson("iris")[0])
    test = subprocess.run([str(NODE), str(file), "--self-test"], capture_output=True, text=True)
    assert test.returncode == 0
    assert test.stdout.startswith("self-test passed: 8 rows, largest difference ")
    file.write_text(
        re.sub(r'(const WEIGHTS_TEXT =\s+")[^"]{400}', lambda found: found[1] + "A" * 400, file.read_text())
    )
    test = subprocess.run([str(NODE), str(file), "--self-test"], capture_output=True, text=True)
    assert test.returncode == 1
    assert test.stdout.startswith("self-test FAILED: 8 rows")


def test_names_of_all_characters_survive(tmp_path):
    model = model_of_cells(tmp_path, {name: ["1", "2", "4"] * 4 for name in STRANGE}, {})
    row = dict.fromkeys(STRANGE, "2")
    answer = predictions(tmp_path, {written(tmp_path, "m", model): [row]})["m.mjs"]
    np.testing.assert_allclose(answer["rows"][0]["y"], model.predict([row])[0], rtol=1e-6)
    assert answer["selfTest"]["passed"]


def test_members_of_an_ensemble_encode_the_same_cells_each_in_its_way(tmp_path, tmp_path_factory):
    model, dataset = ensemble_of_tables(tmp_path_factory.getbasetemp())
    file, rows = written(tmp_path, "m", model, dataset=dataset), new_rows(words=False)
    rows[2]["gaps"] = None  # JSON has no NaN
    names = [column.name for column in model.preprocessing.table.columns]
    answer = predictions(tmp_path, {file: [*rows, [rows[0][name] for name in names]]})[file]
    y = model.predict([*rows, rows[0]])
    np.testing.assert_allclose([one["y"] for one in answer["rows"]], y, rtol=1e-5, atol=1e-3)
    assert answer["selfTest"]["passed"]
    assert (tmp_path / "m.d.mts").read_text().count('"colour":') == 1


USES = """
import * as iris from "./iris.mjs";
import * as penguins from "./penguins.mjs";
import * as mnist from "./mnist.mjs";
import * as line from "./perceptron.mjs";
import * as strange from "./strange.mjs";

const flower: iris.Row = { sepal_length: 5, sepal_width: "3.5", petal_length: null, petal_width: 1 };
const { label, probabilities } = iris.predict(flower);
const name: "setosa" | "versicolor" | "virginica" = label;
const share: number = probabilities[name] + iris.outputs([1, 2, 3, 4])[0];
const passed: boolean = iris.selfTest().passed && iris.predictBatch([flower]).length === iris.notes(flower).length;
const grams: number = penguins.predict([]).body_mass_g;
const digits: "7" | string = mnist.predict(new Uint8Array(784)).label + mnist.predict([[1, 2], [3]]).probabilities["3"];
const outputs: number[] = line.predict([1, 2]).y;
const y: number = strange.predict({ "</script><img src=x onerror=alert(1)>": 1, "__proto__": 2 } as strange.Row).y;
// @ts-expect-error the other columns are missing
iris.predict({ sepal_length: 5 });
// @ts-expect-error a number may not be missing here
penguins.predict({ ...({} as Exclude<penguins.Row, penguins.Cell[]>), year: null });
console.log(name, share, passed, grams, digits, outputs, y, iris.model.classes);
"""


@needs_typescript
def test_types_are_those_of_the_functions(tmp_path):
    for name in ("iris", "penguins", "mnist", "perceptron"):
        written(tmp_path, name, untrained_lesson(name)[0])
    written(tmp_path, "strange", model_of_cells(tmp_path, {name: ["1", "2", "4"] * 4 for name in STRANGE}, {}))
    (tmp_path / "uses.mts").write_text(USES)
    options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"]
    command = [str(NODE), str(TYPESCRIPT), *options, "uses.mts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


_PIXELS = """
const images = JSON.parse(require("node:fs").readFileSync(0, "utf-8"));
const found = images.map(([height, width, bytes]) => {
  const grey = Buffer.from(bytes, "base64");
  const data = Uint8ClampedArray.from({ length: 4 * grey.length }, (_, i) => (i % 4 === 3 ? 255 : grey[i >> 2]));
  const pixels = pixelsOf({ data, width, height }, { kind: "digit", height: 28, width: 28 });
  return pixels && [...pixels];
});
console.log(JSON.stringify(found));
"""


def photographs() -> list[Any]:
    """Greys: photographs in each light and on each paper, chalk, a table's edge, a thin pen, and noise."""
    digits = read_idx(DATA / "train-images-idx3-ubyte.gz", 3, 2**30)
    kinds = [*zip(LIGHT, [*PAPER, *PAPER], strict=False)]
    found = [photograph(digits[number], *kind, number) for number, kind in enumerate(kinds)]
    found += [255 - photograph(digits[20], "from the left", "ruled", 1), np.rot90(found[4])]
    edge = photograph(digits[0], "in the middle", "plain", 0)
    edge[:, :6], edge[-5:], edge[3:6, 100:103] = 40, 60, 50
    pen = np.full((400, 400), 240, np.uint8)
    pen[60:340, 199:202] = pen[60:63, 140:202] = 10
    lines, cross = np.full((120, 160), 230, np.uint8), np.full((100, 80), 230, np.uint8)
    lines[20:120:25] = 150
    lines[15:100, 70:82] = 30
    cross[:, 40:42] = 20
    wide = np.kron(photograph(digits[3], "of a lamp", "ruled", 5), np.ones((1, 5), np.uint8))
    rng = np.random.default_rng(0)
    noise = [
        rng.integers(0, 256, size).astype(np.uint8) for size in ((1, 9), (9, 1), (2, 2), (3, 5), (64, 64), (70, 90))
    ]
    return [*found, edge, pen, lines, cross, wide, *noise, 255 - digits[9], np.full((9, 9), 7, np.uint8)]


def test_a_photograph_is_read_as_predict_reads_it(tmp_path):
    image = pytest.importorskip("PIL.Image")
    greys = [np.ascontiguousarray(grey) for grey in photographs()]
    given = json.dumps([[*grey.shape, base64.b64encode(grey.tobytes()).decode()] for grey in greys])
    scripts = "".join(map(script, ["picture.js", "ink.js"]))
    done = subprocess.run([str(NODE), "-e", scripts + _PIXELS], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for grey, pixels in zip(greys, json.loads(done.stdout), strict=True):
        image.fromarray(grey).save(tmp_path / "digit.png")
        if pixels is None:
            with pytest.raises(DataError, match="nothing to be seen"):
                read_digit(tmp_path / "digit.png", 28, 28)
        else:
            assert pixels == read_digit(tmp_path / "digit.png", 28, 28).ravel().tolist()
