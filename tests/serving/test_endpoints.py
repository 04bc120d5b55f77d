"""Everything besides `/predict`: what the model is, the page, the Open Inference Protocol, OpenAPI, and metrics."""

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import numpy as np
import pytest
from live_server import MADE, running
from test_predict_requests import OTHER, ROW

from mltrain.inference.model import Model


def test_the_model_is_described(client: httpx.Client) -> None:
    about = client.get("/model").json()
    assert (about["predicts"], about["targets"], about["classes"]) == ("numbers", ["body_mass_g"], None)
    columns = {column["name"]: column for column in about["inputs"]}
    assert list(columns) == list(ROW)
    assert columns["species"]["names"] == ["Adelie", "Chinstrap", "Gentoo"]
    length = columns["flipper_length_mm"]
    assert (length["kind"], length["lowest"], length["highest"]) == ("number", 172, 230)
    assert columns["bill_length_mm"]["lowest"] == 32.1
    assert about["metrics"]["part"] == "test"
    assert set(about["metrics"]) > {"rows", "loss"}
    assert about["origin"]["rows"]["train"] > 100


def test_the_page_is_the_exported_one(client: httpx.Client) -> None:
    response = client.get("/")
    assert response.headers["content-type"].startswith("text/html")
    assert "<title>penguins</title>" in response.text
    assert "flipper_length_mm" in response.text


def test_health(client: httpx.Client) -> None:
    for path in ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"):
        assert client.get(path).status_code == 200
    assert client.get("/readyz").json() == {"ready": True}


def test_unknown_addresses_and_methods(client: httpx.Client) -> None:
    assert client.get("/nowhere").json() == {"error": {"message": "there is nothing at /nowhere"}}
    assert client.get("/nowhere").status_code == 404
    response = client.get("/predict")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    unknown = client.post("/models/no-such/predict", json=ROW)
    assert unknown.status_code == 404
    assert unknown.json()["error"]["message"].startswith("there is no model 'no-such'")
    assert client.get("/v2/models/no-such").json() == {"error": "there is no model 'no-such'"}  # the protocol's form
    assert client.get("/v2/models/no-such/infer").json() == {"error": "/v2/models/no-such/infer does not take GET"}


def tensors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for name in rows[0]:
        data = [row[name] for row in rows]
        kind = "BYTES" if isinstance(data[0], str) else "FP64"
        found.append({"name": name, "shape": [len(rows), 1], "datatype": kind, "data": data})
    return found


def test_open_inference_protocol(client: httpx.Client, penguins_model: Model) -> None:
    assert client.get("/v2").json()["name"] == "mltrain"
    name = client.get("/models").json()["default"]
    about = client.get(f"/v2/models/{name}").json()
    assert [one["name"] for one in about["inputs"]] == list(ROW)
    assert about["inputs"][0] == {"name": "species", "datatype": "BYTES", "shape": [-1, 1]}
    assert about["outputs"] == [{"name": "body_mass_g", "datatype": "FP32", "shape": [-1, 1]}]
    assert client.get(f"/v2/models/{name}/ready").json() == {"name": name, "ready": True}
    body = {"id": "7", "inputs": tensors([ROW, OTHER]), "outputs": [{"name": "body_mass_g"}]}
    for path in (f"/v2/models/{name}/infer", f"/v2/models/{name}/versions/1/infer"):
        answer = client.post(path, json=body).json()
        expected = penguins_model.predict([ROW, OTHER])[:, 0].tolist()
        output = {"name": "body_mass_g", "shape": [2, 1], "datatype": "FP32", "data": expected}
        assert answer == {"model_name": name, "id": "7", "outputs": [output]}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("{", 400, "body: this is not JSON"),
        ({}, 400, "body: Object missing required field `inputs`"),
        ({"inputs": []}, 400, "body: Expected `array` of length >= 1"),
        ({"inputs": tensors([ROW])[:1]}, 422, "body: there is no column 'island' among species"),
        ({"inputs": tensors([ROW]), "outputs": [{"name": "z"}]}, 400, "outputs: there is no output 'z'"),
        ({"inputs": [{"name": "a", "shape": [2], "datatype": "FP32", "data": [1]}]}, 400, "inputs: 'a' has 1 values"),
        ({"inputs": [{"name": "a", "shape": [1], "datatype": "X", "data": [1]}]}, 400, "inputs: 'a' has the datatype"),
        ({"inputs": [{"name": "a", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}, 400, "inputs: 'a' has"),
        (
            {"inputs": tensors([{**ROW, "year": "late"}])},
            422,
            "body: row 1, column 'year': expected a number, got 'late'",
        ),
    ],
)  # fmt: skip
def test_open_inference_protocol_says_what_is_wrong(client: httpx.Client, body: Any, status: int, message: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    response = client.post("/v2/models/" + client.get("/models").json()["default"] + "/infer", content=text)
    assert (response.status_code, response.json()["error"][: len(message)]) == (status, message)


def test_open_inference_protocol_for_classes_and_arrays() -> None:
    model = Model.load(MADE / "images" / "model.npz")
    shape = model.row_spec.input_shape
    with running(MADE / "images") as client:
        assert client.get("/v2/models/images").json()["inputs"] == [
            {"name": "input", "datatype": "FP32", "shape": [-1, *shape]}
        ]
        data = [float(number % 251) for number in range(2 * math.prod(shape))]
        tensor = {"name": "input", "shape": [2, *shape], "datatype": "FP32", "data": data}
        answer = client.post("/v2/models/images/infer", json={"inputs": [tensor]}).json()["outputs"]
        y = model.predict(np.array(data).reshape(2, *shape))
        assert {one["name"]: one["data"] for one in answer} == {
            "label": model.labels(y),
            "probabilities": model.probabilities(y).ravel().tolist(),
        }
        wrong = {**tensor, "shape": [len(data)]}
        assert client.post("/v2/models/images/infer", json={"inputs": [wrong]}).status_code == 400


@pytest.mark.parametrize("name", ["penguins", "table", "line", "classes"])
def test_openapi_is_about_the_columns_and_its_examples_are_valid(name: str, penguins: Path) -> None:
    with running(penguins if name == "penguins" else MADE / name) as client:
        document = client.get("/openapi.json").json()
        post = document["paths"]["/predict"]["post"]
        request = post["requestBody"]["content"]["application/json"]
        for example in request["examples"].values():
            _validate(document, request["schema"], example["value"])
            answer = client.post("/predict", json=example["value"]).json()
            schema = post["responses"]["200"]["content"]["application/json"]["schema"]
            _validate(document, schema, answer)
        _validate(document, schema, post["responses"]["200"]["content"]["application/json"]["example"])
        if name in ("penguins", "table"):
            text = post["requestBody"]["content"]["text/csv"]["example"]
            assert client.post("/predict", content=text, headers={"Content-Type": "text/csv"}).status_code == 200
            row = document["components"]["schemas"]["Row"]
            assert set(row["required"]) == set(row["properties"])
            with pytest.raises(jsonschema.ValidationError):
                _validate(document, request["schema"], {})
        refused = client.post("/predict", json="x").json()
        _validate(document, document["components"]["schemas"]["Error"], refused)


def _validate(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "components": document["components"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)


def test_metrics(penguins: Path) -> None:
    with running(penguins) as client:
        client.get("/model")  # after which the ranges of the training rows are known
        client.post("/predict", json=[ROW, {**ROW, "island": "Nowhere", "sex": None}])
        client.post("/predict", json={**ROW, "flipper_length_mm": 1000})
        client.post("/predict", json={**ROW, "year": "late"})
        client.get("/nowhere")
        response = client.get("/metrics")
        assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        found = _samples(response.text)
    folder = penguins.parent.name
    assert found['mltrain_requests_total{endpoint="predict",method="POST",status="200"}'] == 2
    assert found['mltrain_requests_total{endpoint="predict",method="POST",status="422"}'] == 1
    assert found['mltrain_requests_total{endpoint="none",method="GET",status="404"}'] == 1
    assert found['mltrain_request_seconds_count{endpoint="predict"}'] == 3
    assert found['mltrain_request_seconds_bucket{endpoint="predict",le="+Inf"}'] == 3
    assert found[f'mltrain_rows_total{{model="{folder}"}}'] == 3
    assert found[f'mltrain_unknown_values_total{{model="{folder}",column="island"}}'] == 1
    assert found[f'mltrain_missing_values_total{{model="{folder}",column="sex"}}'] == 1
    assert found[f'mltrain_outside_values_total{{model="{folder}",column="flipper_length_mm"}}'] == 1
    assert found["mltrain_requests_in_progress"] == 1


def _samples(text: str) -> dict[str, float]:
    """Every sample of the text format, which is checked line by line."""
    found, kinds = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            if (kind := re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line)) is not None:
                kinds[kind[1]] = kind[2]
            continue
        sample = re.fullmatch(r'(\w+)(\{\w+="[^"\n]*"(?:,\w+="[^"\n]*")*\})? ([0-9.e+-]+)', line)
        assert sample is not None, line
        assert re.sub("_(bucket|sum|count)$", "", sample[1]) in kinds
        assert sample[1] + (sample[2] or "") not in found
        found[sample[1] + (sample[2] or "")] = float(sample[3])
    return found


def test_a_folder_of_models(folder: Path) -> None:
    with running(folder, default="line") as client:
        assert client.get("/models").json() == {
            "default": "line",
            "models": [{"model": "line", "problem": None}, {"model": "table", "problem": None}],
        }
        expected = Model.load(folder / "line.npz").predict([[2.0]]).tolist()
        for path in ("/predict", "/models/line/predict"):
            assert client.post(path, json=[2.0]).json()["predictions"][0]["y"] == expected[0]
        assert client.get("/models/table").json()["predicts"] == "classes"
        assert client.get("/models/table/openapi.json").json()["openapi"] == "3.1.0"
        assert "/models/{name}/predict" in client.get("/openapi.json").json()["paths"]
        assert "<html" in client.get("/models/table/").text
        missing = client.get("/models/tabel")
        assert (missing.status_code, missing.json()["error"]["message"]) == (
            404,
            "there is no model 'tabel'; did you mean 'table'?",
        )
        (folder / "table" / "model.npz").rename(folder / "moved.npz")
        assert [one["model"] for one in client.get("/models").json()["models"]] == ["line", "moved"]
        (folder / "damaged.npz").write_bytes(b"nothing")
        response = client.get("/models/damaged")
        assert response.status_code == 503
        assert "is not a model file" in response.json()["error"]["message"]
        assert "is not a model file" in client.get("/models").json()["models"][1]["problem"]
        shutil.copy(folder / "moved.npz", folder / "damaged.npz")
        assert client.get("/models").json()["models"][1] == {"model": "damaged", "problem": None}
