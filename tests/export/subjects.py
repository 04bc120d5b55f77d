"""Models to export: one for each example of a layer, for each kind of column, for each lesson, and random networks."""

import csv
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import mltrain
from campaigns.differential.case import draw_case
from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.data.base import Dataset, InputSpec, RowSpec
from mltrain.data.preprocessing import pixels
from mltrain.engine.arrays import size
from mltrain.engine.layers.base import Layer
from mltrain.engine.network import Network
from mltrain.export.base import Subject
from mltrain.export.examples import Examples, examples_of, ranges_of
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.inference.model import Model
from mltrain.inference.steps import inference_steps

CONFIGS = Path(__file__).parents[2] / "configs"
ROWS = 5

LAYERS = [convert(Layer, {"type": member.type_name(), **one}) for member in Layer.family for one in member.examples]


def label(layer: Layer) -> str:
    return repr(layer).partition("_initializer")[0][:60].replace(" ", "")


def model_of_layer(layer: Layer) -> tuple[Model, Any]:
    """A model of one layer, with random parameters, and rows for it."""
    shapes = (
        dict(zip(layer.inputs, layer.example_inputs, strict=False)) if layer.inputs else {"input": layer.example_input}
    )
    kind: Any = "int" if layer.takes_integers else "float"
    width = sum(map(size, shapes.values()))
    named = {name: InputSpec(shape, kind) for name, shape in shapes.items()} if len(shapes) > 1 else {}
    shape = (width,) if named else next(iter(shapes.values()))
    network = Network([layer], {name: (one, kind) for name, one in shapes.items()} if named else shape)
    if layer.takes_integers:
        network = Network([layer], {"input": (shape, "int")})
    rng = np.random.default_rng(3)
    network.parameters[:] = rng.uniform(0.5, 1.5, network.parameters.size)
    model = Model(_config(), network, RowSpec(shape, size(network.output_shape), named_inputs=named))
    x = rng.integers(0, 5, (ROWS, *shape)) if layer.takes_integers else rng.normal(size=(ROWS, *shape))
    return model, x.astype(np.float32)


def model_of_layers(layers: list[Any], shape: tuple[int, ...]) -> tuple[Model, Any]:
    """A model of some layers, as a config has them, with random parameters, and rows for it."""
    network = Network([convert(Layer, layer) for layer in layers], shape)
    rng = np.random.default_rng(4)
    network.parameters[:] = rng.uniform(0.1, 0.9, network.parameters.size) * rng.choice(
        (-1, 1), network.parameters.size
    )
    for name, array in network.arrays.items():
        if name.endswith("variance"):
            array[...] = np.abs(array)
    model = Model(_config(), network, RowSpec(shape, size(network.output_shape)))
    return model, rng.normal(size=(ROWS, *shape)).astype(np.float32)


@cache
def random_model(number: int) -> tuple[Model, Any]:
    """The model of a config drawn at random, with random parameters, and rows for it."""
    job = draw_case(14, number).job()
    network = job.network
    network.initialize(np.random.default_rng(number))
    model = Model(job.config, network, job.dataset.row_spec, job.dataset.preprocessing)
    return model, job.dataset.train.x[:ROWS]


GRAPHS: dict[str, tuple[list[Any], tuple[int, ...]]] = {
    "branches": (
        [
            {"type": "dense", "units": 6, "activation": "tanh", "name": "relu"},
            {"type": "dense", "units": 6, "activation": "gelu", "inputs": ["input"], "name": "2nd"},
            {"type": "multiply", "inputs": ["relu", "2nd"], "name": "lambda"},
            {"type": "concatenate", "inputs": ["lambda", "relu", "input"]},
            {
                "type": "residual",
                "layers": [{"type": "dense", "units": 8, "activation": "relu"}, "layer_normalization"],
            },
            {"type": "dense", "units": 3, "activation": "softmax"},
        ],
        (4,),
    ),
    "images": (
        [
            {"type": "zero_padding2d", "padding": [0, 1, 2, 0]},
            {"type": "conv2d", "filters": 4, "kernel_size": [3, 2], "strides": [2, 1], "padding": "same"},
            "batch_normalization",
            {"type": "leaky_relu", "negative_slope": 0.2},
            {"type": "residual", "layers": [{"type": "depthwise_conv2d", "kernel_size": 3, "padding": "same"}, "elu"]},
            {"type": "average_pooling2d", "pool_size": [2, 3], "strides": 2, "padding": "same"},
            {"type": "conv2d", "filters": 6, "kernel_size": 1, "strides": 2, "activation": "softplus"},
            "global_average_pooling2d",
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ],
        (9, 8, 2),
    ),
    "sequence": (
        [
            {"type": "conv1d", "filters": 5, "kernel_size": 3, "padding": "same", "activation": "tanh"},
            {"type": "max_pooling1d", "pool_size": 3, "strides": 2, "padding": "same"},
            {"type": "conv1d", "filters": 4, "kernel_size": 2, "strides": 2},
            "softmax",
            "flatten",
            {"type": "dense", "units": 2},
        ],
        (11, 3),
    ),
}
"""Networks of several layers whose names and shapes are awkward, with the shape of a row."""


@cache
def _config() -> Config:
    return mltrain.load_config(CONFIGS / "linear.yaml")


@cache
def lesson(name: str) -> tuple[Model, Dataset]:
    """A lesson after very little training, and its rows."""
    fewer = ["dataset.samples=100"] if name == "shapes" else []
    config = mltrain.load_config(CONFIGS / f"{name}.yaml", ["training.epochs=1", *fewer])
    with warnings.catch_warnings(action="ignore"):
        model = mltrain.fit(config)
    return model, model.config.dataset.load(model.config.seed, CONFIGS, model.preprocessing)


def untrained_lesson(name: str) -> tuple[Model, Any]:
    """The network of a lesson with random parameters, and rows for it. Images are made up, which is quicker."""
    path = CONFIGS / f"{name}.yaml"
    config = mltrain.load_config(path)
    row_spec, preprocessing = config.dataset.known_row_spec(path.parent), pixels(scale=True)
    rng = np.random.default_rng(6)
    if row_spec is not None and len(row_spec.input_shape) > 1:
        rows: Any = rng.integers(0, 256, (2, *row_spec.input_shape)).astype(np.uint8)
    else:
        dataset = config.dataset.load(config.seed, path.parent)
        row_spec, preprocessing, table = dataset.row_spec, dataset.preprocessing, dataset.preprocessing.table
        rows = dataset.train.x[:40]
        if table is not None:
            names = [column.name for column in table.columns]
            rows = [dict(zip(names, cells, strict=True)) for cells in table.decode(rows)]
    network = Network(config.layers, row_spec.inputs)
    network.initialize(rng)
    network.parameters[:] += rng.uniform(0, 0.1, network.parameters.size)
    return Model(config, network, row_spec, preprocessing), rows


def model_of_cells(folder: Path, cells: dict[str, list[str]], options: dict[str, Any]) -> Model:
    """A model of a table whose outputs are its inputs: it shows what becomes of cells. A column ``y`` is its target."""
    path = folder / "cells.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*cells, "y"])
        writer.writerows([*row, number] for number, row in enumerate(zip(*cells.values(), strict=True)))
    described = {"type": "csv", "path": str(path), "target": "y", "header": True, "standardize": False, **options}
    config = mltrain.load_config({"dataset": described, "layers": [{"type": "dense", "units": 1}], "loss": "mse"})
    dataset = config.dataset.load(0, folder)
    network = Network([convert(Layer, "linear")], dataset.row_spec.input_shape)
    return Model(config, network, dataset.row_spec, dataset.preprocessing)


def subject(model: Model, dataset: Dataset | None = None, x: Any = None) -> Subject:
    """What a format gets; ``x`` are rows of the input in place of made-up ones."""
    steps = inference_steps(model)
    examples = examples_of(model, dataset) if x is None else Examples(None, x, model.predict(x), None, False)
    return Subject(model, steps, "model.npz", examples, ranges_of(model, dataset), dataset)


COLUMNS: dict[str, list[str]] = {
    "plain": ["1", "2.5", "-3", "2e-2"],
    "gaps": ["1", "2", "", "4"],
    "large": ["1700000001", "1700000002", "1700000005", "1700000009"],
    "euro": ["1.234,50 €", "2,25 €", "12 €", "7,5 €"],
    "colour": ["red", "blue", "red", "green"],
    "size": ["1.0", "2", "1", "3"],
    "rare": ["a", "b", "a", "b"],
    "city": ["Bern", "Rome", "", "1.0"],
    "member": ["ja", "nein", "nein", "ja"],
    "asked": ["TRUE", "false", "", "True"],
    "day": ["2020-01-31", "2021-12-01", "2020-07-15", "2022-03-04"],
    "at": ["31.1.2020 12:30", "1.12.2021 08:15", "15.7.2020 23:59", "29.2.2024 00:00"],
    "bought": ["20200131", "20211201", "", "20220304"],
    "said": ["good red wine", "very bad wine", "good and cheap", "bad, bad 42 wine!"],
}
"""Cells of a table with a column for each kind and each of its peculiarities."""

COLUMN_OPTIONS = {
    "said": "text",
    "size": "category",
    "bought": "date",
    "asked": "boolean",
    "rare": {"type": "category", "rare": 40},
    "city": "index",
    "colour": {"type": "category", "rare": 1},
}

NEW_CELLS: dict[str, list[Any]] = {
    "plain": ["4", 5, "-1e2", " 7. "],
    "gaps": [None, "NA", float("nan"), "3"],
    "large": ["1700000003", 1700000004, "1.7e9", 1700000005.5],
    "euro": ["1.000,25", "3 €", "12 €", "-7,5 €"],
    "colour": ["RED", "red ", "violet", ""],
    "size": [1, "1.00", 2.0, "03"],
    "rare": ["a", "zz", "b", None],
    "city": ["Rome", "Oslo", None, 1],
    "member": ["No", "JA", "f", 1],
    "asked": [True, "wahr", None, "perhaps"],
    "day": ["2024-02-29", "1 Mar 2021", "2021-03-01T12:00:00Z", "1/2/2020"],
    "at": ["1/2/2020 3:04 pm", "2020-02-01", "29.2.2024 23:59:59", "Mon, 3 February 2025 1:00"],
    "bought": ["20230101", None, "2023-01-01", ""],
    "said": ["wine", "good good BAD 17", "", "nothing known"],
}
"""New cells of each column that the model can take: typed, as text, with gaps and unknown words."""


@cache
def table_model(folder: Path, *, words: bool = True) -> tuple[Model, Dataset]:
    """A model that learned from a table of `COLUMNS`, written to a folder; with its column of texts if ``words``."""
    config = _table_config(folder, words=words)
    model = mltrain.fit(config)
    return model, config.dataset.load(config.seed, folder, model.preprocessing)


@cache
def ensemble_of_tables(folder: Path) -> tuple[Model, Dataset]:
    """Three models of the same table but for its texts, which learned from other rows: each encodes cells otherwise."""
    config = _table_config(folder, words=False)
    raw = config.dataset.read(0, folder)
    models = []
    for number, parts in enumerate(config.dataset.draw_folds(raw, 0, 3)):
        rows = raw.split(parts)
        network = Network(config.layers, rows.row_spec.inputs)
        network.initialize(np.random.default_rng(number))
        models.append(Model(config, network, rows.row_spec, rows.preprocessing))
    roles = [Role(seed=0, repeat=1, fold=fold) for fold in (1, 2, 3)]
    model = Ensemble.of(config, models, roles, None)
    return model, config.dataset.load(0, folder, model.preprocessing)


def _table_config(folder: Path, *, words: bool) -> Config:
    """The config of a table, which is written to the folder."""
    path = folder / "t.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(name for name in COLUMNS if name != "city"), "city", "price"])
        rng = np.random.default_rng(1)
        for number in range(120):
            cells = {name: cells[rng.integers(4)] for name, cells in COLUMNS.items() if name != "city"}
            cells["city"] = COLUMNS["city"][number % 4]
            cells["rare"] = f"r{number}" if number % 7 == 0 else cells["rare"]
            cells["colour"] = "violet" if number == 5 else cells["colour"]  # not in all folds
            writer.writerow([*cells.values(), f"$ {number * 7 % 11 * 100 + 0.5}"])
    return mltrain.load_config(
        {
            "dataset": {
                "type": "csv",
                "path": "t.csv",
                "target": "price",
                "test_split": 0.2,
                "standardize_target": True,
                "columns": {name: kind for name, kind in COLUMN_OPTIONS.items() if words or name != "said"},
                "ignore": [] if words else ["said"],
            },
            "layers": [
                {"type": "embedding", "inputs": ["city"], "input_dim": 6, "output_dim": 2},
                "flatten",
                {"type": "concatenate", "inputs": ["input", "flatten"]},
                {"type": "dense", "units": 8, "activation": "relu"},
                {"type": "dense", "units": 1},
            ],
            "loss": "mse",
            "training": {"epochs": 2},
        },
        folder=folder,
    )


def awkward_model(folder: Path) -> tuple[Model, Dataset]:
    """A model of a table whose names of columns, choices and classes are no names in any language."""
    names = ["int", 'a"b', "*/ x /*", "größe", "1st", "__proto__", "x\\n{0}", "self"]
    words = ["*/", '"', "\\", "{}", "'''", "%s", "a\tb", "é", "int", "INT"]
    path = folder / "awkward.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "class"])
        for number in range(60):
            cells = [words[(number * (place + 3) + place) % len(words)] for place in range(4)]
            writer.writerow([*cells, number % 7, number % 5, number % 3, number % 4, words[number % 4]])
    kinds = {name: {"type": "category", "rare": 1} for name in names[:4]}
    config = mltrain.load_config(
        {
            "dataset": {"type": "csv", "path": "awkward.csv", "target": "class", "columns": kinds},
            "layers": [{"type": "dense", "units": 4, "activation": "softmax"}],
            "loss": "sparse_categorical_crossentropy",
            "training": {"epochs": 1},
        },
        folder=folder,
    )
    with warnings.catch_warnings(action="ignore"):
        model = mltrain.fit(config)
    return model, config.dataset.load(config.seed, folder, model.preprocessing)


def new_rows(*, words: bool = True) -> list[dict[str, Any]]:
    """Rows of `NEW_CELLS`, with the texts if ``words``."""
    cells = {name: cells for name, cells in NEW_CELLS.items() if words or name != "said"}
    return [{name: found[number] for name, found in cells.items()} for number in range(4)]


def lessons() -> Iterator[str]:
    """The names of all lessons, of which those on MNIST may lack their rows."""
    return (path.stem for path in sorted(CONFIGS.glob("*.yaml")))
