"""Random networks for the penguins in Keras Tuner, as its tutorials write it: python FILE CSV TRIALS."""

import sys

import keras
import keras_tuner
import numpy as np
import pandas as pd


def penguins(path: str) -> tuple[np.ndarray, ...]:
    """Rows to train on and to validate with, standardized."""
    table = pd.read_csv(path).dropna()
    y = table.pop("body_mass_g").to_numpy(np.float32)
    x = pd.get_dummies(table).to_numpy(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    held, train = order[: len(x) // 5], order[2 * (len(x) // 5) :]
    mean, deviation = x[train].mean(0), x[train].std(0) + 1e-7
    scaled = (y - y[train].mean()) / y[train].std()
    return (x[train] - mean) / deviation, scaled[train], (x[held] - mean) / deviation, scaled[held]


def build(choices: keras_tuner.HyperParameters) -> keras.Model:
    activation = choices.Choice("activation", ["relu", "tanh"])
    units = choices.Choice("units", [8, 16, 32, 64])
    rate = choices.Float("learning_rate", 0.001, 0.1, sampling="log")
    model = keras.Sequential([keras.layers.Dense(units, activation=activation), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), loss="mse", metrics=["mean_absolute_error"])
    return model


x, y, x_held, y_held = penguins(sys.argv[1])
tuner = keras_tuner.RandomSearch(
    build, objective=keras_tuner.Objective("val_mean_absolute_error", "min"), max_trials=int(sys.argv[2]), seed=0,
    directory="keras", overwrite=True,
)  # fmt: skip
tuner.search(x, y, validation_data=(x_held, y_held), epochs=30, batch_size=32, verbose=0)
assert len(tuner.oracle.trials) == int(sys.argv[2])
print(tuner.oracle.get_best_trials()[0].score, tuner.get_best_hyperparameters()[0].values)
