"""Random networks for the penguins in Ray Tune, with PyTorch as its tutorials write it: python FILE CSV TRIALS."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from ray import tune


def penguins(path: str) -> tuple[torch.Tensor, ...]:
    """Rows to train on and to validate with, standardized; and the deviation of the target."""
    table = pd.read_csv(path).dropna()
    y = table.pop("body_mass_g").to_numpy(np.float32)
    x = pd.get_dummies(table).to_numpy(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    held, train = order[: len(x) // 5], order[2 * (len(x) // 5) :]
    mean, deviation = x[train].mean(0), x[train].std(0) + 1e-7
    scaled = (y - y[train].mean()) / y[train].std()
    rows = [(x[part] - mean) / deviation for part in (train, held)]
    targets = [scaled[part, None] for part in (train, held)]
    return (*map(torch.from_numpy, [*rows, *targets]), float(y[train].std()))


def train(config: dict[str, Any], path: str) -> None:
    x, x_held, y, y_held, deviation = penguins(path)
    torch.manual_seed(0)
    activation = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[config["activation"]]
    model = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], config["units"]), activation(), torch.nn.Linear(config["units"], 1)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32, shuffle=True)
    for _ in range(30):
        for rows, targets in loader:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(rows), targets).backward()
            optimizer.step()
        with torch.no_grad():
            error = (model(x_held) - y_held).abs().mean().item() * deviation
        tune.report({"val_mean_absolute_error": error})


if __name__ == "__main__":
    tuner = tune.Tuner(
        tune.with_parameters(train, path=str(Path(sys.argv[1]).resolve())),
        param_space={
            "learning_rate": tune.loguniform(0.001, 0.1),
            "units": tune.choice([8, 16, 32, 64]),
            "activation": tune.choice(["relu", "tanh"]),
        },
        tune_config=tune.TuneConfig(metric="val_mean_absolute_error", mode="min", num_samples=int(sys.argv[2])),
        run_config=tune.RunConfig(verbose=0, storage_path=str(Path("ray").resolve())),
    )
    best = tuner.fit().get_best_result()
    print(best.metrics["val_mean_absolute_error"], best.config)
