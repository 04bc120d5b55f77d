"""The campaigns that compare two checkouts: what they call the same bytes, and what they measure."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from campaigns import same_bytes, same_speed

ROOT = Path(__file__).parents[2]


def test_mnist_is_trained_by_one_process_and_by_several() -> None:
    assert same_bytes.trials(["linear", "mnist"], 1) == [
        ("linear", []),
        ("mnist", ["--epochs", "1"]),
        ("mnist", ["--epochs", "1", "--threads", "1"]),
    ]


def test_a_checkout_is_like_itself() -> None:
    assert same_bytes.compare(ROOT, ROOT, "linear", ["--epochs", "1"]) == ""


def test_a_training_that_fails_is_no_match() -> None:
    found = same_bytes.compare(ROOT, ROOT, "linear", ["--set", "loss=nothing"])
    assert found.startswith("old checkout: exit code 2: ")


def write(path: Path, arrays: dict[str, bytes]) -> None:
    path.mkdir()
    with zipfile.ZipFile(path / "model.npz", "w") as file:
        for name, content in arrays.items():
            file.writestr(name, content)


@pytest.mark.parametrize(
    ("new", "difference"),
    [
        ({"dense.kernel.npy": b"1", "meta.npy": b"other"}, ""),  # the description of a model is no array
        ({"dense.kernel.npy": b"2", "meta.npy": b""}, "other bytes in dense.kernel.npy"),
        ({"dense.bias.npy": b"1", "meta.npy": b""}, "arrays ['dense.kernel.npy'] became ['dense.bias.npy']"),
    ],
)
def test_every_byte_of_an_array_counts(new: dict[str, bytes], difference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [{"dense.kernel.npy": b"1", "meta.npy": b""}, new]

    def train(_checkout: Path, _config: str, _options: Any, out: Path) -> str:
        write(out, contents.pop(0))
        return ""

    monkeypatch.setattr(same_bytes, "train", train)
    assert same_bytes.compare(ROOT, ROOT, "any", []) == difference


def test_measures_are_seconds_of_the_checkout() -> None:
    assert len(same_speed.MEASURES) > 3
    assert 0 < same_speed.seconds_of_training("linear", "--epochs", "2")(ROOT) < 60
    assert 0 < same_speed.seconds_of_command("--help")(ROOT) < 60
