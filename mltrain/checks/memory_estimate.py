"""A rough estimate of the memory of a training by purpose, made before any of it is allocated."""

from collections.abc import Sequence
from typing import NamedTuple

from mltrain.backends.base import SINGLE, Parallelism
from mltrain.engine.arrays import size
from mltrain.engine.graph import Node, input_shapes
from mltrain.engine.layers.base import shape_text
from mltrain.engine.layout import Layout
from mltrain.engine.optimizers.base import Optimizer
from mltrain.errors import ConfigPath, ConfigTooLarge, MemoryProblem, dotted
from mltrain.system.memory import available
from mltrain.training.options import EarlyStopping, Training

_FLOAT = 4
_MAKING = 16
"""Bytes for each number of generated rows: formulas compute in float64, with one intermediate result."""


class Memory(NamedTuple):
    """Bytes that a training takes. ``rows`` is 0 if the number of rows is unknown before loading."""

    parameters: int
    gradients: int
    optimizer: int
    snapshots: int
    helpers: int
    batch: int
    rows: int
    trainings: int = 0

    @property
    def total(self) -> int:
        return sum(self)


def memory_for(
    nodes: Sequence[Node],
    optimizer: Optimizer,
    training: Training,
    rows: int | None,
    parallelism: Parallelism = SINGLE,
    *,
    fused: bool = False,
) -> Memory:
    """The memory for training these layers on the given number of rows with the processes of ``parallelism``.

    ``fused``: the loss computes the last activation.
    """
    parameters = _FLOAT * sum(node.parameter_count for node in nodes)
    vectors = len(optimizer.state()) + optimizer.use_ema
    shapes = input_shapes(nodes)
    inputs, outputs = sum(map(size, shapes.values())), size(nodes[-1].output_shape) if nodes else 0
    layout = Layout(nodes, {name: (shape, "float") for name, shape in shapes.items()}, training=True, fused=fused)
    batch_size, processes = training.rows_per_batch(rows), parallelism.processes
    gradients = (2 if training.gradient_accumulation > 1 else 1) * parameters
    # Inputs and outputs, and the buffers of the layers' forward and backward passes.
    batch = _FLOAT * batch_size * (inputs + outputs) + layout.nbytes(batch_size, _FLOAT)
    return Memory(
        # A copy of the initial parameters, for before-and-after pictures.
        parameters=2 * parameters,
        gradients=gradients,
        optimizer=vectors * parameters,
        # Snapshots for checkpoints: the current one and the next one.
        snapshots=2 * (1 + vectors) * parameters,
        # Every process has its own buffers for batches.
        helpers=_copies(parallelism, vectors) * parameters + (processes - 1) * _FLOAT * batch_size * inputs,
        batch=batch,
        rows=(rows or 0) * _MAKING * (inputs + outputs),
        trainings=_trainings(
            training.early_stopping,
            parameters=parameters,
            optimizer=vectors * parameters,
            working=gradients + batch,
            rows=_FLOAT * (rows or 0) * (inputs + outputs),
        ),
    )


def _trainings(stopping: EarlyStopping | None, *, parameters: int, optimizer: int, working: int, rows: int) -> int:
    """The memory of the networks of all folds but the first, and of a second training.

    Given are bytes of one network; ``working`` are its gradients and the buffers of a batch.
    """
    if stopping is None or not stopping.trains_again:
        return 0
    folds = stopping.folds or 0
    others, state = max(folds - 1, 0), parameters + optimizer
    # The first weights and those of the best epoch, also those of each fold; snapshots have them, too.
    kept = (2 + folds) * parameters
    snapshot = (1 + others) * state + kept
    # The second training begins when no further snapshot is made. It keeps the best and the last weights of the first.
    second = 2 * parameters + optimizer + working - snapshot
    # Each fold has a copy of its rows.
    return others * (3 * state + working + rows) + 3 * kept + max(0, second)


def _copies(parallelism: Parallelism, vectors: int) -> int:
    """The number of additional parameter-sized vectors for several processes."""
    match parallelism.strategy:
        case "columns":  # the shards, the workers' copy of the first parameters, and a snapshot before it is copied
            return 2 + vectors
        case "rows":  # the shared parameters, and a gradient for each other process
            return parallelism.processes
    return 0


def refuse_too_large(memory: Memory, nodes: Sequence[Node] = ()) -> None:
    """Raises `ConfigTooLarge`, a `NotEnoughMemory`, if the estimate exceeds the available memory.

    If the buffers of a batch take most of it, the message names the layer with the largest output.
    """
    free = available()
    if free is None or memory.total <= free:
        return
    parts = sorted(memory._asdict().items(), key=lambda item: -item[1])
    largest = ", ".join(f"{_size(count)} for {_WORDS[name]}" for name, count in parts if count >= memory.total / 100)
    message = (
        f"training would take {_size(memory.total)} of memory, but {_size(free)} can be had ({largest}); "
        f"{_largest_output(nodes) if parts[0][0] == 'batch' else ''}try {_ADVICE[parts[0][0]]}"
    )
    problem = MemoryProblem(_to_change(parts[0][0], nodes), message)
    raise ConfigTooLarge([problem])


def _to_change(part: str, nodes: Sequence[Node]) -> ConfigPath:
    """The option that decides how much this part of the memory is."""
    if part == "batch":
        return ("training", "batch_size")
    if part == "rows":
        return ("dataset",)
    if part == "trainings":
        return ("training", "early_stopping")
    return max(nodes, key=lambda node: node.parameter_count).path if nodes else ()


def _largest_output(nodes: Sequence[Node]) -> str:
    if not nodes:
        return ""
    node = max(nodes, key=lambda node: size(node.output_shape))
    output = f"{shape_text(node.output_shape)} numbers a row, {_size(_FLOAT * size(node.output_shape))}"
    return f"{dotted(node.path)} ({node.layer.type_name()}) alone gives {output}; "


_WORDS = {
    "parameters": "parameters",
    "gradients": "gradients",
    "optimizer": "the optimizer's state",
    "snapshots": "copies of these to go on from",
    "helpers": "helping processes",
    "batch": "a batch on its way through the network",
    "rows": "the rows",
    "trainings": "the networks of folds and a second training",
}

_ADVICE = {
    "parameters": "fewer units",
    "gradients": "fewer units",
    "optimizer": "fewer units, or sgd, which keeps the least",
    "snapshots": "fewer units, or sgd, which keeps the least",
    "helpers": "--threads 1",
    "batch": "a smaller training.batch_size",
    "rows": "fewer rows",
    "trainings": "early_stopping without folds or refit",
}
"""The advice for the largest share of the memory."""


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
