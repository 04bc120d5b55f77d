"""What mltrain makes of a case: in float32 by the loop that users run, in float64 by the same engine.

In float64 two right implementations agree to a dozen digits, and a wrong formula cannot hide in rounding.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from campaigns.differential.case import Case
from campaigns.differential.exchange import Result, Task
from mltrain.backends.numpy.gradient_accumulation import GradientSums
from mltrain.backends.numpy.penalty import Penalty
from mltrain.backends.numpy.update import Update
from mltrain.engine.arrays import size
from mltrain.engine.layers.dropout import Dropout
from mltrain.engine.metrics.base import true_classes
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan
from mltrain.errors import TrainingDiverged
from mltrain.random_streams import generator

Nudge = Callable[[npt.NDArray[Any]], None]
"""Changes numbers in place, by about as much as rounding does."""


def train_float32(case: Case) -> Result | None:
    """The losses of the epochs and the last weights by the training loop; None where training diverges."""
    job = case.job()
    with contextlib.suppress(TrainingDiverged):
        losses = [report.loss for report in job.train()]
        return Result(np.array(losses), job.network.arrays)
    return None


def train_float64(case: Case, nudge: Nudge | None = None) -> Result:
    """The losses of the batches and the last weights by the engine; nudged, if asked, wherever float32 would round."""
    return _train(case, nudge or (lambda numbers: None), [])


def task_of(case: Case) -> Task:
    """The case as the peers take it. What dropout drops is drawn by mltrain, and then the same for all."""
    dropped: list[dict[str, npt.NDArray[np.bool_]]] = []
    _train(case, lambda numbers: None, dropped)
    weights = case.class_weights
    return Task(
        case.description(),
        case.rows.x,
        case.rows.target,
        case.first_weights,
        np.concatenate(case.batches),
        np.array([len(batch) for batch in case.batches]),
        np.array(case.groups),
        np.ones(len(case.rows.x), np.float32) if weights is None else weights[true_classes(case.rows.target)],
        {name: np.concatenate([masks[name] for masks in dropped]) for name in dropped[0]},
    )


def rounding(precision: npt.DTypeLike, seed: int) -> Nudge:
    """A nudge by at most half a unit in the last place of the largest number, as each rounding of a sum may be off.

    What is 0 stays 0: that relu and dropout silence a number, and what hangs on it, is no matter of rounding.
    """
    rng, unit = np.random.default_rng(seed), float(np.finfo(precision).eps)

    def nudge(numbers: npt.NDArray[Any]) -> None:
        if numbers.size:
            largest = np.abs(numbers).max()
            numbers += (numbers != 0) * largest * unit * (rng.random(numbers.shape) - 0.5)

    return nudge


def _train(case: Case, nudge: Nudge, dropped: list[dict[str, npt.NDArray[np.bool_]]]) -> Result:
    config, rows = case.config, case.rows
    network = Network(config.layers, rows.x.shape[1:], dtype=np.float64)
    for name, array in network.arrays.items():
        array[...] = case.first_weights[name]
    gradients = np.zeros_like(network.parameters)
    slopes = network.views(gradients)
    plan = Plan(network, case.batch, gradients=gradients, fused=config.loss.fused_activation is not None)
    penalize, accumulate = Penalty(network, gradients), GradientSums(gradients, network.trainable, case.batch)
    update = Update(config.optimizer, network.parameters, gradients, network.trainable)
    rng = generator(config.seed, "dropout")
    ends, losses = set(np.cumsum(case.groups)), []
    with np.errstate(all="ignore"):
        for done, numbers in enumerate(case.batches, 1):
            x = rows.x[numbers].astype(np.float64)
            ids = any(node.layer.takes_integers for node in network.nodes)
            for array in (*([] if ids else [x]), *network.arrays.values()):
                nudge(array)
            bound = plan.bind(x, np.empty((len(x), size(network.output_shape))), rng)
            for call in bound.forward:
                call.run()
                if call.at:
                    nudge(call.at.y)
            loss = config.loss.mean(bound.z, bound.y, _target(case, numbers), bound.dz, case.class_weights)
            nudge(bound.dz)
            dropped.append(dict(_masks(case, bound.forward)))
            for call in bound.backward:
                call.run()
                for dx in call.at.dxs if call.at else ():
                    if dx is not None:
                        nudge(dx)
            losses.append(loss + penalize())
            for array in slopes.values():
                nudge(array)
            accumulate(len(x), done in ends)
            if done in ends:
                update()
    update.swap_average()
    return Result(np.array(losses), network.arrays)


def _target(case: Case, numbers: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    target = case.rows.target[numbers]
    return target if case.config.loss.targets == "labels" else target.astype(np.float64)


def _masks(case: Case, calls: Any) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """What each dropout layer, by its index among the layers, has just let pass."""
    places = [str(index) for index, layer in enumerate(case.config.layers) if isinstance(layer, Dropout)]
    scales = [call.at.saved["scale"] for call in calls if isinstance(call.layer, Dropout)]
    return ((place, scale > 0) for place, scale in zip(places, scales, strict=True))
