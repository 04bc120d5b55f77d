"""The NumPy implementation of the backend interface. Modules only for training are imported when training begins."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

from mltrain.backends.base import Parallelism, Rows, Trainer, TrainingTask
from mltrain.backends.numpy.evaluation import Evaluator, OneRowPredictor, predict
from mltrain.backends.profiler import Profile
from mltrain.data.preprocessing import AS_IS, Preprocessing, Scaling
from mltrain.engine.arrays import Floats
from mltrain.engine.graph import Node
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network


class NumpyBackend:
    """The reference: every other backend must give the same numbers, up to rounding."""

    name = "numpy"

    def parallelism(self, nodes: Sequence[Node], batch_size: int, gradient_accumulation: int = 1) -> Parallelism:
        from mltrain.backends.numpy.parallel.choice import choose

        return choose(nodes, batch_size, gradient_accumulation)

    def trainer(
        self, task: TrainingTask, parallelism: Parallelism | None = None, profile: Profile | None = None
    ) -> Trainer:
        from mltrain.backends.numpy.trainer import NumpyTrainer

        return NumpyTrainer(task, parallelism, profile)

    def evaluator(
        self,
        network: Network,
        rows: Rows,
        *,
        loss: Loss,
        metrics: Sequence[Metric] = (),
        preprocessing: Preprocessing = AS_IS,
        classes: int = 0,
    ) -> Evaluator:
        return Evaluator(
            network, rows.x, rows.target, loss=loss, metrics=metrics, preprocessing=preprocessing, classes=classes
        )

    def predict(self, network: Network, x: npt.NDArray[Any], inputs: Scaling = AS_IS.inputs) -> Floats:
        return predict(network, x, inputs)

    def one_row_predictor(
        self, network: Network, inputs: Scaling = AS_IS.inputs
    ) -> Callable[[npt.NDArray[Any]], Floats]:
        return OneRowPredictor(network, inputs)

    def input_gradients(
        self, network: Network, x: npt.NDArray[Any], weights: Floats, inputs: Scaling = AS_IS.inputs
    ) -> Floats:
        from mltrain.backends.numpy.input_gradients import input_gradients

        return input_gradients(network, x, weights, inputs)
