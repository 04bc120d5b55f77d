"""A trained model as plain data: what it takes to turn cells or numbers into an answer, step by step.

`inference_steps(model)` is the one list that the formats of export and serving start from: none of them walks layers or
kinds of columns itself::

    cells of a row ──columns──> input ──steps──> output ──answer──> label, probabilities, numbers in their units

``columns`` are `mltrain.data.encoding.Encoding`, one for each column of the table that the model learned from; None
where a row is an array of numbers or pixels. ``steps`` are `mltrain.engine.operations.Step`; each reads what those
before it made. They include the scaling of the inputs and, where numbers are predicted, the way back to the units of
the target: ``output`` is what `Model.predict` gives.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mltrain.data.base import ImageForm
from mltrain.engine.arrays import size
from mltrain.engine.graph import execution_order
from mltrain.engine.network import Network
from mltrain.engine.operations import Step, StepBuilder, Value
from mltrain.errors import ConfigError, Problem
from mltrain.inference.tables import target_names
from mltrain.training.targets import target_scaling

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding
    from mltrain.inference.model import Model


@dataclass(frozen=True)
class Answer:
    """What the output says. ``targets`` are the names of what is predicted.

    With ``classes``, the class is that of the largest number along the last axis; of a single number, the second class
    above ``threshold`` and the first one else. ``probabilities`` says whether the outputs are probabilities: of each
    class, or, where there is a single one, of the second of two. ``before`` and ``after`` are the currency sign or the
    unit that the target's numbers have in the table.
    """

    targets: tuple[str, ...]
    classes: tuple[str, ...] | None
    threshold: float
    probabilities: bool
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class InferenceSteps:
    """A model as plain data; see this module.

    ``name`` is that of the config. ``input`` is what the first steps read: one row of numbers. Where the model learned
    from a table, ``features`` are their names, and large numbers are less their column's origin. ``image`` says how an
    image file becomes a row (`mltrain.data.base.ImageForm`); None where rows are not images. Pixels are 0 to 255.

    Where members of an ensemble read the same table, each in its own way, ``columns`` and ``features`` are those of the
    first, then those of the second, and so on: a cell is encoded as often as its column is there. `by_column` has the
    columns of a row once each.
    """

    name: str
    columns: "tuple[Encoding, ...] | None"
    features: tuple[str, ...]
    input: Value
    image: ImageForm | None
    steps: tuple[Step, ...]
    output: Value
    answer: Answer

    def as_matrix(self) -> "InferenceSteps":
        """The same for rows that are arrays of the network's inputs already, before they are scaled."""
        return replace(self, columns=None, image=None)

    @property
    def by_column(self) -> "dict[str, list[Encoding]]":
        """The encodings of each column of a row: one, or one for each member of an ensemble."""
        found: dict[str, list[Encoding]] = {}
        for column in self.columns or ():
            found.setdefault(column.column, []).append(column)
        return found

    @property
    def values(self) -> list[Value]:
        """The input, and what each step makes."""
        return [self.input, *(step.output for step in self.steps)]

    def last_reader(self) -> dict[str, int]:
        """For each value, the number of the last step that reads it; for the output, the number of steps."""
        found = {value.name: index for index, step in enumerate(self.steps) for value in step.inputs}
        return {**found, self.output.name: len(self.steps)}


def inference_steps(model: "Model") -> InferenceSteps:
    """The steps from a row to the model's answer. Raises `ConfigError` for a layer that does not say its operations."""
    table = model.preprocessing.table
    builder = StepBuilder()
    row = builder.input("input", model.row_spec.input_shape)
    networks = model.networks()
    outputs = []
    for number, (member, columns) in enumerate(networks, 1):
        before = f"member_{number}." if len(networks) > 1 else ""
        builder.enter(f"{before}input")
        own = row if columns is None else builder.slice(row, columns.start, columns.stop)
        outputs.append(_run_model(builder, member, own, before))
    builder.enter("output")
    y = outputs[0] if len(outputs) == 1 else builder.affine(builder.add(*outputs), multiply=1 / len(outputs))
    notation = table.target_notation if table is not None and model.classes is None else None
    answer = Answer(
        tuple(target_names(model)),
        model.classes,
        model.config.loss.threshold,
        model.classes is not None and model.gives_probabilities,
        notation.before if notation else "",
        notation.after if notation else "",
    )
    return InferenceSteps(
        model.config.name or "model",
        None if table is None else tuple(table.encodings()),
        () if table is None else tuple(table.features),
        row,
        model.config.dataset.image_form(model.row_spec),
        tuple(builder.steps),
        y,
        answer,
    )


def _run_model(builder: StepBuilder, model: "Model", row: Value, before: str) -> Value:
    """A network with the scaling of its inputs and the units of its target; ``before`` begins the names of values."""
    preprocessing = model.preprocessing
    inputs, targets = preprocessing.inputs, target_scaling(model.config.loss, preprocessing)
    builder.enter(f"{before}scaled")
    scaled = builder.affine(row, subtract=inputs.shift, multiply=inputs.scale)
    y = _run_network(builder, model.network, scaled, before)
    builder.enter(f"{before}output")
    if not targets.is_identity:
        y = builder.affine(y, multiply=1 / np.array(targets.scale, np.float32), add=targets.shift)
    return y


def _run_network(builder: StepBuilder, network: Network, row: Value, before: str = "") -> Value:
    values = dict(_inputs(builder, network, row))
    result = row
    for node in execution_order(network.nodes):
        builder.enter(f"{before}{node.name}", node.path)
        parameters = {name: network.arrays[f"{node.name}.{name}"] for name in node.parameters}
        xs = [values[source] for source in node.sources]
        for stage in node.layer.stages():
            try:
                xs = [stage.inference(builder, xs, parameters)]
            except NotImplementedError as error:
                raise ConfigError([Problem(node.path, str(error))]) from None
        assert xs[0].shape == node.output_shape
        values[node.name] = result = xs[0]
    return values[network.nodes[-1].name] if network.nodes else result


def _inputs(builder: StepBuilder, network: Network, row: Value) -> Iterator[tuple[str, Value]]:
    """The inputs of a network by name. Several of them lie one behind the other in a row."""
    if len(network.inputs) == 1:
        yield next(iter(network.inputs)), row
        return
    start = 0
    for name, (shape, _) in network.inputs.items():
        builder.enter(name)
        stop = start + size(shape)
        yield name, builder.reshape(builder.slice(row, start, stop), shape)
        start = stop
