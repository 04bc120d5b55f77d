"""Models for the tests of export, with random parameters, and rows for them: lessons, examples of layers, tables."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.load import load_config
from mltrain.data.base import Dataset, InputSpec, RowSpec
from mltrain.data.preprocessing import AS_IS, Preprocessing, pixels
from mltrain.engine.layers.base import Layer
from mltrain.engine.network import Network
from mltrain.export.base import Subject
from mltrain.export.examples import examples_of, ranges_of
from mltrain.inference.model import Model
from mltrain.inference.steps import inference_steps

LESSONS = {file.stem: file for file in sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))}

LAYERS: dict[str, tuple[type[Layer], Mapping[str, Any]]] = {
    f"{member.type_name()} {number}": (member, example)
    for member in Layer.family
    for number, example in enumerate(member.examples)
}


class Tried(NamedTuple):
    """A model, rows that it can predict, and the dataset, where it was read."""

    model: Model
    rows: Any
    dataset: Dataset | None = None


def lesson(name: str) -> Tried:
    """The network of a lesson. Images are not read, because that would take most of the time."""
    path = LESSONS[name]
    config = load_config(path)
    row_spec = config.dataset.known_row_spec(path.parent)
    if row_spec is not None and len(row_spec.input_shape) > 1:
        images = np.random.default_rng(0).integers(0, 256, (2, *row_spec.input_shape)).astype(np.uint8)
        return Tried(_model(config, row_spec, pixels(scale=True)), images)
    dataset = config.dataset.load(config.seed, path.parent)
    model = _model(config, dataset.row_spec, dataset.preprocessing)
    if dataset.preprocessing.table is None:
        return Tried(model, dataset.train.x[:20], dataset)
    with Path(config.dataset.path).open(newline="") as file:  # type: ignore[attr-defined]
        whole = [row for row in csv.DictReader(file) if "NA" not in row.values()]
    return Tried(model, whole[:60], dataset)


def layer(name: str) -> Tried:
    """A network of one layer alone."""
    member, example = LAYERS[name]
    one = convert(Layer, {"type": member.type_name(), **example})
    inputs = one.inputs or ("input",)
    shapes = [member.example_input] if one.inputs is None else member.example_inputs
    kind: Any = "int" if one.takes_integers else "float"
    named = {name: InputSpec(shape, kind) for name, shape in zip(inputs, shapes, strict=False)}
    width = sum(int(np.prod(spec.shape)) for spec in named.values())
    row_spec = RowSpec(member.example_input) if one.inputs is None else RowSpec((width,), named_inputs=named)
    rng = np.random.default_rng(1)
    x = rng.integers(0, 5, (3, *row_spec.input_shape)) if kind == "int" else rng.normal(size=(3, *row_spec.input_shape))
    config = convert(Config, {"dataset": {"type": "inline", "x": [[0]], "y": [0]}, "layers": ["linear"], "loss": "mse"})
    return Tried(_model(replace(config, layers=(one,)), row_spec, AS_IS), x.astype(np.float32))


def table(
    folder: Path, columns: Mapping[str, Sequence[str]], options: Mapping[str, Any], kinds: Mapping[str, Any]
) -> Tried:
    """A model whose outputs are its inputs, which shows what it makes of the cells of columns; ``y`` is the target."""
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    described = {"type": "csv", "path": str(path), "target": "y", "header": True, "standardize": False, **options}
    network = {"layers": [{"type": "dense", "units": 1}], "loss": "mse"}
    config = load_config({"dataset": {**described, "columns": kinds}, **network})
    dataset = config.dataset.load(0, folder)
    config = replace(config, layers=(convert(Layer, "linear"),))
    return Tried(_model(config, dataset.row_spec, dataset.preprocessing), (), dataset)


def subject(tried: Tried) -> Subject:
    """The model as a format gets it."""
    model, dataset = tried.model, tried.dataset
    return Subject(
        model, inference_steps(model), "model.npz", examples_of(model, dataset), ranges_of(model, dataset), dataset
    )


def _model(config: Config, row_spec: RowSpec, preprocessing: Preprocessing) -> Model:
    network = Network(config.layers, row_spec.inputs)
    rng = np.random.default_rng(0)
    network.initialize(rng)
    network.parameters += rng.normal(scale=0.05, size=network.parameters.size).astype(np.float32)
    for part in network.statistics:
        network.parameters[part] = rng.uniform(0.5, 2, part.stop - part.start)
    return Model(config, network, row_spec, preprocessing)
