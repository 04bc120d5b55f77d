"""Makes the runs of this folder, with the code of mltrain 0.1.0: ``python make.py FOLDER``.

For each config it leaves the folder of a run of 3 epochs, besides a run that was interrupted and one that was killed.
``NAME.json`` is what the same code says of a run, and ``NAME-resumed.npz`` the model that it makes of it with
``fit --resume NAME --epochs 5``. Checkpoints hold the paths of their datasets, so FOLDER is a name to publish.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

CONFIGS = {
    "line": """
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 40, noise_stddev: 0.5, validation_split: 0.25}
layers: [{type: dense, units: 1}]
loss: mse
optimizer: {type: sgd, momentum: 0.9, learning_rate: {type: reduce_on_plateau, initial_learning_rate: 0.01}}
metrics: [mae]
training: {epochs: 3, batch_size: 7, track: [dense.kernel, dense.bias]}
""",
    "classes": """
dataset: {type: playground, shape: circle, samples: 60, validation_split: 0.2}
layers: [{type: dense, units: 4, activation: tanh}, {type: dense, units: 1, activation: sigmoid}]
loss: binary_crossentropy
optimizer: {type: adam, learning_rate: 0.03, use_ema: true}
metrics: [accuracy]
training: {epochs: 3, batch_size: 8, gradient_accumulation: 2, early_stopping: {patience: 10}}
""",
    "table": """
dataset: {type: csv, path: rows.csv, target: kind, missing: mean, test_split: 0.25}
layers: [{type: dense, units: 5, activation: relu}, {type: dense, units: 3, activation: softmax}]
loss: sparse_categorical_crossentropy
optimizer: rmsprop
metrics: [accuracy]
training: {epochs: 3, batch_size: 5}
""",
    "images": """
dataset: {type: npz, path: pixels.npz, test_split: 0.25}
layers: [flatten, {type: dense, units: 6, activation: relu}, {type: dropout, rate: 0.25},
         {type: dense, units: 3, activation: softmax}]
loss: sparse_categorical_crossentropy
optimizer: nadam
metrics: [accuracy]
training: {epochs: 3, batch_size: 5}
""",
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.chdir(folder)
    rng = np.random.default_rng(1)
    rows = [(size, "red" if size > 0.5 else "blue", weight) for size, weight in rng.random((32, 2)).round(3)]
    kinds = [("small", "middle", "large")[int(3 * (size + weight) / 2)] for size, _, weight in rows]
    lines = [
        f"{'' if row == 3 else size},{colour},{weight},{kinds[row]}" for row, (size, colour, weight) in enumerate(rows)
    ]
    Path("rows.csv").write_text("\n".join(["size,colour,weight,kind", *lines, ""]))
    np.savez("pixels.npz", x=rng.integers(0, 256, (32, 4, 4), np.uint8), y=rng.integers(0, 3, 32).astype(np.int64))
    for name, text in CONFIGS.items():
        Path(f"{name}.yaml").write_text(text.lstrip())
        mltrain("fit", f"{name}.yaml", "--out", name, "--frames", "3", "--quiet")
        expect(name)
    end("interrupted", "SIGINT")
    expect("interrupted")
    end("killed", "SIGKILL")


def expect(name: str) -> None:
    """What this code says of the run, and what it makes of it."""
    Path(f"{name}.json").write_text(mltrain("evaluate", "--model", name, "--json"))
    shutil.copytree(name, "copy")
    mltrain("fit", "--resume", "copy", "--epochs", "5", "--quiet")
    Path("copy/model.npz").rename(f"{name}-resumed.npz")
    shutil.rmtree("copy")


ENDED = """
import os, signal, sys
from mltrain.storage import checkpoint_keeper
from mltrain.storage.frames import FrameKeeper
from mltrain.training import state

checkpoint_keeper.EVERY = checkpoint_keeper.REST = state.SNAPSHOT_EVERY = state.REST = 0
offer = FrameKeeper.offer

def offer_and_end(self, epoch, parameters):
    offer(self, epoch, parameters)
    if epoch == 3:
        os.kill(os.getpid(), signal.{signal})

FrameKeeper.offer = offer_and_end
sys.argv = ["mltrain", "fit", "images.yaml", "--epochs", "5", "--out", "{out}", "--quiet"]
from mltrain.cli import main
main()
"""
"""A training that gets a signal in its third epoch."""


def end(out: str, name: str) -> None:
    subprocess.run([sys.executable, "-c", ENDED.format(out=out, signal=name)], check=False)


def mltrain(*words: str) -> str:
    return subprocess.run([sys.executable, "-m", "mltrain", *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
