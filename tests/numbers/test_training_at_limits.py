"""Twenty steps of the training loop against its own float64, where shapes and batches are as small or odd as can be."""

from typing import Any

import numpy as np
import pytest

from campaigns.differential.case import Case
from campaigns.differential.ours import train_float32, train_float64
from campaigns.differential.verdict import UNIT, distance, is_astray
from mltrain.config import Config
from mltrain.config.convert import convert

SHAPES = {
    "one number, one row, one unit": (1, 1, 1, 1),
    "a last batch of one": (9, 4, 3, 2),
    "every batch of one": (4, 1, 3, 2),
    "a last batch one short of whole": (7, 4, 3, 2),
    "more rows asked for than there are": (5, 64, 3, 2),
    "a single wide row": (1, 8, 4096, 2),
    "a single wide layer": (3, 2, 1, 4096),
    "windows of whole batches, and a last one": (64 * 2 + 1, 2, 1, 2),
}
"""Rows, batch size, inputs and outputs."""

LOSSES = {"mean_squared_error": "tanh", "binary_crossentropy": "sigmoid", "sparse_categorical_crossentropy": "softmax"}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_loss_and_weights_are_those_of_float64(shape: tuple[int, int, int, int], loss: str) -> None:
    rows, batch, inputs, outputs = shape
    outputs = max(outputs, 2) if LOSSES[loss] == "softmax" else outputs
    rng = np.random.default_rng(11)
    targets: dict[str, Any] = {
        "mean_squared_error": rng.uniform(-1, 1, (rows, outputs)),
        "binary_crossentropy": rng.integers(0, 2, (rows, outputs)),
        "sparse_categorical_crossentropy": rng.integers(0, outputs, rows),
    }
    config = convert(
        Config,
        {
            "dataset": {
                "type": "inline",
                "x": rng.normal(size=(rows, inputs)).astype(np.float32).tolist(),
                "y": targets[loss].tolist(),
            },
            "layers": [
                {"type": "dense", "units": 3, "activation": "tanh"},
                {"type": "dense", "units": outputs, "activation": LOSSES[loss]},
            ],
            "loss": loss,
            "optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9},
            "training": {"epochs": max(1, 20 // -(-rows // batch)), "batch_size": batch},
        },
    )
    case = Case(0, config)
    assert len(case.batches[-1]) == ((rows - 1) % case.batch + 1)
    found, exact = train_float32(case), train_float64(case)
    assert found is not None
    apart = distance(case, found, exact._replace(losses=case.means_by_epoch(exact.losses)))
    assert not is_astray(apart.share / UNIT, 0), apart.where
