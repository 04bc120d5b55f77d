"""The main job, whole, as a user does it: the command trains on all of MNIST, and evaluate measures it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def mltrain(folder: Path, *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "mltrain", *words, "--json"], cwd=folder, capture_output=True, text=True, check=True
    )
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_mnist_reaches_98_percent(tmp_path: Path) -> None:
    fitted = mltrain(tmp_path, "fit", str(ROOT / "configs" / "mnist.yaml"))
    assert fitted["epochs"] == 5
    assert fitted["parameters"] == 407_050
    found = mltrain(tmp_path, "evaluate")
    assert (found["split"], found["samples"]) == ("test", 10_000)
    assert isinstance(found["metrics"], dict)
    assert found["metrics"]["accuracy"] >= 0.975
    assert isinstance(found["confusion"], dict)
    assert sum(map(sum, found["confusion"]["counts"])) == 10_000
    exported = mltrain(tmp_path, "export", "--to", "c", "--quantize", "int8")
    assert exported["flash"] == 407_050 - 522 + 4 * 522 + 4 * 522 + 10 * (2 + 4)
    assert isinstance(exported["accuracy"], dict)
    assert exported["accuracy"]["rows"] == 10_000
    assert exported["accuracy"]["before"] == found["metrics"]["accuracy"]
    assert exported["accuracy"]["after"] >= exported["accuracy"]["before"] - 0.005


def test_the_convolutional_network_learns_mnist(tmp_path: Path) -> None:
    """One of its five epochs, so that the suite stays short."""
    fitted = mltrain(tmp_path, "fit", str(ROOT / "configs" / "mnist_convnet.yaml"), "--epochs", "1")
    assert (fitted["epochs"], fitted["parameters"]) == (1, 34_826)
    metrics = mltrain(tmp_path, "evaluate")["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["accuracy"] >= 0.97
