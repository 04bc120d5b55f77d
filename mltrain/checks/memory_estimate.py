"""How much memory a training takes, by what: roughly, but known before any of it is taken."""

from collections.abc import Sequence
from typing import NamedTuple

from mltrain.backends.base import SINGLE, Parallelism
from mltrain.engine.arrays import size
from mltrain.engine.graph import Node, input_shapes
from mltrain.engine.layers.base import shape_text
from mltrain.engine.layout import Layout
from mltrain.engine.optimizers.base import Optimizer
from mltrain.errors import NotEnoughMemory, dotted
from mltrain.system.memory import available
from mltrain.training.options import Training

_FLOAT = 4
_MAKING = 16
"""Bytes for each number of rows that a formula makes: it computes in float64, with an intermediate result."""


class Memory(NamedTuple):
    """Bytes that a training takes. ``rows`` are 0 where only loading them would tell how many there are."""

    parameters: int
    gradients: int
    optimizer: int
    snapshots: int
    helpers: int
    batch: int
    rows: int

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
    """What training these layers takes, on so many rows, by the processes of ``parallelism``.

    ``fused``: the loss computes the last activation.
    """
    parameters = _FLOAT * sum(node.parameter_count for node in nodes)
    vectors = len(optimizer.state()) + optimizer.use_ema
    shapes = input_shapes(nodes)
    inputs, outputs = sum(map(size, shapes.values())), size(nodes[-1].output_shape) if nodes else 0
    layout = Layout(nodes, {name: (shape, "float") for name, shape in shapes.items()}, training=True, fused=fused)
    batch_size, processes = training.rows_per_batch(rows), parallelism.processes
    return Memory(
        # The state before training is kept, too, to be shown beside the trained one.
        parameters=2 * parameters,
        gradients=(2 if training.gradient_accumulation > 1 else 1) * parameters,
        optimizer=vectors * parameters,
        # What could be gone on from, the last and the next.
        snapshots=2 * (1 + vectors) * parameters,
        # Every process gathers batches of its own.
        helpers=_copies(parallelism, vectors) * parameters + (processes - 1) * _FLOAT * batch_size * inputs,
        # What comes in and goes out, and what layers read and write on the way there and back.
        batch=_FLOAT * batch_size * (inputs + outputs) + layout.nbytes(batch_size, _FLOAT),
        rows=(rows or 0) * _MAKING * (inputs + outputs),
    )


def _copies(parallelism: Parallelism, vectors: int) -> int:
    """How many vectors as long as the parameters several processes need besides those of one."""
    match parallelism.strategy:
        case "columns":  # the shards, the first parameters, which workers keep, and a snapshot before it is copied
            return 2 + vectors
        case "rows":  # the shared parameters, and gradients for each other process
            return parallelism.processes
    return 0


def refuse_too_large(memory: Memory, nodes: Sequence[Node] = ()) -> None:
    """Raises `NotEnoughMemory` where more would be needed than can be had.

    Where most of it is for a batch on its way, the message names the layer with the largest output.
    """
    free = available()
    if free is None or memory.total <= free:
        return
    parts = sorted(memory._asdict().items(), key=lambda item: -item[1])
    largest = ", ".join(f"{_size(count)} for {_WORDS[name]}" for name, count in parts if count >= memory.total / 100)
    raise NotEnoughMemory(
        f"training would take {_size(memory.total)} of memory, but {_size(free)} can be had ({largest}); "
        f"{_largest_output(nodes) if parts[0][0] == 'batch' else ''}try {_ADVICE[parts[0][0]]}"
    )


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
}

_ADVICE = {
    "parameters": "fewer units",
    "gradients": "fewer units",
    "optimizer": "fewer units, or sgd, which keeps the least",
    "snapshots": "fewer units, or sgd, which keeps the least",
    "helpers": "--threads 1",
    "batch": "a smaller training.batch_size",
    "rows": "fewer rows",
}
"""What helps most, by what takes most."""


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
