from typing import Annotated

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.optimizers._root import step_by_root
from mltrain.engine.optimizers.base import Optimizer, Rate, Tiny


class Adagrad(Optimizer):
    """Divides each gradient by the root of the sum of all its squares so far: steps become smaller and smaller.

    Duchi, Hazan and Singer 2011, https://jmlr.org/papers/v12/duchi11a.html, with epsilon inside the root, as in Keras.
    """

    learning_rate: Rate = 0.001
    initial_accumulator_value: Annotated[
        float, Meta(ge=0, description="where the sum of squares starts; more of it makes the first steps shorter")
    ] = 0.1
    epsilon: Tiny = 1e-7

    def state(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def update(self, p: Floats, g: Floats, scratch: Floats, state: dict[str, Floats], step: int, rate: float) -> None:
        accumulator = state["accumulator"]
        np.multiply(g, g, out=scratch)
        np.add(accumulator, scratch, out=accumulator)
        step_by_root(p, g, accumulator, scratch, rate, self.epsilon)
