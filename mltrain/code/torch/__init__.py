"""A config as a script for PyTorch. `CODE` has what writes each member of a family; `LACKING` says which it lacks."""

from collections.abc import Mapping
from typing import Any

from mltrain.code.loops import SCHEDULES
from mltrain.code.plan import Plan, Written
from mltrain.code.torch.layers import ACTIVATIONS, LAYERS
from mltrain.code.torch.network import INITIALIZERS, REGULARIZERS, TorchNetwork
from mltrain.code.torch.training import (
    LOSSES,
    OPTIMIZERS,
    as_labels,
    loss_code,
    mean,
    optimizer_code,
    penalty_code,
    penalty_of,
    training_code,
)

_TRANSFORM = "PyTorch itself has no random transformations of images; torchvision has"

LACKING = {
    "random_flip": _TRANSFORM,
    "random_rotation": _TRANSFORM,
    "random_translation": _TRANSFORM,
    "random_zoom": _TRANSFORM,
}
"""Members that PyTorch cannot express, each with the reason."""

HELPERS = {
    "PeriodicEmbedding": '''
class PeriodicEmbedding(nn.Module):
    """Each input, and sums of cosines of it with frequencies and phases of its own."""

    def __init__(self, inputs, frequencies, output_dim):
        super().__init__()
        self.frequencies = nn.Parameter(torch.zeros(inputs, frequencies))
        self.phases = nn.Parameter(torch.zeros(inputs, frequencies))
        self.weight = nn.Parameter(torch.zeros(inputs, frequencies, output_dim - 1))
        self.bias = nn.Parameter(torch.zeros(inputs, output_dim - 1))

    def forward(self, x):
        x = x[:, :, None]
        cosines = torch.cos(2 * torch.pi * x * self.frequencies + self.phases)
        sums = torch.einsum("rif,ifo->rio", cosines, self.weight) + self.bias
        return torch.cat([x, sums], 2).flatten(1)
''',
    "ChannelsFirst": '''
class ChannelsFirst(nn.Module):
    """PyTorch has channels before height and width, mltrain behind them."""

    def forward(self, x):
        return x.movedim(-1, 1)
''',
    "ChannelsLast": '''
class ChannelsLast(nn.Module):
    """Features in mltrain's order: channels behind height and width."""

    def forward(self, x):
        return x.movedim(1, -1)
''',
    "Ids": '''
class Ids(nn.Module):
    """Whole numbers, which an embedding takes."""

    def forward(self, x):
        return x.long()
''',
    "PaddedAverage": '''
class PaddedAverage(nn.Module):
    """Average pooling that leaves the padding out of the averages."""

    def __init__(self, padding, pooling):
        super().__init__()
        self.padded = nn.Sequential(padding, pooling)

    def forward(self, x):
        return self.padded(x) / self.padded(torch.ones_like(x))
''',
    "GaussianNoise": '''
class GaussianNoise(nn.Module):
    """Adds random numbers in training."""

    def __init__(self, stddev):
        super().__init__()
        self.stddev = stddev

    def forward(self, x):
        return x + self.stddev * torch.randn_like(x) if self.training else x
''',
    "Step": '''
class Step(nn.Module):
    """1 above 0, else 0."""

    def forward(self, x):
        return (x > 0).to(x.dtype) + 0 * x  # a gradient of 0, and not none
''',
    "hinge": '''
def hinge(output, target):
    """What is lost where an output is not on its side of 0 by at least 1."""
    return (1 - (2 * target - 1) * output).clamp(min=0)
''',
    "perceptron": '''
def perceptron(z, target):
    """What a wrong answer costs; its gradient is Rosenblatt's rule."""
    return ((z > 0).to(z.dtype) - target) * z
''',
}

CODE: Mapping[str, Mapping[str, Any]] = {
    "activations": ACTIVATIONS,
    "initializers": INITIALIZERS,
    "layers": LAYERS,
    "losses": LOSSES,
    "optimizers": OPTIMIZERS,
    "regularizers": REGULARIZERS,
    "schedules": SCHEDULES,
}
"""By family and name: the code of a member."""


def write(plan: Plan) -> Written:
    """The parts of a script for PyTorch."""
    plan.refuse_positions("PyTorch")
    network = TorchNetwork(plan)
    part = plan.evaluated
    averaged = "ema" if plan.config.optimizer.use_ema and plan.config.training.epochs else "model"
    penalty = penalty_of(network, averaged)
    return Written(
        "PyTorch",
        HELPERS,
        network=network.lines,
        weights=[*plan.loaded_weights, *network.copied_weights()] if plan.weights is not None else [],
        loss_function=[*loss_code(plan), *penalty_code(network)],
        optimizer=optimizer_code(plan, network),
        training=training_code(plan, network),
        output=[
            f"{averaged}.eval()",
            "with torch.no_grad():",
            f"    output, y = {averaged}(torch.tensor(x_{part})), torch.tensor(y_{part}){as_labels(plan)}",
            f"    loss = loss_function(output, y){mean(plan)}.item(){penalty}",
            *(["output = output.numpy()"] if plan.config.metrics else []),
        ],
        loss="loss",
        notes=_notes(plan),
    )


def _notes(plan: Plan) -> list[str]:
    notes = plan.notes("PyTorch")
    if any(node.layer.type_name() == "batch_normalization" for node in plan.nodes):
        notes.append(
            "PyTorch's moving variance divides by n - 1, mltrain's by n: outputs after training differ a little."
        )
    return notes
