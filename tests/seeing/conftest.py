"""One small run of each kind that there are pictures of, trained once for all tests."""

from pathlib import Path

import numpy as np
import pytest

from mltrain.cli import app
from mltrain.runs.saved_run import SavedRun

WIDE, LONG = "赤い風船と青い空", "a class whose name is longer than any image is wide"
COLOURS = np.random.default_rng(8).integers(0, 256, (4, 5, 6, 3)) / 255

CONFIGS = {
    "line": """
dataset: {type: linear, slope: 3, intercept: 1, x: {type: linspace, start: -1, stop: 4}, samples: 12,
          noise_stddev: 0.1, validation_split: 0.25}
layers: [{type: dense, units: 1, kernel_initializer: {type: constant, value: 5}}]
loss: mse
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 8, track: {W: dense.kernel, b: dense.bias}}
""",
    "plane": """
dataset: {type: playground, shape: circle, samples: 60, test_split: 0.5}
layers: [{type: dense, units: 4, activation: tanh}, {type: dense, units: 3, activation: tanh},
         {type: dense, units: 1, activation: sigmoid}]
loss: binary_crossentropy
metrics: [accuracy]
training: {epochs: 5}
""",
    "regression": """
dataset: {type: inline, x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [0, 1, 2, 3]}
layers: [{type: dense, units: 3, activation: tanh}, {type: dense, units: 1}]
loss: mse
training: {epochs: 3}
""",
    "three": """
dataset: {type: inline, x: [[0, 0], [0, 1], [2, 0], [2, 1], [0, 3], [2, 3]], y: [a, a, b, b, c, c]}
layers: [{type: dense, units: 3, activation: softmax}]
loss: sparse_categorical_crossentropy
optimizer: {type: adam, learning_rate: 0.1}
training: {epochs: 60}
""",
    "side": """
dataset: {type: line_side, slope: 1.2, intercept: 50, size: 400, samples: 40, test_split: 0.5}
layers: [{type: dense, units: 1, activation: step}]
loss: perceptron
optimizer: {type: sgd, learning_rate: 0.00001}
training: {epochs: 3}
""",
    "images": """
dataset:
  type: inline
  x: [[[0, 1], [1, 0]], [[1, 0], [0, 1]], [[1, 1], [0, 0]], [[0, 0], [1, 1]]]
  y: [rising, falling, flat, flat]
layers: [flatten, {type: dense, units: 5, activation: relu}, {type: dense, units: 3, activation: softmax}]
loss: sparse_categorical_crossentropy
metrics: [accuracy]
training: {epochs: 4}
""",
    "shapes": """
dataset: {type: shapes, samples: 60, size: 12, test_split: 0.5}
layers:
  - {type: random_translation, height_factor: 0.2, width_factor: 0.2}
  - {type: gaussian_noise, stddev: 0.1}
  - {type: conv2d, filters: 3, kernel_size: 3, activation: relu}
  - type: residual
    name: block
    layers: [{type: conv2d, filters: 20, kernel_size: 3, strides: 2, padding: same}, relu]
  - {type: dropout, rate: 0.2}
  - global_average_pooling2d
  - {type: dense, units: 3, activation: softmax}
loss: sparse_categorical_crossentropy
training: {epochs: 2, batch_size: 8}
""",
    "colour": f"""
dataset: {{type: inline, x: {COLOURS.tolist()}, y: [{WIDE}, {LONG}, {WIDE}, {LONG}]}}
layers: [{{type: conv2d, filters: 5, kernel_size: 2}}, max_pooling2d, flatten,
         {{type: dense, units: 1, activation: sigmoid}}]
loss: binary_crossentropy
training: {{epochs: 2}}
""",
    "table": """
dataset: {type: inline, x: [[1, 2, 3], [2, 3, 4], [3, 4, 6]], y: [1, 2, 4]}
layers: [{type: dense, units: 1}]
loss: mse
training: {epochs: 3}
""",
    "columns": """
dataset: {type: csv, path: rows.csv, target: kind, test_split: 0.4}
layers: [{type: dense, units: 5, activation: tanh}, {type: dense, units: 3, activation: softmax}]
loss: sparse_categorical_crossentropy
training: {epochs: 3}
""",
    "untrained": """
dataset: {type: inline, x: [[1, 0, 1], [0, 1, 0]], y: [1, 0]}
layers: [{type: dense, units: 1, activation: step}]
loss: perceptron
training: {epochs: 0}
""",
}


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each of the runs, with four frames each. Do not write to them."""
    folder = tmp_path_factory.mktemp("runs")
    rows = [f"{row * 7 % 11},2024-{1 + row % 12:02d}-05,{'ab'[row % 2]},{'xyz'[row % 3]}" for row in range(60)]
    (folder / "rows.csv").write_text("\n".join(["size,seen,colour,kind", *rows]))
    for name, config in CONFIGS.items():
        (folder / f"{name}.yaml").write_text(config)
        arguments = ["fit", str(folder / f"{name}.yaml"), "--out", str(folder / name), "--frames", "4", "--quiet"]
        app([*arguments, "--json"], standalone_mode=False)
    return {name: folder / name for name in CONFIGS}


@pytest.fixture(scope="session")
def records(runs: dict[str, Path]) -> dict[str, SavedRun]:
    return {name: SavedRun.read(folder) for name, folder in runs.items()}
