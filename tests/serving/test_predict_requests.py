"""`POST /predict`: every form of rows and answers, and what is wrong with rows."""

import csv
import gzip
import io
import json
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from live_server import CONFIGS, MADE, error, running

import mltrain
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.inference.model import Model

ROW = {
    "species": "Gentoo",
    "island": "Biscoe",
    "bill_length_mm": 47.5,
    "bill_depth_mm": 15,
    "flipper_length_mm": 218,
    "sex": "male",
    "year": 2009,
}
OTHER = {**ROW, "species": "Adelie", "bill_length_mm": 38.1, "sex": None}


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def outputs(response: httpx.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    return [one["y"] for one in response.json()["predictions"]]


def test_all_forms_of_rows_give_what_the_model_predicts(client: httpx.Client, penguins_model: Model) -> None:
    rows = [ROW, OTHER]
    expected = penguins_model.predict(rows).tolist()
    assert outputs(client.post("/predict", json=ROW)) == expected[:1]
    assert outputs(client.post("/predict", json=rows)) == expected
    for kind, text in (
        ("text/csv", as_csv(rows)),
        ("text/csv; charset=utf-8", as_csv(rows)),
        ("text/tab-separated-values", as_csv(rows).replace(",", "\t")),
        ("application/x-ndjson", "\n".join(map(json.dumps, rows))),
        ("application/jsonl", "\n".join(map(json.dumps, rows))),
        ("application/x-www-form-urlencoded", json.dumps(rows)),  # as curl -d says it
        ("APPLICATION/JSON", json.dumps(rows)),
    ):
        response = client.post("/predict", content=text, headers={"Content-Type": kind})
        assert outputs(response) == expected, kind


def test_a_text_is_of_the_charset_that_its_type_names(client: httpx.Client) -> None:
    row = {**ROW, "species": "Ослик"}
    for charset in ("cp1251", "KOI8-R", '"utf-16"', "utf-8"):
        text = as_csv([row]).encode(charset.strip('"'))
        response = client.post("/predict", content=text, headers={"Content-Type": f"text/csv; charset={charset}"})
        assert response.json()["predictions"][0]["x"][0] == "Ослик"
    text = as_csv([{**ROW, "species": "Äsel"}]).encode("cp1252")
    note = client.post("/predict", content=text, headers={"Content-Type": "text/csv"}).json()["notes"][0]
    assert note == "the text is not UTF-8 and is read as windows-1252, in which line 2 has 'Äsel'"


def test_answer_has_the_form_of_predict(client: httpx.Client, penguins_model: Model) -> None:
    document = client.post("/predict", json=ROW).json()
    y = penguins_model.predict([ROW]).tolist()
    x = ["Gentoo", "Biscoe", 47.5, 15.0, 218.0, "male", 2009.0]
    assert document == {"model": document["model"], "predictions": [{"x": x, "y": y[0]}]}
    assert client.post("/predict", json=[]).json()["predictions"] == []
    noted = client.post("/predict", json=[{**OTHER, "island": "Nowhere"}]).json()
    assert noted["notes"] == [
        "values that are rare or new to the model count as other: 1 in 'island' ('Nowhere')",
        "missing values were filled in: 1 in 'sex'",
    ]


def test_csv_answers(client: httpx.Client, penguins_model: Model) -> None:
    response = client.post("/predict", json=[ROW, OTHER], headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    lines = response.text.splitlines()
    assert lines[0] == "predicted_body_mass_g"
    assert np.array(lines[1:], np.float32).tolist() == penguins_model.predict([ROW, OTHER])[:, 0].tolist()
    prefers = {"Accept": "text/csv;q=0.5, application/json"}
    assert outputs(client.post("/predict", json=ROW, headers=prefers))
    assert client.post("/predict", json=ROW, headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize(
    ("body", "kind", "status", "message", "where"),
    [
        ('{"species"', "application/json", 400, "body: this is not JSON", {}),
        (b"\xff\xfe", "application/json", 400, "body: this is not JSON", {}),
        ("[" * 5000, "application/json", 400, "body: t", {}),
        (gzip.compress(b"{}"), "application/json", 415, "body: this is gzip", {}),
        ("3", "application/json", 422, "body: row 1 is 3, not an object with the columns species, island", {"row": 1}),
        ("[[1, 2]]", "application/json", 422, "body: row 1 is [1, 2], not an object", {"row": 1}),
        (json.dumps([ROW, 3]), "application/json", 422, "body: row 2 is int, not cells by name", {}),
        ('{"species": "Gentoo"}', "application/json", 422, "body: there is no column 'island'", {"column": "island"}),
        (
            json.dumps([ROW, {**ROW, "bill_length_mm": "many"}]),
            "application/json",
            422,
            "body: row 2, column 'bill_length_mm': expected a number, got 'many'",
            {"row": 2, "column": "bill_length_mm"},
        ),
        (
            json.dumps({**ROW, "bill_length_mm": [1]}),
            "application/json",
            422,
            "body: row 1, column 'bill_length_mm': expected a number, got '[1]'",
            {"row": 1, "column": "bill_length_mm"},
        ),
        (
            json.dumps({**ROW, "year": 1e300}),
            "application/json",
            422,
            "body: row 1, column 'year': 1e+300 does not fit into a 32-bit float",
            {"row": 1, "column": "year"},
        ),
        (
            json.dumps({**ROW, "year": 10**400}),
            "application/json",
            422,
            "body: row 1, column 'year': 1000",
            {"row": 1, "column": "year"},
        ),
        (
            as_csv([ROW, {**ROW, "bill_depth_mm": "deep"}]),
            "text/csv",
            422,
            "body:3: row 2, column 'bill_depth_mm': expected a number, got 'deep'",
            {"row": 2, "column": "bill_depth_mm", "line": 3},
        ),
        ("", "text/csv", 422, "body: the file is empty", {}),
        ('{"a": 1}\nno', "application/x-ndjson", 422, "body:2: this line is not JSON", {}),
        ("x", "application/xml", 415, "the content type is application/xml; send application/json, text/csv", {}),
        ("x", "", 415, "the content type is missing", {}),
        ("", "application/json", 400, "body: this is not JSON", {}),
        ("", "", 400, "the body is empty; send a row, or several", {}),
        ("x", "text/csv; charset=punycode", 415, "the content type names the charset punycode, which is not", {}),
        ("x", "text/csv; charset=cp1", 415, "the content type names the charset cp1, which is not read", {}),
        (b"\x81", "text/csv; charset=cp932", 400, "body: this is not cp932, the charset that the content type", {}),
        (b"\x89PNG\r\n\x1a\n", "image/png", 415, "the model takes the columns species, island", {}),
        (json.dumps([ROW] * 51), "application/json", 422, "body: has more than 50 rows", {}),
        (as_csv([ROW] * 51), "text/csv", 422, "body: has more than 50 rows", {}),
        ("x" * 20_001, "text/csv", 413, "the body has more than 20,000 bytes", {}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    client: httpx.Client, body: Any, kind: str, status: int, message: str, where: dict[str, Any]
) -> None:
    response = client.post("/predict", content=body, headers={"Content-Type": kind} if kind else {})
    found = response.json()["error"]
    assert (response.status_code, found["message"][: len(message)]) == (status, message)
    assert {name: value for name, value in found.items() if name != "message"} == where
    assert "/" not in found["message"].partition("content type")[0]  # where the body was put is nobody's business


def test_what_is_wrong_with_a_cell_is_said_without_advice_about_the_config(tmp_path: Path) -> None:
    names = "abcdefghijkl"
    rows = [f"{name},{place},{date},{place}" for place, name in enumerate(names) for date in ("31.12.2024", "1.5.2024")]
    (tmp_path / "rows.csv").write_text("\n".join(["kind,size,day,y", *rows]))
    dataset = {"type": "csv", "path": str(tmp_path / "rows.csv"), "target": "y", "missing": "error", "unknown": "error"}
    config = {"name": "strict", "dataset": dataset, "layers": [{"type": "dense", "units": 1}], "loss": "mse"}
    with warnings.catch_warnings(action="ignore"):
        model = mltrain.fit({**config, "optimizer": "sgd", "training": {"epochs": 1}})
    model.save(tmp_path / "model.npz")
    row = {"kind": "a", "size": 3, "day": "1.5.2024"}
    with running(tmp_path / "model.npz") as client:
        for column, cell, said in (
            ("size", "many", "expected a number, got 'many'"),
            ("size", None, "the value is missing, and the model learned from whole rows"),
            ("day", "soon", "expected a date with the day first, got 'soon'"),
            ("kind", "z", f"'z' is none of the names learned from: {', '.join(names)}"),
        ):
            found = client.post("/predict", json=[row, {**row, column: cell}]).json()["error"]
            assert found == {"message": f"body: row 2, column '{column}': {said}", "row": 2, "column": column}
        latin = as_csv([{**row, "kind": "ä"}, row]).encode("latin-1")
        mixed = as_csv([{**row, "kind": "ä"}, {**row, "kind": "ö"}]).encode().replace("ö".encode(), b"\xf6")
        for body, said in ((mixed, "the file mixes two encodings: save it again in UTF-8"), (latin, "names learned")):
            found = client.post("/predict", content=body, headers={"Content-Type": "text/csv"}).json()["error"]
            assert said in found["message"]
            assert "encoding (" not in found["message"]
            assert not found["message"].endswith("encoding")
    with pytest.raises(mltrain.DataError, match="got 'many'; if it means that there is no value, add it to missing_v"):
        model.predict([{**row, "size": "many"}])


def test_a_body_that_is_sent_in_pieces_is_counted(client: httpx.Client) -> None:
    response = client.post("/predict", content=iter([b"x" * 10_000] * 3), headers={"Content-Type": "text/csv"})
    assert response.status_code == 413
    assert outputs(client.post("/predict", content=iter([json.dumps(ROW).encode()])))


@pytest.mark.parametrize("name", ["classes", "line", "table"])
def test_models_of_0_1_0(name: str) -> None:
    model = Model.load(MADE / name / "model.npz")
    table = model.preprocessing.table
    given: Any = (np.arange(6).reshape(2, -1)[:, : model.row_spec.input_shape[0]] / 7).tolist()
    if table is not None:
        given = table.decode(np.full((2, len(table.features)), 0.5, np.float32))
        given = [dict(zip((column.name for column in table.columns), row, strict=True)) for row in given]
    with running(MADE / name) as client:
        found = client.post("/predict", json=given).json()["predictions"]
    y = model.predict(given)
    assert [one["y"] for one in found] == y.tolist()
    if model.classes is not None:
        assert [one["label"] for one in found] == model.labels(y)
        assert [list(one["probabilities"].values()) for one in found] == model.probabilities(y).tolist()


def test_images(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    model = Model.load(MADE / "images" / "model.npz")
    rng = np.random.default_rng(0)
    image.fromarray(rng.integers(0, 256, (20, 20)).astype(np.uint8)).save(tmp_path / "it.png")
    pixels = model.config.dataset.read_image(str(tmp_path / "it.png"), model.row_spec)
    assert pixels is not None
    expected = model.predict(pixels[None])
    content = (tmp_path / "it.png").read_bytes()
    with running(MADE / "images") as client:
        for kind in ("image/png", "application/octet-stream"):
            response = client.post("/predict", content=content, headers={"Content-Type": kind})
            assert outputs(response) == expected.tolist()
        assert outputs(client.post("/predict", json=pixels.tolist())) == expected.tolist()
        assert outputs(client.post("/predict", json=pixels.ravel().tolist())) == expected.tolist()
        assert len(outputs(client.post("/predict", json=[pixels.ravel().tolist()] * 2))) == 2
        damaged = client.post("/predict", content=content[:50], headers={"Content-Type": "image/png"})
        assert (damaged.status_code, error(damaged)[:34]) == (422, "body: cannot be read as an image: ")
        for wrong, message in (
            ([[1, 2]], "body: row 1: has "),
            ([*pixels.tolist()[:-1], ["many"] * 3], "body: row 1: "),
        ):
            response = client.post("/predict", json=wrong)
            assert (response.status_code, error(response)[: len(message)]) == (422, message)


def test_rows_of_numbers() -> None:
    with running(MADE / "line") as client:
        expected = Model.load(MADE / "line" / "model.npz").predict(np.array([[1.5], [2.0]])).tolist()
        assert outputs(client.post("/predict", json=[1.5])) == expected[:1]
        assert outputs(client.post("/predict", json=[[1.5], [2]])) == expected
        assert outputs(client.post("/predict", json=[{"x": 1.5}, {"x": 2}])) == expected
        for wrong, message in (
            ([[1], ["two"]], 'body: row 2: expected a list of numbers, got "two"'),
            ([[1], 2], "body: row 2: expected a list of numbers, got 2"),
            ([[1], [2, 3]], "body: row 2: has 2, but the model takes 1 number a row"),
            ([[1], [None]], "body: row 2: expected a list of numbers, got null"),
            (3, "body: row 1: expected a list of numbers, got 3"),
            (True, "body: row 1: expected a list of numbers, got true"),
            ([[[1]]], "body: row 1: has 1, but the model takes 1 number a row"),
            ("one", 'body: row 1: expected a list of numbers, got "one"'),
            ({"x": 1, "z": 2}, "body: has 2 columns, but the model takes 1 number a row, in order"),
        ):
            response = client.post("/predict", json=wrong)
            assert (response.status_code, error(response)) == (422, message)
        response = client.post("/predict", content=r'"\ud800"', headers={"Content-Type": "application/json"})
        assert error(response) == r'body: row 1: expected a list of numbers, got "\ud800"'
        response = client.post("/predict", content="[[1], [1e999]]", headers={"Content-Type": "application/json"})
        assert error(response) == "body: row 2: holds numbers that are infinite or not a number"


@pytest.mark.parametrize("of_other_rows", [False, True])
def test_ensembles(penguins_model: Model, of_other_rows: bool, tmp_path: Path) -> None:
    other = penguins_model.with_parameters(penguins_model.network.parameters * 0.9)
    if of_other_rows:  # which its scales are learned from, so that a row of the ensemble is a row of each
        other = mltrain.fit(
            mltrain.load_config(CONFIGS / "penguins.yaml", ["training.epochs=1", "dataset.split_seed=3"])
        )
        assert other.preprocessing != penguins_model.preprocessing
    roles = (Role(seed=0), Role(seed=1))
    ensemble = Ensemble.of(penguins_model.config, (penguins_model, other), roles, None)
    ensemble.save(tmp_path / "both.npz")
    expected = ensemble.predict([ROW, OTHER]).tolist()
    with running(tmp_path / "both.npz") as client:
        assert outputs(client.post("/predict", json=[ROW, OTHER])) == expected
        assert outputs(client.post("/predict", json=ROW)) == ensemble.predict([ROW]).tolist()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(client: httpx.Client, penguins_model: Model, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(as_csv([ROW, OTHER]))
    command = ["curl", "-sS", "--noproxy", "*", "--fail", "-H", "Content-Type: text/csv", "-H", "Accept: text/csv"]
    command += ["--data-binary", f"@{tmp_path / 'new.csv'}", str(client.base_url.join("/predict"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert np.array(done.stdout.split()[1:], np.float32).tolist() == penguins_model.predict([ROW, OTHER])[:, 0].tolist()
