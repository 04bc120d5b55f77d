"""A trained model: a network, its config, and the meaning of its inputs and outputs."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from mltrain import __version__
from mltrain.backends.base import Evaluation, Rows
from mltrain.backends.default import default_backend
from mltrain.checks.errors import find_problems
from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.dump import to_builtins
from mltrain.data.base import Dataset, InputSpec, RowSpec, Split
from mltrain.data.preprocessing import AS_IS, Preprocessing
from mltrain.engine.arrays import MOST_DIMENSIONS, Floats, Shape
from mltrain.engine.graph import infer
from mltrain.engine.layers.base import shape_text
from mltrain.engine.metrics.base import predicted_classes
from mltrain.engine.network import Network
from mltrain.errors import ConfigError, DataError, ModelFileError
from mltrain.inference.model_file import (
    ENSEMBLE,
    MODEL_FORMATS,
    MOST_META,
    ModelFile,
    meta_text,
    too_long,
    write_model_file,
)
from mltrain.inference.origin import Origin
from mltrain.system.atomic_folder import read_together
from mltrain.training.epoch_report import EpochReport
from mltrain.training.targets import class_names, encode, misfit, target_scaling

if TYPE_CHECKING:
    from mltrain.inference.given import Given


class Refitted(msgspec.Struct, frozen=True):
    """A second training: for how many ``epochs``, and what the first one reached on rows that were ``held_out`` then.

    That is the loss and the metrics by name, of the epoch that was best. All are finite.
    """

    epochs: Annotated[int, msgspec.Meta(ge=1)]
    held_out: dict[str, float]

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.held_out.values())):
            raise ValueError("held_out has numbers that are not finite")


@dataclass(frozen=True, repr=False)
class Model:
    """A trained model, returned by `fit` and `load_model`.

    ``row_spec`` is the shape of a row and the names of the classes; ``preprocessing`` is applied to rows before the
    network; ``history`` is empty for a loaded model. ``origin`` says which rows it learned from; None for
    a model of an mltrain that did not keep it. ``temperature`` is what the scores of classes were divided by after the
    training; the network's parameters have that in them (`mltrain.inference.temperature`). ``refit`` is about its
    second training on the rows that validated the first, too; None without one.
    """

    config: Config
    network: Network
    row_spec: RowSpec
    preprocessing: Preprocessing = AS_IS
    history: Sequence[EpochReport] = ()
    origin: Origin | None = None
    temperature: float = 1.0
    refit: Refitted | None = None

    @property
    def parameter_count(self) -> int:
        """The number of all parameters."""
        return self.network.parameters.size

    @property
    def penalty(self) -> float:
        """The part of the loss that the regularizers add, whatever the rows."""
        parts = ((regularizer, self.network.parameters[place]) for regularizer, place in self.network.regularized)
        return sum(one.penalty(values, np.empty_like(values), np.empty_like(values)) for one, values in parts)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes, in the order of the outputs; None if the model predicts numbers."""
        return class_names(self.config.loss, self.row_spec, self.network.output_shape[-1])

    @property
    def gives_probabilities(self) -> bool:
        """Whether the outputs are probabilities: a softmax or sigmoid trained with a cross-entropy."""
        return self.config.loss.fused_activation in ("softmax", "sigmoid")

    def predict(self, x: "Given") -> npt.NDArray[np.float32]:
        """Outputs ``(rows, outputs)`` for the rows ``x``, given as the dataset gives them: ``(rows, *input_shape)``.

        A model that learned from a table takes tables, too, and finds columns by name, in any order; others are left
        alone. A table is a data frame of pandas or Polars, a table of PyArrow, ``{"age": [3, 5], "kind": ["cat",
        "dog"]}``, or ``[{"age": 3, "kind": "cat"}, ...]``.

        Scaling that belongs to the model (pixels of 0..255, for one) is done here, and numbers that it predicts come in
        the units of the dataset. Raises `DataError` if the shape is another, a column is missing, or a cell cannot be
        used, and if ``x`` holds anything but finite numbers.
        """
        from mltrain.inference.given import given_rows  # with the readers of tables, which training does not need

        return self.outputs(given_rows(x, self.row_spec, self.preprocessing.table))

    def outputs(self, rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """As `predict`, for rows ``(rows, *input_shape)`` that are as the dataset gives them."""
        y = default_backend().predict(self.network, rows, self.preprocessing.inputs)
        return target_scaling(self.config.loss, self.preprocessing).undone(y)

    def predict_labels(self, x: "Given") -> list[Any]:
        """The name of the predicted class of each row. Raises `DataError` if the model has no classes."""
        if self.classes is None:
            raise DataError("this model gives numbers, so there are no classes to name")
        return self.labels(self.predict(x))

    def labels(self, y: npt.NDArray[np.float32]) -> list[Any]:
        """The class name for each row of outputs; a list of names where a row has several positions."""
        names = np.array(self.classes or (), np.object_)
        labels: list[Any] = names[predicted_classes(y, self.config.loss.threshold)].tolist()
        return labels

    def probabilities(self, y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The probability of each class, ``(rows, classes)``, from outputs ``(rows, outputs)``.

        A single output is the probability of the second of two classes. Raises `DataError` if the outputs are no
        probabilities.
        """
        if self.classes is None or not self.gives_probabilities:
            raise DataError("this model gives no probabilities: its last layer is no softmax or sigmoid for classes")
        return y if y.shape[-1] > 1 else np.concatenate([1 - y, y], axis=-1)

    def evaluate(self, x: "Given", y: Any = None) -> Evaluation:
        """Loss, metrics and, for classes, the confusion matrix on rows ``x`` with their targets ``y``.

        ``x`` is as in `predict`; ``y`` holds a number, a row of numbers, or the name or number of a class for each row.
        Without ``y``, ``x`` is a table that has the target's column, too, or a `Split` of the dataset. Raises
        `DataError`.
        """
        from mltrain.inference.given import given_split

        rows = x if isinstance(x, Split) and y is None else given_split(x, y, self.row_spec, self.preprocessing.table)
        if (wrong := misfit(self.config.loss, self.row_spec, self.network.output_shape[-1], rows)) is not None:
            raise DataError(wrong)
        return self._evaluation(rows)

    def target(self, rows: Split) -> npt.NDArray[Any]:
        """The targets of ``rows`` in the form of the loss."""
        return encode(self.config.loss, self.row_spec, self.network.output_shape[-1], rows, self.preprocessing)

    def _evaluation(self, rows: Split) -> Evaluation:
        return default_backend().evaluator(
            self.network,
            Rows(rows.x, self.target(rows)),
            loss=self.config.loss,
            metrics=self.config.metrics,
            preprocessing=self.preprocessing,
            classes=len(self.classes or ()),
        )()

    def networks(self) -> "list[tuple[Model, slice | None]]":
        """The networks whose outputs are averaged, each with the columns of a row that it reads; None is all of them.

        A model that is no ensemble has one, itself.
        """
        return [(self, None)]

    @property
    def is_cross_validated(self) -> bool:
        """Whether folds held out each of the rows that the model was trained on at the end."""
        stopping = self.config.training.early_stopping
        return self.refit is not None and stopping is not None and stopping.folds is not None

    def measured_parts(self, dataset: Dataset) -> Dataset:
        """The model's own dataset, with those of its parts that the model can be measured on.

        A model that was trained again on the validation rows has none of them.
        """
        return dataset.trained_on_validation if self.refit else dataset

    def refuse_other(self, row_spec: RowSpec) -> None:
        """Raise `DataError` for rows whose shape or classes differ from those of the training rows."""
        learned, classes = self.row_spec, row_spec.classes or ()
        if row_spec.input_shape != learned.input_shape:
            now, then = shape_text(row_spec.input_shape), shape_text(learned.input_shape)
            raise DataError(f"a row of the data is {now} now, but the model learned from rows of {then}")
        known = learned.classes or ()
        if classes == known[: len(classes)] and (classes == known or not learned.named):
            return
        new, gone = ([name for name in one if name not in other] for one, other in ((classes, known), (known, classes)))
        changes = [f"{', '.join(names[:5])} {what}" for names, what in ((new, "is new"), (gone, "is gone")) if names]
        raise DataError(f"the data has other classes now than the model learned: {'; '.join(changes) or 'their order'}")

    def __repr__(self) -> str:
        config, network = self.config, self.network
        takes, gives = shape_text(network.input_shape), shape_text(network.output_shape)
        told = (
            f"; trained for {self.history[-1].epoch} epochs, loss {self.history[-1].loss:.4g}" if self.history else ""
        )
        return (
            f"<Model{' ' + config.name if config.name else ''}: {takes} -> {gives}, {len(network.nodes)} layers, "
            f"{network.parameters.size:,} parameters, {config.loss.type_name()}{told}>"
        )

    def with_parameters(self, parameters: Floats) -> "Model":
        """The same model with other values of all its parameters, a flat vector: those of an epoch, for one."""
        network = Network(self.config.layers, self.row_spec.inputs)
        network.parameters[...] = parameters
        return dataclasses.replace(self, network=network, refit=None)

    def save(self, path: str | Path) -> None:
        """Write the model file atomically; the same model gives the same bytes. Raises `StorageError`."""
        write_model_file(Path(path), self._meta(), self.network.arrays)

    def check_storable(self, members: int = 1) -> None:
        """Raises `DataError` if the metadata is too long for a model file.

        ``members`` is for an ensemble of so many networks that each learn from other rows how to read them.
        """
        length = len(meta_text(self._meta()))
        if self.preprocessing.table is not None:
            length += (members - 1) * len(meta_text(msgspec.to_builtins(self.preprocessing)))
        if length > MOST_META:
            raise DataError(too_long(length))

    @classmethod
    def load(cls, path: str | Path) -> "Model":
        """Read a model file. No code in it is run, and all of it is checked. Raises `ModelFileError`."""
        file = Path(path)
        try:
            return read_together(file.parent, (file.name,), lambda found: cls._read(found.get(file.name, file)))
        except ModelFileError as error:
            error.path = str(path)
            raise

    @classmethod
    def _read(cls, path: Path) -> "Model":
        with ModelFile(path, MODEL_FORMATS) as file:
            if file.meta["format"] == ENSEMBLE:
                from mltrain.inference.ensemble import read_ensemble  # few models are ensembles

                return read_ensemble(file)
            config, origin = read_config_and_origin(file)
            row_spec, preprocessing = read_rows(file, file.meta)
            # Checked before the network is made, since a bad config may demand too much memory.
            file.check(parameter_shapes(file, config, row_spec))
            network = Network(config.layers, row_spec.inputs)
            for name, array in network.arrays.items():
                file.read_into(name, array)
        return cls(
            config,
            network,
            row_spec,
            preprocessing,
            origin=origin,
            temperature=read_temperature(file),
            refit=read_refit(file, config, file.meta.get("refit")),
        )

    def _meta(self) -> dict[str, Any]:
        return {
            "mltrain": __version__,
            "config": to_builtins(replace(self.config, dataset=self.config.dataset.without_paths())),
            "input_shape": self.row_spec.input_shape,
            **self._meta_of_targets(),
            **msgspec.to_builtins(self.preprocessing),
            "origin": self.origin and self.origin.document,
            **({"temperature": self.temperature} if self.temperature != 1 else {}),
            **({"refit": msgspec.to_builtins(self.refit)} if self.refit else {}),
        }

    def _meta_of_targets(self) -> dict[str, Any]:
        """What of a row does not depend on the rows that a model learned from."""
        return {
            "outputs": self.row_spec.outputs,
            "classes": self.row_spec.classes,
            **({"positions": self.row_spec.positions} if self.row_spec.positions else {}),
            **({"named_inputs": self.row_spec.named_inputs} if self.row_spec.named_inputs else {}),
        }


_Shape = Annotated[
    tuple[Annotated[int, msgspec.Meta(ge=1)], ...], msgspec.Meta(min_length=1, max_length=MOST_DIMENSIONS)
]


class _Meta(msgspec.Struct, frozen=True):
    """The description of the rows in ``meta``, without the config and the preprocessing."""

    input_shape: _Shape
    outputs: Annotated[int, msgspec.Meta(ge=1)]
    classes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] | None
    positions: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1)], ...], msgspec.Meta(max_length=MOST_DIMENSIONS)] = ()
    named_inputs: dict[str, tuple[_Shape, Literal["float", "int"]]] = {}

    def row_spec(self) -> RowSpec:
        """The description of a row. Raises ValueError if the inputs do not fit the shape of a row."""
        inputs = {name: InputSpec(*spec) for name, spec in self.named_inputs.items()}
        if inputs and self.input_shape != (sum(math.prod(spec.shape) for spec in inputs.values()),):
            raise ValueError
        return RowSpec(self.input_shape, self.outputs, self.classes, self.positions, inputs)


def read_config_and_origin(file: ModelFile) -> tuple[Config, Origin | None]:
    """The config and the origin of a model file. Raises `ModelFileError`."""
    try:
        config = convert(Config, file.meta["config"])
        origin = msgspec.convert(file.meta.get("origin"), Origin | None)
    except ConfigError as error:
        raise ModelFileError(f"{file.path}: its config cannot be used: {error.lines[0]}") from error
    except _INCOMPLETE:
        raise incomplete(file) from None
    # mltrain writes no paths of datasets into models: a file with paths was not made by mltrain.
    return replace(config, dataset=config.dataset.without_paths()), origin


def read_rows(file: ModelFile, meta: Mapping[str, Any]) -> tuple[RowSpec, Preprocessing]:
    """What a row looks like, and its preprocessing, by a file's ``meta``. Raises `ModelFileError`."""
    try:
        said = msgspec.convert(meta, _Meta)
        row_spec = said.row_spec()
        parts = {name: meta[name] for name in Preprocessing.__struct_fields__}
        preprocessing = msgspec.convert(parts, Preprocessing)
        if not preprocessing.fits(said.input_shape, said.outputs):
            raise ValueError
    except _INCOMPLETE:
        raise incomplete(file) from None
    return row_spec, preprocessing


def read_temperature(file: ModelFile) -> float:
    """The temperature of a model file, 1 where it has none. Raises `ModelFileError`."""
    value = file.meta.get("temperature", 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise incomplete(file)
    return float(value)


def read_refit(file: ModelFile, config: Config, said: Any) -> Refitted | None:
    """The second training as a file says it, None where there was none. Raises `ModelFileError`."""
    try:
        refit = msgspec.convert(said, Refitted | None)
        if refit and not refit.held_out.keys() <= {"loss", *(metric.type_name() for metric in config.metrics)}:
            raise ValueError
    except _INCOMPLETE:
        raise incomplete(file) from None
    return refit


def parameter_shapes(file: ModelFile, config: Config, row_spec: RowSpec) -> dict[str, Shape]:
    """The shapes of the parameters of a config's layers, by name. Raises `ModelFileError` if the layers do not fit."""
    if problems := find_problems(config.layers, config.loss, config.metrics, config.training, row_spec):
        raise ModelFileError(f"{file.path}: its layers do not fit together: {problems[0]}")
    return {
        f"{node.name}.{name}": parameter.shape
        for node in infer(config.layers, row_spec.inputs)
        for name, parameter in node.parameters.items()
    }


_INCOMPLETE = (KeyError, TypeError, ValueError, OverflowError, msgspec.ValidationError)
"""The exceptions for a ``meta`` that lacks something, or has something that cannot be."""


def incomplete(file: ModelFile) -> ModelFileError:
    return ModelFileError(f"{file.path}: its meta is incomplete; the file is damaged")
