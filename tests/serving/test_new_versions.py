"""A model file that is replaced while a server runs."""

import shutil
import threading
import time
from pathlib import Path

import pytest
from live_server import running
from test_predict_requests import ROW

from mltrain.inference.model import Model


@pytest.fixture
def versions(penguins: Path, penguins_model: Model, tmp_path: Path) -> list[Path]:
    """Files of two versions of a model, the first one beside its config."""
    second = penguins_model.with_parameters(penguins_model.network.parameters * 0.5)
    second.save(tmp_path / "second.npz")
    shutil.copy(penguins, tmp_path / "first.npz")
    return [tmp_path / "first.npz", tmp_path / "second.npz"]


def put(version: Path, file: Path) -> None:
    """Replace a file as programs do that save: whole."""
    beside = file.with_name(f".{time.monotonic_ns()}")
    shutil.copy(version, beside)
    beside.replace(file)


def test_a_new_version_is_taken_over_whole_under_load(versions: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "served.npz"
    put(versions[0], file)
    answers = [float(Model.load(version).predict([ROW])[0, 0]) for version in versions]
    assert answers[0] != answers[1]
    wrong: list[object] = []
    with running(file) as client:
        stop = threading.Event()

        def ask(rows: int) -> None:
            while not stop.is_set():
                response = client.post("/predict", json=[ROW] * rows)
                found = (
                    {one["y"][0] for one in response.json()["predictions"]} if response.status_code == 200 else set()
                )
                if len(found) != 1 or min(abs(found.copy().pop() - answer) for answer in answers) > 0.01:
                    wrong.append(response.text)

        asking = [threading.Thread(target=ask, args=(rows,)) for rows in (1, 1, 3, 300)]
        for thread in asking:
            thread.start()
        for number in range(10):
            version = number % 2
            put(versions[version], file)
            # Every request that begins after the file was replaced has the new answer.
            assert client.post("/predict", json=ROW).json()["predictions"][0]["y"][0] == answers[version]
        stop.set()
        for thread in asking:
            thread.join(20)
        assert not wrong
        assert client.get("/readyz").json() == {"ready": True}


def test_a_damaged_version_is_not_taken(versions: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "served.npz"
    put(versions[0], file)
    with running(file) as client:
        before = client.post("/predict", json=ROW).json()
        whole = versions[1].read_bytes()
        for content in (b"", b"nothing", whole[: len(whole) // 2], whole[:-9] + b"x" * 9):
            file.write_bytes(content)
            assert client.post("/predict", json=ROW).json() == before
            ready = client.get("/readyz").json()
            assert ready["ready"] is True
            assert str(file) in ready["problem"]
            assert client.get("/models").json()["models"][0]["problem"] == ready["problem"]
        file.unlink()
        assert client.post("/predict", json=ROW).json() == before
        assert "there is no such file" in client.get("/readyz").json()["problem"]
        put(versions[1], file)
        assert client.post("/predict", json=ROW).json() != before
        assert client.get("/readyz").json() == {"ready": True}
        name = 'mltrain_model_loads_total{model="served",result='
        assert f'{name}"failed"}} 5' in (text := client.get("/metrics").text)
        assert f'{name}"ok"}} 2' in text


def test_a_new_version_may_take_other_columns(versions: list[Path], folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "served.npz"
    put(versions[0], file)
    with running(file) as client:
        assert client.get("/model").json()["predicts"] == "numbers"
        put(folder / "table" / "model.npz", file)
        assert client.get("/model").json()["predicts"] == "classes"
        assert client.post("/predict", json=ROW).status_code == 422
