from mltrain.engine.optimizers.adam import Adam
from mltrain.engine.optimizers.base import WeightDecay


class Adamw(Adam):
    """Adam with decoupled weight decay: weights shrink a little at each step, which reduces overfitting.

    Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101
    """

    weight_decay: WeightDecay = 0.004
