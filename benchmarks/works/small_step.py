"""A training step of a 2-8-8-1 tanh network on batches of 10: what is left when arithmetic costs nothing."""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.command import seconds_of_epochs
from benchmarks.harness import Side, Work

ROWS, BATCH, RATE = 250, 10, 0.03
STEPS = ROWS // BATCH
WARM_UP, EPOCHS, QUICK_EPOCHS = 3, 200, 20

CONFIG = f"""
dataset: {{type: playground, shape: xor, samples: {ROWS}}}
layers:
  - {{type: dense, units: 8, activation: tanh}}
  - {{type: dense, units: 8, activation: tanh}}
  - {{type: dense, units: 1, activation: sigmoid}}
loss: binary_crossentropy
optimizer: {{type: sgd, learning_rate: {RATE}}}
training: {{batch_size: {BATCH}, epochs: %d}}
"""


def mltrain(quick: bool) -> float:
    with TemporaryDirectory() as folder:
        config = Path(folder, "small.yaml")
        config.write_text(CONFIG % _epochs(quick), encoding="utf-8")
        return median(seconds_of_epochs(str(config))[WARM_UP:]) / STEPS


def torch(quick: bool) -> float:
    import torch
    from torch import nn

    x = torch.randn(ROWS, 2)
    y = (x[:, :1] * x[:, 1:] > 0).float()
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer, loss_of = torch.optim.SGD(model.parameters(), lr=RATE), nn.BCEWithLogitsLoss()
    seconds = []
    for _ in range(_epochs(quick)):
        began = time.perf_counter()
        for start in range(0, ROWS, BATCH):
            optimizer.zero_grad()
            loss_of(model(x[start : start + BATCH]), y[start : start + BATCH]).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - began)
    return median(seconds[WARM_UP:]) / STEPS


def _epochs(quick: bool) -> int:
    return QUICK_EPOCHS if quick else EPOCHS


WORKS = [
    Work(
        "small-step",
        "a step of 2-8-8-1 tanh, sgd, batch 10",
        "µs",
        Side("mltrain", mltrain),
        (Side("PyTorch", torch, needs=("torch",), at_most=0.2, aim=0.1),),
    )
]
