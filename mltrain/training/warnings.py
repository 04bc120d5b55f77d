"""What would train, but not well: the mistakes that tutorials make, found before they cost an afternoon."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.data import Dataset, Split
from mltrain.data.preprocessing import Scaling
from mltrain.engine.losses import Loss
from mltrain.engine.network import Network
from mltrain.engine.optimizers import Optimizer
from mltrain.errors import TrainingDiverged
from mltrain.training.compatibility import last_activation
from mltrain.training.evaluation import Evaluator
from mltrain.training.loop import Rows, train
from mltrain.training.options import Training

FAR = 10.0
LOOKED_AT = 10_000
"""Rows that are looked at: enough to see a range, few enough to be instant on any dataset."""


def find_warnings(
    network: Network,
    dataset: Dataset,
    target: npt.NDArray[Any],
    *,
    loss: Loss,
    optimizer: Optimizer,
    training: Training,
) -> list[str]:
    """One sentence for each thing that will probably go wrong, and what to do. ``target`` is as the loss takes it.

    The network is left as it was.
    """
    found = [
        *_about_inputs(dataset.train.x[:LOOKED_AT], dataset.preprocessing.inputs),
        *_about_classes(dataset.train, dataset.facts.classes),
        *_about_output(network, loss, training),
    ]
    return found + (_about_first_step(network, dataset, target, loss, optimizer, training) if training.epochs else [])


def _about_inputs(x: npt.NDArray[Any], inputs: Scaling) -> list[str]:
    found = []
    seen = inputs.applied(x)
    low, high = float(seen.min()), float(seen.max())
    if max(abs(low), abs(high)) > FAR:
        hint = (
            "for images write 'scale: true'"
            if x.dtype == np.uint8
            else "divide them, or expect to need a tiny learning rate"
        )
        found.append(
            f"the inputs reach from {low:g} to {high:g}; networks learn best from numbers around -1 to 1: {hint}"
        )
    if x.ndim == 2 and len(x) > 1 and x.shape[1] > 1:
        constant = np.flatnonzero((x == x[0]).all(axis=0))
        if constant.size:
            which = ", ".join(map(str, constant[:5])) + (", ..." if constant.size > 5 else "")
            noun = "feature" if constant.size == 1 else "features"
            found.append(
                f"{noun} {which} of {x.shape[1]} (counted from 0) never changes, so it teaches nothing; leave it out"
            )
    return found


def _about_classes(rows: Split, classes: Sequence[str] | None) -> list[str]:
    if classes is None:
        return []
    counts = np.bincount(rows.y, minlength=len(classes))
    missing = [name for name, count in zip(classes, counts, strict=False) if not count]
    if not missing:
        return []
    names = ", ".join(f"'{name}'" for name in missing)
    return [f"no row to train on is of class {names}: the network will never predict it"]


def _about_output(network: Network, loss: Loss, training: Training) -> list[str]:
    found = []
    last = last_activation(network.nodes)
    name = last.type_name() if last else "linear"
    if name == "softmax" and loss.joins != "softmax":
        found.append(
            f"softmax with {loss.type_name()} learns slowly, and hardly at all from confident mistakes; "
            "use sparse_categorical_crossentropy"
        )
    steps = [stage for node in network.nodes for stage in node.layer.stages() if stage.type_name() == "step"]
    if training.epochs and len(steps) > (loss.joins == "step"):
        found.append("step has slope 0, so nothing before it can learn; use sigmoid or relu instead")
    return found


def _about_first_step(
    network: Network, dataset: Dataset, target: npt.NDArray[Any], loss: Loss, optimizer: Optimizer, training: Training
) -> list[str]:
    """Take one step on the first batch, and look at the same batch again."""
    rows = len(target) if training.batch_size == "full" else min(training.batch_size, len(target))
    batch, preprocessing = Rows(dataset.train.x[:rows], target[:rows]), dataset.preprocessing
    measure = Evaluator(network, batch.x, batch.target, loss=loss, preprocessing=preprocessing)
    before, first = network.parameters.copy(), measure().loss
    try:
        one_step = Training(epochs=1, batch_size="full")
        list(train(network, batch, loss=loss, optimizer=optimizer, training=one_step, preprocessing=preprocessing))
        second = measure().loss
    except TrainingDiverged:
        second = math.inf
    finally:
        network.parameters[...] = before
    if second <= first * 1.001 or not math.isfinite(first):
        return []
    return [
        f"the first step makes the loss grow, from {first:.4g} to {second:.4g}: "
        "the learning rate is probably too high; try a tenth of it"
    ]
