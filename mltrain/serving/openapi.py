"""The OpenAPI document of a server (https://spec.openapis.org/oas/v3.1.0), made from the model's own columns."""

from typing import Any

from mltrain import __version__
from mltrain.data.encoding import ChoiceEncoding, Encoding, NumberEncoding
from mltrain.inference.answers import answers
from mltrain.inference.prediction_files import csv_text
from mltrain.serving.description import may_be_missing
from mltrain.serving.reading import JSON
from mltrain.serving.served_model import About, ServedModel

_MOST_EXAMPLES = 2
_MOST_NAMES = 100


def openapi(served: ServedModel, about: About, *, folder: bool, token: bool) -> dict[str, Any]:
    """The document. ``folder``: the server has several models; ``token``: requests must bring one."""
    paths: dict[str, Any] = {
        "/predict": {"post": _predict(served, about)},
        "/model": {"get": _plain("What the model is")},
    }
    if folder:
        name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        paths["/models"] = {"get": _plain("The names of all models")}
        paths["/models/{name}"] = {"parameters": [name], "get": _plain("What a model is")}
        post = {
            "summary": "Predict rows with a model",
            "requestBody": {"content": {JSON: {}}},
            "responses": _responses(),
        }
        paths["/models/{name}/predict"] = {"parameters": [name], "post": post}
    for path, summary in (
        ("/healthz", "Whether the server runs"),
        ("/readyz", "Whether its models can be used"),
        ("/v2/health/live", "Open Inference Protocol: whether the server runs"),
        ("/v2/health/ready", "Open Inference Protocol: whether its models can be used"),
    ):
        paths[path] = {"get": {**_plain(summary), "security": []}}
    paths["/metrics"] = {"get": _plain("What the server has counted, for Prometheus", "text/plain")}
    return {
        "openapi": "3.1.0",
        "info": {"title": about.subject.title, "version": __version__, "description": about.subject.origin},
        "paths": paths,
        "components": {
            "schemas": {"Row": _row(about), "Prediction": _prediction(served), "Error": _ERROR},
            **({"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}} if token else {}),
        },
        **({"security": [{"token": []}]} if token else {}),
    }


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {"type": "string"},
                "row": {"type": "integer", "minimum": 1},
                "column": {"type": "string"},
                "line": {"type": "integer", "minimum": 1},
            },
        }
    },
}


def _plain(summary: str, kind: str = JSON) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "OK", "content": {kind: {}}}}}


def _predict(served: ServedModel, about: About) -> dict[str, Any]:
    rows = example_rows(about)
    row = {"$ref": "#/components/schemas/Row"}
    content: dict[str, Any] = {
        JSON: {
            "schema": {"anyOf": [row, {"type": "array", "items": row}]},
            "examples": {"one row": {"value": rows[0]}, "several rows": {"value": rows}},
        }
    }
    if served.table is not None:
        names = list(rows[0])
        cells = [["" if one is None else one for one in row.values()] for row in rows]
        content["text/csv"] = {"schema": {"type": "string"}, "example": csv_text([names, *cells])}
        content["application/x-ndjson"] = {"schema": {"type": "string"}}
    if about.subject.steps.image is not None:
        content["image/*"] = {"schema": {"type": "string", "format": "binary"}}
    found = answers(served.model, _given(about), about.subject.examples.y[: len(rows)])
    answer = {
        "description": "The predictions, in the order of the rows",
        "content": {
            JSON: {
                "schema": {
                    "type": "object",
                    "required": ["model", "predictions"],
                    "properties": {
                        "model": {"type": "string"},
                        "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}},
                        "notes": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "example": {"model": served.name, "predictions": found},
            },
            "text/csv": {"schema": {"type": "string"}},
        },
    }
    return {
        "summary": "Predict rows",
        "requestBody": {"required": True, "content": content},
        "responses": {"200": answer, **_responses()},
    }


def _responses() -> dict[str, Any]:
    error = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    return {
        status: {"description": text, **error}
        for status, text in {
            "400": "The body is not JSON",
            "413": "The body is too long",
            "415": "The content type is none that is read",
            "422": "A row cannot be used; the error says which, and which column",
            "503": "The queue is full",
            "504": "The prediction took too long",
        }.items()
    }


def example_rows(about: About) -> list[Any]:
    """Rows as a request has them."""
    examples = about.subject.examples
    if examples.cells is not None:
        return [dict(row) for row in examples.cells[:_MOST_EXAMPLES]]
    return [row.tolist() for row in examples.x[:_MOST_EXAMPLES]]


def _given(about: About) -> list[list[Any]]:
    examples = about.subject.examples
    if examples.cells is not None:
        return [list(row.values()) for row in examples.cells[:_MOST_EXAMPLES]]
    return [[float(number) for number in row.flat] for row in examples.x[:_MOST_EXAMPLES]]


def _row(about: About) -> dict[str, Any]:
    steps = about.subject.steps
    if steps.columns is None:
        schema: dict[str, Any] = {"type": "number"}
        for length in reversed(steps.input.shape):
            schema = {"type": "array", "items": schema, "minItems": length, "maxItems": length}
        return schema
    by_column = steps.by_column
    return {
        "type": "object",
        "properties": {name: _cell(columns) for name, columns in by_column.items()},
        "required": list(by_column),
    }


def _cell(columns: list[Encoding]) -> dict[str, Any]:
    """The schema of a cell. Members of an ensemble may each have learned other names in a column."""
    gap = ["null"] if all(map(may_be_missing, columns)) else []
    match columns[0]:
        case NumberEncoding():
            unit = columns[0].notation.in_words
            return {"type": ["number", "string", *gap], **({"description": f"a number{unit}"} if unit else {})}
        case ChoiceEncoding():
            each = [one for one in columns if isinstance(one, ChoiceEncoding)]
            names = list(dict.fromkeys(name for one in each for name in one.choices))[:_MOST_NAMES]
            return {"type": ["string", "number", "boolean", *gap], "examples": names}
    return {"type": ["string", *gap], "description": f"a {columns[0].name}"}


def _prediction(served: ServedModel) -> dict[str, Any]:
    required = {"x": {}, "y": {"description": "the outputs of the network"}}
    if served.model.classes is not None:
        required["label"] = {"description": f"the class: {', '.join(served.model.classes[:_MOST_NAMES])}"}
        if served.model.gives_probabilities:
            required["probabilities"] = {"description": "the probability of each class"}
    return {"type": "object", "required": list(required), "properties": required}
