"""A model that is asked many times for single rows, as a server is: what can be done once is done once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.default import default_backend
from mltrain.inference.model import Model
from mltrain.training.targets import target_scaling

Outputs = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


def prepared(model: Model) -> Outputs:
    """`Model.outputs`, with the same numbers, whose buffers for a single row are allocated once."""
    members = model.networks()
    alone = [_one_row(member) for member, _ in members]

    def outputs(rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        if len(rows) != 1:
            return model.outputs(rows)
        if len(members) == 1:
            return alone[0](rows)
        total = np.zeros((1, *model.network.output_shape))
        for predict, (_, columns) in zip(alone, members, strict=True):
            total += predict(rows if columns is None else np.ascontiguousarray(rows[:, columns]))
        return (total / len(members)).astype(np.float32)

    return outputs


def _one_row(model: Model) -> Outputs:
    predict = default_backend().one_row_predictor(model.network, model.preprocessing.inputs)
    undone = target_scaling(model.config.loss, model.preprocessing).undone
    return lambda rows: undone(predict(rows))
