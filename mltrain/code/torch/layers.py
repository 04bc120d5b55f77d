"""PyTorch's modules for the layers of a config: `LAYERS`, `ACTIVATIONS` and `MERGES`.

PyTorch has channels before height and width. Values in a network are followed by their shape and by whether their
channels come first; a layer that needs them in the other place gets a module before it that moves them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltrain.code.plan import Plan
from mltrain.code.text import Expression, call
from mltrain.engine.arrays import Shape, size
from mltrain.engine.graph import Node


@dataclass
class Module:
    """A module of the network: its code, and the layer that it is, if it has weights or acts in training only."""

    code: Expression
    node: Node | None = None
    comment: str = ""


@dataclass
class Value:
    """A value in the network: its shape in mltrain, and whether PyTorch has its channels first."""

    shape: Shape
    channels_first: bool = False


ACTIVATIONS: dict[str, Callable[[Any], str]] = {
    "elu": lambda own: "nn.ELU()" if own.alpha == 1 else f"nn.ELU({own.alpha!r})",
    "gelu": lambda _: "nn.GELU()",
    "leaky_relu": lambda own: f"nn.LeakyReLU({own.negative_slope!r})",
    "linear": lambda _: "nn.Identity()",
    "relu": lambda _: "nn.ReLU()",
    "sigmoid": lambda _: "nn.Sigmoid()",
    "softmax": lambda _: "nn.Softmax(dim={axis})",
    "softplus": lambda _: "nn.Softplus()",
    "step": lambda _: "Step()",
    "tanh": lambda _: "nn.Tanh()",
}


@dataclass
class Writer:
    """Writes the modules of one layer after another. ``value`` is what the next one reads."""

    plan: Plan
    value: Value
    modules: list[Module] = field(default_factory=list)

    def add(self, code: Expression, node: Node | None = None, comment: str = "") -> None:
        self.modules.append(Module(code, node, comment))

    def channels_first(self) -> None:
        if not self.value.channels_first:
            self.add("ChannelsFirst()")
            self.value.channels_first = True

    def channels_last(self) -> None:
        if self.value.channels_first:
            self.add("ChannelsLast()")
            self.value.channels_first = False

    def windowed(self, dimensions: int) -> int:
        """Make the value an image or a sequence with its channels first; gives the number of channels."""
        shape = self.value.shape
        if len(shape) == dimensions:  # grey, or one number a step
            self.channels_last()
            self.add(f"nn.Unflatten(1, (1, {shape[0]}))", comment="one channel")
            self.value = Value((*shape, 1), True)
        self.channels_first()
        return self.value.shape[-1]


def _dense(node: Node, at: Writer) -> None:
    own: Any = node.layer
    bias = "" if own.use_bias else ", bias=False"
    at.add(f"nn.Linear({node.input_shape[0]}, {own.units}{bias})", node)


def _convolution(node: Node, at: Writer) -> None:
    own: Any = node.layer
    kind = own.type_name()
    dimensions = 1 if kind == "conv1d" else 2
    channels = at.windowed(dimensions)
    windows = own.windows(node.input_shape)
    depthwise = kind == "depthwise_conv2d"
    filters = channels * own.depth_multiplier if depthwise else own.filters
    arguments = [str(channels), str(filters), _lengths(windows.size, dimensions)]
    named: dict[str, Expression] = {}
    if windows.strides != (1, 1):
        named["stride"] = _lengths(windows.strides, dimensions)
    if own.padding == "same":
        pads = windows.pads[2 - dimensions :]
        if windows.strides == (1, 1):
            named["padding"] = '"same"'
        elif all(before == after for before, after in pads):
            named["padding"] = _lengths(tuple(before for before, _ in windows.pads), dimensions)
        else:
            at.add(f"nn.ZeroPad{dimensions}d({_sides(pads)})", comment="padding: same, as in Keras")
    if depthwise:
        named["groups"] = str(channels)
    if not own.use_bias:
        named["bias"] = "False"
    at.add(call(f"nn.Conv{dimensions}d", *arguments, **named), node)


def _lengths(lengths: Sequence[int], dimensions: int) -> str:
    """Height and width of a window, or one number where they are the same."""
    own = tuple(lengths)[2 - dimensions :]
    return str(own[0]) if len(set(own)) == 1 else str(own)


def _sides(pads: Sequence[tuple[int, int]]) -> str:
    """Padding as PyTorch takes it: that of the last axis first."""
    return str(tuple(number for pad in reversed(pads) for number in pad))


def _pooling(name: str, dimensions: int) -> Callable[[Node, Writer], None]:
    def write(node: Node, at: Writer) -> None:
        own: Any = node.layer
        at.windowed(dimensions)
        windows = own.windows(node.input_shape)
        arguments, named = [_lengths(windows.size, dimensions)], dict[str, Expression]()
        if windows.strides != windows.size:
            named["stride"] = _lengths(windows.strides, dimensions)
        pads = windows.pads[2 - dimensions :]
        if any(map(any, pads)):
            if all(
                before == after and 2 * before <= size
                for (before, after), size in zip(pads, windows.size[-dimensions:], strict=True)
            ):
                named["padding"] = _lengths(tuple(before for before, _ in windows.pads), dimensions)
                named |= {"count_include_pad": "False"} if name == "Avg" else {}
            elif name == "Max":
                at.add(f'nn.ConstantPad{dimensions}d({_sides(pads)}, float("-inf"))', comment="padding: same")
            elif all(not before for before, _ in pads) and windows.output == tuple(
                -(-(length - size) // stride) + 1
                for length, size, stride in zip(windows.image[:2], windows.size, windows.strides, strict=True)
            ):
                named |= {"ceil_mode": "True", "count_include_pad": "False"}
            else:
                pooling = call(f"nn.AvgPool{dimensions}d", *arguments, **named)
                at.add(call("PaddedAverage", f"nn.ZeroPad{dimensions}d({_sides(pads)})", pooling))
                return
        at.add(call(f"nn.{name}Pool{dimensions}d", *arguments, **named))

    return write


def _global_pooling(name: str, dimensions: int) -> Callable[[Node, Writer], None]:
    def write(node: Node, at: Writer) -> None:
        at.windowed(dimensions)
        at.add(f"nn.Adaptive{name}Pool{dimensions}d(1)")
        at.add("nn.Flatten()")
        at.value = Value(node.output_shape)

    return write


def _batch_normalization(node: Node, at: Writer) -> None:
    own: Any = node.layer
    rank = len(node.input_shape)
    if rank > 3:
        at.plan.cannot(node.path, "PyTorch normalizes batches of rows, sequences and images only")
    if rank > 1:
        at.channels_first()
    last = [rows % at.plan.batch_size or at.plan.batch_size for rows in at.plan.rows_trained_on]
    if own.trainable and min(last) * size(node.input_shape[:-1]) == 1:
        at.plan.cannot(node.path, "PyTorch refuses a batch of one row; choose another training.batch_size")
    named: dict[str, Expression] = {"eps": repr(own.epsilon), "momentum": f"{1 - own.momentum:.6g}"}
    named |= {} if own.center or own.scale else {"affine": "False"}
    at.add(call(f"nn.BatchNorm{max(1, rank - 1)}d", str(node.input_shape[-1]), **named), node)


def _layer_normalization(node: Node, at: Writer) -> None:
    own: Any = node.layer
    at.channels_last()
    affine = "" if own.center or own.scale else ", elementwise_affine=False"
    at.add(f"nn.LayerNorm({node.input_shape[-1]}, eps={own.epsilon!r}{affine})", node)


def _embedding(node: Node, at: Writer) -> None:
    own: Any = node.layer
    at.channels_last()
    at.add("Ids()")
    at.add(f"nn.Embedding({own.input_dim}, {own.output_dim})", node)


def _periodic_embedding(node: Node, at: Writer) -> None:
    own: Any = node.layer
    at.add(f"PeriodicEmbedding({node.input_shape[0]}, {own.frequencies}, {own.output_dim})", node)


def _flatten(_: Node, at: Writer) -> None:
    at.channels_last()
    at.add("nn.Flatten()")


def _reshape(node: Node, at: Writer) -> None:
    at.channels_last()
    if len(node.input_shape) > 1:
        at.add("nn.Flatten()")
    if len(node.output_shape) > 1:
        at.add(f"nn.Unflatten(1, {node.output_shape})")


def _zero_padding(node: Node, at: Writer) -> None:
    own: Any = node.layer
    at.windowed(2)
    padding = own.padding
    down, across = (padding, padding) if isinstance(padding, int) else padding[:2]
    sides = (across, across, down, down)
    if not isinstance(padding, int) and len(padding) == 4:
        sides = (*padding[2:], *padding[:2])
    at.add(f"nn.ZeroPad2d({sides})")


def _module(name: str, option: str) -> Callable[[Node, Writer], None]:
    return lambda node, at: at.add(f"{name}({getattr(node.layer, option)!r})", node)


def _merge(_: Node, __: Writer) -> None:
    """Merges stand in ``forward``: see `_merged`."""


LAYERS: dict[str, Callable[[Node, Writer], None]] = {
    "add": _merge,
    "average": _merge,
    "average_pooling1d": _pooling("Avg", 1),
    "average_pooling2d": _pooling("Avg", 2),
    "batch_normalization": _batch_normalization,
    "concatenate": _merge,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "dense": _dense,
    "depthwise_conv2d": _convolution,
    "dropout": _module("nn.Dropout", "rate"),
    "embedding": _embedding,
    "flatten": _flatten,
    "gaussian_noise": _module("GaussianNoise", "stddev"),
    "global_average_pooling1d": _global_pooling("Avg", 1),
    "global_average_pooling2d": _global_pooling("Avg", 2),
    "global_max_pooling1d": _global_pooling("Max", 1),
    "global_max_pooling2d": _global_pooling("Max", 2),
    "layer_normalization": _layer_normalization,
    "max_pooling1d": _pooling("Max", 1),
    "max_pooling2d": _pooling("Max", 2),
    "multiply": _merge,
    "periodic_embedding": _periodic_embedding,
    "reshape": _reshape,
    "residual": _merge,
    "zero_padding2d": _zero_padding,
}

MERGES: dict[str, Callable[[Any, list[str], bool, int], str]] = {
    "add": lambda _, reads, *__: " + ".join(reads),
    "average": lambda _, reads, *__: f"({' + '.join(reads)}) / {len(reads)}",
    "concatenate": lambda own, reads, first, rank: f"torch.cat([{', '.join(reads)}], {_axis(own.axis, first, rank)})",
    "multiply": lambda _, reads, *__: " * ".join(reads),
}


def _axis(axis: int, channels_first: bool, rank: int) -> int:
    axis = axis if axis > 0 else rank + 1 + axis
    if not channels_first:
        return axis
    return 1 if axis == rank else axis + 1
