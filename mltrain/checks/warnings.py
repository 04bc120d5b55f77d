"""Warnings about configs that would train badly: common mistakes, found before training."""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from mltrain.backends.base import Backend, Rows
from mltrain.checks.options import steps_of
from mltrain.checks.output_layer import output_warnings
from mltrain.data.base import Dataset
from mltrain.data.preprocessing import Scaling
from mltrain.engine.arrays import size
from mltrain.engine.graph import inputs_read_by
from mltrain.engine.initializers.constant import Constant
from mltrain.engine.initializers.ones import Ones
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers.base import Parameter, shape_text
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import true_classes
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import Schedule, start
from mltrain.errors import PlacedWarning, TrainingDiverged, Worded
from mltrain.training.epoch_report import EpochReport
from mltrain.training.loop import train
from mltrain.training.options import Training
from mltrain.training.targets import class_names

if TYPE_CHECKING:
    from mltrain.data.tables.format import TableFormat

FAR = 10.0
LOOKED_AT = 10_000
"""The number of rows that are examined: enough for a range, few enough to be fast on any dataset."""

OTHER_SIZE, FEW = 100, 20
"""The suspicious ratio of the input sizes of two splits, and the least rows for a warning about small inputs."""

STILL = 1e-7
"""A change that a float32 weight of usual size hardly shows, and a loss that counts as 0."""

USUAL = 1e-6
"""The least learning rate that is not tiny."""

PATIENCE, FAR_UP = 10, 10
"""The steps within which a loss that grew at first must have fallen again, and the largest growth that is allowed."""

CLEAR_EPOCHS = 3
"""Epochs after the first in which a loss must have fallen below that of the first again."""

_OF_SEQUENCES = frozenset({"conv1d", "max_pooling1d", "average_pooling1d"})
"""Layers that take a row of numbers for a sequence of one channel."""


def find_warnings(
    network: Network,
    dataset: Dataset,
    target: npt.NDArray[Any],
    *,
    loss: Loss,
    training: Training,
    taken: Collection[str] = (),
) -> list[str]:
    """A sentence for each probable problem, with advice. ``target`` is in the loss's form.

    ``taken`` are the layers that start from the weights of a trained model.
    """
    return [
        *dataset.warnings,
        *([] if _are_ids(network) else _about_inputs(dataset)),
        *_about_parts(dataset),
        *_about_classes(target, class_names(loss, dataset.row_spec, network.output_shape[-1])),
        *output_warnings(network.nodes, loss, dataset.row_spec, target),
        *(_about_steps(network, loss) if training.epochs else []),
        *(_about_frozen_layers(network, taken) if training.epochs else []),
        *_about_sequences(network),
        *(_about_batch_statistics(network, len(target), training) if training.epochs else []),
    ]


def growing_loss(history: Sequence[EpochReport]) -> str | None:
    """A sentence on a loss that grows from the first epoch on, after the newest of the epochs reported.

    It is given once in a training: `CLEAR_EPOCHS` after the first epoch, or earlier if the loss is `FAR_UP` times as
    large or the training ends.
    """
    first, *later = history
    if not 1 <= len(later) <= CLEAR_EPOCHS or not 0 < first.loss * 1.05 < min(report.loss for report in later):
        return None
    far_up = [report.loss > first.loss * FAR_UP for report in later]
    last = later[-1]
    is_clear = far_up[-1] or len(later) == CLEAR_EPOCHS or last.epoch == last.epochs
    if not is_clear or any(far_up[:-1]):
        return None
    return (
        f"the loss grows, from {first.loss:.4g} in epoch {first.epoch} to {last.loss:.4g} in epoch {last.epoch}: "
        "the learning rate is probably too high; try a tenth of it"
    )


def _about_inputs(dataset: Dataset) -> list[str]:
    x, table = dataset.train.x[:LOOKED_AT], dataset.preprocessing.table
    found = []
    seen = dataset.preprocessing.inputs.applied(x)
    if dataset.row_spec.named_inputs:
        seen[:, dataset.row_spec.are_ids] = 0
    low, high = float(seen.min()), float(seen.max())
    if table is not None:
        far = _columns(table, np.abs(seen).max(axis=0) > FAR, any)
        if far:
            found.append(
                f"numbers in column {far} are up to {max(abs(low), abs(high)):.3g} in size as the network sees them; "
                "it learns best from numbers around -1 to 1: look for outliers, or let standardize scale the column"
            )
    elif max(abs(low), abs(high)) > FAR:
        hint = (
            "for images write 'scale: true'"
            if x.dtype == np.uint8
            else "divide them, or expect to need a tiny learning rate"
        )
        found.append(
            f"the inputs reach from {low:g} to {high:g}; networks learn best from numbers around -1 to 1: {hint}"
        )
    if x.ndim == 2 and len(x) > 1 and x.shape[1] > 1:
        constant = (x == x[0]).all(axis=0)
        if table is not None:
            if same := _columns(table, constant, all):
                found.append(f"column {same} never changes, so it teaches nothing; leave it out")
        elif constant.any():
            places = np.flatnonzero(constant)
            which = ", ".join(map(str, places[:5])) + (", ..." if places.size > 5 else "")
            all_of = f"{which} of {x.shape[1]} (counted from 0)"
            found.append(
                f"feature {all_of} never changes, so it teaches nothing; leave it out"
                if places.size == 1
                else f"features {all_of} never change, so they teach nothing; leave them out"
            )
    return found


def _about_parts(dataset: Dataset) -> list[str]:
    """Warnings about validation or test inputs that differ from the training inputs by a large factor."""
    found = []
    of_train = _reach(dataset.train.x, dataset.preprocessing.inputs)
    for part, rows in dataset.by_name.items():
        reach = _reach(rows.x, dataset.preprocessing.inputs)
        smaller = reach * OTHER_SIZE < of_train and min(len(rows.x), len(dataset.train.x)) >= FEW
        if reach > of_train * OTHER_SIZE or smaller:
            found.append(
                f"the inputs for {part} reach to {reach:g}, but those to train on to {of_train:g}: are they of the "
                "same scale, and is none of them wrong?"
            )
    return found


def _reach(x: npt.NDArray[Any], inputs: Scaling) -> float:
    """The largest absolute value of the preprocessed inputs."""
    ends = x[:LOOKED_AT] if x.ndim == 2 else np.array([x.min(), x.max()])  # images are scaled by one number
    return float(np.abs(inputs.applied(ends)).max(initial=0))


def _columns(table: "TableFormat", inputs: npt.NDArray[np.bool_], which: Callable[[Iterable[bool]], bool]) -> str:
    """Text that names the table's columns of ``any`` or ``all`` of the inputs; empty without a table."""
    names, start = [], 0
    for column in table.columns:
        stop = start + len(column.features)
        if stop > start and which(inputs[start:stop].tolist()):
            names.append(f"'{column.name}'")
        start = stop
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _about_classes(target: npt.NDArray[Any], classes: Sequence[str] | None) -> list[str]:
    if classes is None:
        return []
    counts = np.bincount(true_classes(target).ravel(), minlength=len(classes))
    missing = [name for name, count in zip(classes, counts, strict=True) if not count]
    if not missing:
        return []
    names = ", ".join(f"'{name}'" for name in missing)
    return [f"no row to train on is of class {names}: the network will never predict it"]


def _about_steps(network: Network, loss: Loss) -> list[str]:
    steps = [stage for node in network.nodes for stage in node.layer.stages() if stage.type_name() == "step"]
    if len(steps) > (loss.fused_activation == "step"):
        return ["step has slope 0, so nothing before it can learn; use sigmoid or relu instead"]
    return []


def _are_ids(network: Network) -> bool:
    """Whether all inputs are ids, such as those of words."""
    readers = [node for node in network.nodes if inputs_read_by(network.nodes, node.name) & network.inputs.keys()]
    return bool(readers) and all(node.layer.takes_integers or node.layer.reshapes for node in readers)


def _about_batch_statistics(network: Network, rows: int, training: Training) -> list[str]:
    """Warnings about statistics of a batch of one row.

    A single number equals its mean, so that the output is always beta. Of an image there is something left, but its own
    statistics are not those that predictions use.
    """
    batch = training.rows_per_batch(rows)
    last = rows % batch or batch
    if 1 not in (batch, last):
        return []
    which = "each batch has" if batch == 1 else "the last batch of each epoch has"
    advice = "use a larger batch_size" if batch == 1 else "choose another batch_size"
    found = list[str]()
    for node in network.nodes:
        if not any(parameter.updated for parameter in node.parameters.values()):
            continue
        consequence = "of which it leaves nothing"
        if size(node.input_shape[:-1]) > 1:
            if batch > 1:
                continue
            consequence = "whose own statistics differ from those that predictions use"
        about = f"layer {node.name} normalizes over the batch, but {which} one row, {consequence}; {advice}"
        found.append(PlacedWarning(about, node.path))
    return found


def _about_sequences(network: Network) -> list[str]:
    """Warnings about images that were made one long sequence of pixels by accident."""
    flattened = {
        node.name: node.input_shape
        for node in network.nodes
        if node.layer.type_name() == "flatten" and len(node.input_shape) > 1
    }
    found = list[str]()
    for node in network.nodes:
        shape, name = flattened.get(node.sources[0]), node.layer.type_name()
        if shape is not None and name in _OF_SEQUENCES:
            about = (
                f"{name} takes the {size(shape)} numbers of flatten for one sequence, in which most neighbours of the "
                f"{shape_text(shape)} are far apart; put it before flatten, or for images use {name[:-2]}2d there"
            )
            found.append(PlacedWarning(about, node.path))
    return found


def _about_frozen_layers(network: Network, taken: Collection[str]) -> list[str]:
    if network.parameters.size and not network.trainable:
        return ["all layers are frozen by 'trainable: false', so nothing can learn"]
    frozen = [node for node in network.nodes if not node.trainable_count and node.name not in taken]
    chance = [node.name for node in frozen if any(map(_is_drawn, node.parameters.values()))]
    return [
        Worded(
            f"layer {name} is frozen at random first weights; give those of a trained model with ",
            python="init_from",
            commands="--init-from",
        )
        for name in chance
    ]


def _is_drawn(parameter: Parameter) -> bool:
    """Whether an initializer draws random numbers."""
    return not isinstance(parameter.initializer, Constant | Zeros | Ones)


def _for_trial(optimizer: Optimizer) -> Optimizer:
    """The optimizer without EMA and without a learning rate that needs measured numbers, for the trial steps."""
    rate = optimizer.learning_rate
    rate = rate.at(0) if isinstance(rate, Schedule) and rate.monitored else rate
    return replace(optimizer, learning_rate=rate, use_ema=False)


def try_steps(
    backend: Backend,
    network: Network,
    dataset: Dataset,
    target: npt.NDArray[Any],
    *,
    loss: Loss,
    optimizer: Optimizer,
    training: Training,
) -> list[str]:
    """A warning if training would diverge or have no effect, from some trial steps on the first batch.

    A loss that grows a little at first and then falls is harmless: wide initial weights cause that. The network's
    parameters are restored.
    """
    if not training.epochs:
        return []
    rows = training.rows_per_batch(len(target))
    batch, preprocessing = Rows(dataset.train.x[:rows], target[:rows]), dataset.preprocessing
    measure = backend.evaluator(network, batch, loss=loss, preprocessing=preprocessing)
    before, first = network.parameters.copy(), measure().loss
    if not math.isfinite(first):
        return []
    losses: list[float] = []
    optimizer, steps = _for_trial(optimizer), Training(epochs=PATIENCE, batch_size="full")
    try:
        attempt = train(
            network, batch, backend=backend, loss=loss, optimizer=optimizer, training=steps, preprocessing=preprocessing
        )
        with closing(attempt) as epochs:
            for _ in epochs:
                losses.append(measure().loss)
                way = float(np.abs(network.parameters - before).max(initial=0)) * steps_of(training, len(target))
                rate = start(optimizer.learning_rate).at(0)
                # If a usual rate changes nothing at all, the gradient is 0, and the rate is not the cause.
                if way < STILL < first and rate > 0 and (way or rate < USUAL):
                    return [
                        f"the first step moves no weight by more than {way:.1g} even if it is repeated as often as "
                        "training is to last: the learning rate is probably too small"
                    ]
                if losses[-1] <= first * 1.001:
                    return []
                if losses[-1] > first * FAR_UP:
                    break
    except TrainingDiverged:
        losses.append(math.inf)
    finally:
        network.parameters[...] = before
    return [
        f"the first step makes the loss grow, from {first:.4g} to {losses[0]:.4g}: "
        "the learning rate is probably too high; try a tenth of it"
    ]
