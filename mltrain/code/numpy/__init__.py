"""A config as a script for NumPy alone, with forward, backward and update in plain sight.

`CODE` has what writes each member of a family; `LACKING` says what is left to frameworks. Arrays are numbered as the
layers are: ``w2`` and ``b2`` are kernel and bias of the second layer, ``z2`` is what they make of its input, ``a2`` is
its output, and ``dw2``, ``dz2``, ``da2`` are the gradients of the loss by them.
"""

from collections.abc import Mapping
from typing import Any

from mltrain.code.loops import SCHEDULES
from mltrain.code.numpy.layers import ACTIVATIONS, GRAPHS, LAYERS, forward_code, layers_of, values_of
from mltrain.code.numpy.training import (
    LOSSES,
    OPTIMIZERS,
    REGULARIZERS,
    loss_code,
    optimizer_code,
    regularized,
    training_code,
)
from mltrain.code.numpy.weights import INITIALIZER_HELPERS, INITIALIZERS, first_weights, loaded_weights
from mltrain.code.plan import Plan, Written

_IMAGES = "it would take more lines than the rest; see it in the code for Keras or PyTorch"
_MORE = "the NumPy script has dense layers, dropout and activations only"

LACKING = {
    **dict.fromkeys(("add", "average", "concatenate", "multiply", "residual"), GRAPHS),
    **dict.fromkeys(("batch_normalization", "embedding", "layer_normalization", "periodic_embedding"), _MORE),
    **dict.fromkeys(
        (
            *(f"{kind}_pooling{axes}d" for kind in ("average", "max") for axes in (1, 2)),
            *(f"global_{kind}_pooling{axes}d" for kind in ("average", "max") for axes in (1, 2)),
            *("conv1d", "conv2d", "depthwise_conv2d", "zero_padding2d"),
            *(f"random_{what}" for what in ("flip", "rotation", "translation", "zoom")),
        ),
        _IMAGES,
    ),
}
"""Members that the NumPy script does not express, each with the reason."""

HELPERS = {
    **INITIALIZER_HELPERS,
    "mask": '''
def mask(shape, rate, noise):
    """What dropout lets pass, scaled up: 16 random bits for each number decide."""
    count = math.prod(shape)
    words = noise.bit_generator.random_raw(-(-count // 4))
    bits = words.view(np.uint16)[:count].reshape(shape)
    return (bits >= round(rate * 65536)) * np.float32(1 / (1 - rate))
''',
    "sigmoid": '''
def sigmoid(z):
    """1 / (1 + exp(-z)), where nothing overflows."""
    return np.exp(-np.logaddexp(0, -z))
''',
    "softmax": '''
def softmax(z):
    """Probabilities that add up to 1; the largest z is subtracted against overflow."""
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
''',
    "below": '''
def below(z):
    """The share of a normal distribution that is below z."""
    return (0.5 + 0.5 * np.vectorize(math.erf)(z / math.sqrt(2))).astype(np.float32)
''',
}
"""Functions that a NumPy script may call, by name."""

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
    """The parts of a script for NumPy."""
    plan.refuse_positions("NumPy")
    at, part = layers_of(plan), plan.evaluated
    values = values_of(at)
    output = f"*_, output = forward(x_{part})" if len(values) > 1 else f"output = forward(x_{part})"
    penalty = " + penalty()" if regularized(plan) else ""
    notes = ["All numbers are those of mltrain, to within the rounding of 32-bit floats."]
    return Written(
        "NumPy",
        HELPERS,
        network=[*(first_weights(plan) if plan.weights is None else []), *forward_code(plan, at, values)],
        weights=loaded_weights(plan),
        loss_function=loss_code(plan),
        optimizer=optimizer_code(plan, at),
        training=training_code(plan, at, values),
        output=[output],
        loss=f"loss_function(output, y_{part})[0].mean(){penalty}",
        notes=notes,
        weights_first=True,
    )
