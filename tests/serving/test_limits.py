"""Who may ask, how much, for how long, and what happens when too many do."""

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from live_server import error, running
from test_predict_requests import ROW

from mltrain.errors import UsageError
from mltrain.serving.served_model import ServedModel
from mltrain.serving.settings import Settings, from_environment, read_token

TOKEN = "a-token-of-some-length"


def test_other_hosts_are_refused(client: httpx.Client) -> None:
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""):
        response = client.get("/model", headers={"Host": host})
        assert response.status_code in (400, 403)  # a request without a host is no HTTP at all
    for host in ("localhost", "LOCALHOST:99", "127.0.0.1:1", "[::1]:8000"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_named_hosts_are_allowed(penguins: Path) -> None:
    with running(penguins, hosts=("models.example",)) as client:
        assert client.get("/healthz", headers={"Host": "models.example:8000"}).status_code == 200
        assert client.get("/healthz", headers={"Host": "other.example"}).status_code == 403
    with running(penguins, hosts=("models.example",), token=TOKEN) as client:
        brought = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/model", headers={"Host": "other.example", **brought}).status_code == 403
    with running(penguins, token=TOKEN) as client:
        assert client.get("/model", headers={"Host": "other.example", **brought}).status_code == 200


def test_without_a_token_nothing_is_answered(penguins: Path) -> None:
    with running(penguins, token=TOKEN) as client:
        for headers in (
            {},
            {"Authorization": "Bearer"},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": TOKEN},
        ):
            for path in ("/", "/model", "/metrics", "/openapi.json", "/v2"):
                response = client.get(path, headers=headers)
                assert response.status_code == 401
                assert response.headers["www-authenticate"] == 'Bearer realm="mltrain"'
            assert client.post("/predict", json=ROW, headers=headers).status_code == 401
        assert client.post("/predict", json=ROW, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.post("/predict", json=ROW, headers={"Authorization": f"bearer  {TOKEN}"}).status_code == 200
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_token_files(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"  {TOKEN}\n")
    assert read_token(file) == TOKEN
    for text in ("", "short", "two words of a token", "ä" * 20, "x" * 5000):
        file.write_text(text)
        with pytest.raises(UsageError, match="a token is "):
            read_token(file)
    with pytest.raises(UsageError, match=r"--token-file .*: cannot be read: No such file"):
        read_token(tmp_path / "none")


def test_settings_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    path, settings = from_environment(
        {
            "MLTRAIN_MODEL": "runs/iris-001",
            "MLTRAIN_TOKEN_FILE": str(tmp_path / "token"),
            "MLTRAIN_ALLOWED_HOSTS": "a.example, b.example",
            "MLTRAIN_MAX_BODY": "2",
            "MLTRAIN_MAX_ROWS": "10",
            "MLTRAIN_TIMEOUT": "1.5",
            "MLTRAIN_QUEUE": "3",
            "MLTRAIN_MAX_BODIES": "5",
            "MLTRAIN_DEFAULT_MODEL": "iris",
        }
    )
    assert path == Path("runs/iris-001")
    assert settings == Settings(TOKEN, ("a.example", "b.example"), "iris", 2 * 2**20, 10, 1.5, 3, 5 * 2**20)
    assert from_environment({}) == (None, Settings())
    with pytest.raises(UsageError, match=r"MLTRAIN_MAX_ROWS: expected a number above 0, got 'many'"):
        from_environment({"MLTRAIN_MAX_ROWS": "many"})


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Predictions of several rows wait for it."""
    opened, outputs = threading.Event(), ServedModel.rows

    def waiting(self: ServedModel, source: Any, check: Callable[[int], None]) -> Any:
        opened.wait(20)
        return outputs(self, source, check)

    monkeypatch.setattr(ServedModel, "rows", waiting)
    return opened


CSV = {"Content-Type": "text/csv"}
TEXT = ",".join(ROW) + "\n" + ",".join(map(str, ROW.values())) + "\n"


def test_a_full_queue_refuses_and_loses_nothing(penguins: Path, gate: threading.Event) -> None:
    with running(penguins, threads=1, queue=2) as client:
        found: list[httpx.Response] = []
        asking = [
            threading.Thread(target=lambda: found.append(client.post("/predict", content=TEXT, headers=CSV)))
            for _ in range(8)
        ]
        for thread in asking:
            thread.start()
        deadline = time.monotonic() + 60
        while len(found) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [one.status_code for one in found] == [503] * 5
        assert found[0].headers["retry-after"] == "1"
        assert "its queue is full" in error(found[0])
        assert client.post("/predict", json=ROW).status_code == 200  # a single row needs no thread
        gate.set()
        for thread in asking:
            thread.join(10)
        assert sorted(one.status_code for one in found) == [200] * 3 + [503] * 5
        assert client.post("/predict", content=TEXT, headers=CSV).status_code == 200


def test_what_takes_too_long_is_given_up(penguins: Path, gate: threading.Event) -> None:
    with running(penguins, threads=1, seconds=0.2) as client:
        found = [client.post("/predict", content=TEXT, headers=CSV) for _ in range(2)]  # the second one in the queue
        assert [one.status_code for one in found] == [504, 504]
        assert error(found[0]) == "the prediction took longer than 0.2 seconds; send fewer rows"
        gate.set()
        deadline = time.monotonic() + 60
        while client.post("/predict", content=TEXT, headers=CSV).status_code != 200:
            assert time.monotonic() < deadline


def test_a_body_that_does_not_come_is_not_waited_for(penguins: Path) -> None:
    with running(penguins, seconds=0.2) as client:
        address = client.base_url
        with socket.create_connection((address.host, address.port), 10) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
        with socket.create_connection((address.host, address.port), 10) as connection:
            head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**12}\r\n\r\n"
            connection.sendall(head.encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_all_bodies_together_have_a_limit(penguins: Path, gate: threading.Event) -> None:
    """Held are those that still arrive and those whose rows wait; what a refused one was is free at once."""
    rows = TEXT + "# " * 2000
    head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 4000\r\n\r\n"
    with running(penguins, most_bytes=5000, most_memory=10_000) as client:
        address, found = client.base_url, list[httpx.Response]()
        asking = threading.Thread(target=lambda: found.append(client.post("/predict", content=rows, headers=CSV)))
        asking.start()
        with socket.create_connection((address.host, address.port), 10) as slow:
            slow.sendall(head.encode() + b"x" * 3000)
            deadline = time.monotonic() + 60
            held = f"\nmltrain_body_bytes {len(rows) + 3000}\n"
            while held not in client.get("/metrics").text:
                assert time.monotonic() < deadline
            for _ in range(3):
                refused = client.post("/predict", content="x" * 4000, headers=CSV)
                assert refused.status_code == 503
                assert refused.headers["retry-after"] == "1"
                assert error(refused) == "the server holds too many bodies; try again later"
            assert held in client.get("/metrics").text
            assert client.post("/predict", json=ROW).status_code == 200  # there is room for a small one
        gate.set()
        asking.join(10)
        assert found[0].status_code in (200, 422)
        while "\nmltrain_body_bytes 0\n" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
        assert client.post("/predict", content=TEXT, headers=CSV).status_code == 200
    with running(penguins, most_bytes=5000, most_memory=1) as client:
        assert client.post("/predict", content=TEXT, headers=CSV).status_code == 200  # one has room in any case


def test_under_load_no_answer_is_wrong_and_none_is_lost(penguins: Path, penguins_model: Any) -> None:
    rows = [{**ROW, "bill_length_mm": 30 + number / 10, "flipper_length_mm": 180 + number} for number in range(40)]
    expected = penguins_model.predict(rows)[:, 0].tolist()
    single = [float(penguins_model.predict([row])[0, 0]) for row in rows]
    np.testing.assert_allclose(single, expected, rtol=1e-6)
    problems: list[Any] = []
    with running(penguins, queue=1000) as client:

        def ask(start: int) -> None:
            for number in range(start, start + 40):
                place = number % len(rows)
                one = client.post("/predict", json=rows[place])
                if one.status_code != 200 or one.json()["predictions"][0]["y"][0] != single[place]:
                    problems.append(one.text)
                if number % 4 == 0:
                    form = {"Content-Type": "application/x-ndjson" if number % 8 else "application/json"}
                    text = "\n".join(map(json.dumps, rows)) if number % 8 else json.dumps(rows)
                    several = client.post("/predict", content=text, headers=form)
                    ys = [one["y"][0] for one in several.json()["predictions"]]
                    if several.status_code != 200 or ys != expected:
                        problems.append(several.text)

        asking = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(60)
        assert not problems
        assert (
            f'mltrain_rows_total{{model="{penguins.parent.name}"}} {8 * 40 + 8 * 10 * 40}'
            in client.get("/metrics").text
        )
