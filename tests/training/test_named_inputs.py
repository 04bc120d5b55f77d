"""A network of several inputs, from its config to its predictions and back from the model file."""

import numpy as np
import pytest

import mltrain

CONFIG = {
    "dataset": {"type": "inline", "x": {"left": [1, 2, 3], "right": [[1, 0], [0, 1], [1, 1]]}, "y": [2, 3, 5]},
    "layers": [
        {"type": "dense", "units": 2, "inputs": ["left"], "name": "a"},
        {"type": "dense", "units": 2, "inputs": ["right"], "name": "b"},
        {"type": "add", "inputs": ["a", "b"]},
        {"type": "dense", "units": 1},
    ],
    "loss": "mse",
    "optimizer": {"type": "adam", "learning_rate": 0.05},
    "training": {"epochs": 200},
}


def test_several_inputs_are_trained_predicted_and_saved(tmp_path):
    model = mltrain.fit(CONFIG)
    x = np.float32([[1, 1, 0], [2, 0, 1], [3, 1, 1]])
    arrays = model.network.arrays
    hidden = x[:, :1] @ arrays["a.kernel"] + arrays["a.bias"] + x[:, 1:] @ arrays["b.kernel"] + arrays["b.bias"]
    expected = hidden @ arrays["dense.kernel"] + arrays["dense.bias"]
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5)
    assert model.history[-1].loss < 0.05
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(mltrain.load_model(tmp_path / "model.npz").predict(x), model.predict(x))


def test_ids_are_checked_whichever_layer_stands_first():
    left, right = CONFIG["layers"][0], {"type": "embedding", "input_dim": 1, "output_dim": 2, "inputs": ["right"]}
    config = {**CONFIG, "layers": [left, right, {"type": "flatten", "name": "b"}, *CONFIG["layers"][2:]]}
    config["layers"][3] = {"type": "concatenate", "inputs": ["a", "b"]}
    with pytest.raises(mltrain.ConfigError, match=r"layers\[1\].*1"):
        mltrain.fit(config)
