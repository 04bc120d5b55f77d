"""Whatever a body of JSON holds: it is answered, or refused with a document that can be sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_server import MADE
from starlette.responses import JSONResponse
from test_predict_requests import ROW

from mltrain.serving import inference_protocol
from mltrain.serving.answering import CSV, answer
from mltrain.serving.models import Models
from mltrain.serving.reading import JSON, predict_body
from mltrain.serving.refused import Refused
from mltrain.serving.served_model import ServedModel

cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(2**53), 2**70]),
    st.floats(),
    st.text(st.characters(codec=None)),
    st.sampled_from(["Gentoo", "male", "NA", "", "5", "\ud800"]),
)
values = st.recursive(
    cells, lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=3), one, max_size=3)
)
rows = st.fixed_dictionaries({name: st.just(cell) | cells | values for name, cell in ROW.items()})
tensors = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*ROW, "input"]),
        "shape": st.lists(st.integers(0, 4), max_size=3),
        "datatype": st.sampled_from(["FP32", "BYTES", "BOOL", "FP8"]),
        "data": st.lists(values, max_size=4),
    }
)


@pytest.fixture(scope="module", params=["penguins", "line", "images", "table"])
def served(request: pytest.FixtureRequest, penguins: Path) -> ServedModel:
    path = penguins if request.param == "penguins" else MADE / request.param
    found = Models(path, None, lambda name, well: None).file().served
    assert found is not None
    return found


def check(rows: int) -> None:
    pass


def sent(call: Callable[[], bytes]) -> bytes:
    """The body of the response: what ``call`` answers, or why it is refused."""
    try:
        return call()
    except Refused as refused:
        status, document = refused.status, refused.document("/predict")
    assert status in (400, 422)
    return bytes(JSONResponse(document).body)


@settings(max_examples=60)
@given(body=values | rows | st.lists(rows, max_size=3), form=st.sampled_from([JSON, CSV]))
def test_rows(served: ServedModel, body: Any, form: str) -> None:
    text = json.dumps(body).encode()
    assert sent(lambda: answer(served, predict_body(served, JSON, text, check), form).body)


@settings(max_examples=40)
@given(body=st.fixed_dictionaries({"inputs": st.lists(tensors, max_size=7)}) | values)
def test_tensors(served: ServedModel, body: Any) -> None:
    text = json.dumps(body).encode()
    assert sent(lambda: bytes(JSONResponse(inference_protocol.infer(served, text, check)[0]).body))
