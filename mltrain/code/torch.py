"""A config as a script for PyTorch. `CODE` has what writes each member of a family; `LACKING` says which it lacks.

PyTorch has channels before height and width. Values in a network are followed by their shape and by whether their
channels come first; a layer that needs them in the other place gets a module before it that moves them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltrain.code.loops import SCHEDULES, Loop, first_rate, loop_code, schedule_code
from mltrain.code.plan import Plan, Written
from mltrain.code.text import Argument, Call, Expression, call, comment_lines, flat, literal, statement
from mltrain.engine.arrays import Shape
from mltrain.engine.graph import Node
from mltrain.engine.initializers.base import CUT_STDDEV, fans
from mltrain.engine.schedules.base import Schedule
from mltrain.engine.schedules.reduce_on_plateau import ReduceOnPlateau

_TRANSFORM = "PyTorch itself has no random transformations of images; torchvision has"

LACKING = {
    "random_flip": _TRANSFORM,
    "random_rotation": _TRANSFORM,
    "random_translation": _TRANSFORM,
    "random_zoom": _TRANSFORM,
}
"""Members that PyTorch cannot express, each with the reason."""

HELPERS = {
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
        return (x > 0).float()
''',
    "hinge": '''
def hinge(output, target):
    """What is lost where an output is not on its side of 0 by at least 1."""
    return (1 - (2 * target - 1) * output).clamp(min=0)
''',
    "perceptron": '''
def perceptron(z, target):
    """What a wrong answer costs; its gradient is Rosenblatt's rule."""
    return ((z > 0).float() - target) * z
''',
}


@dataclass
class _Module:
    """A module of the network: its code, and the layer that its weights belong to."""

    code: Expression
    node: Node | None = None
    comment: str = ""


@dataclass
class _Value:
    """A value in the network: its shape in mltrain, and whether PyTorch has its channels first."""

    shape: Shape
    channels_first: bool = False


_ACTIVATIONS: dict[str, Callable[[Any], str]] = {
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
class _Writer:
    """Writes the modules of one layer after another. ``value`` is what the next one reads."""

    plan: Plan
    value: _Value
    modules: list[_Module] = field(default_factory=list)

    def add(self, code: Expression, node: Node | None = None, comment: str = "") -> None:
        self.modules.append(_Module(code, node, comment))

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
            self.value = _Value((*shape, 1), True)
        self.channels_first()
        return self.value.shape[-1]


def _dense(own: Any, node: Node, at: _Writer) -> None:
    bias = "" if own.use_bias else ", bias=False"
    at.add(f"nn.Linear({node.input_shape[0]}, {own.units}{bias})", node)


def _convolution(own: Any, node: Node, at: _Writer) -> None:
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


def _pooling(name: str, dimensions: int) -> Callable[[Any, Node, _Writer], None]:
    def write(own: Any, node: Node, at: _Writer) -> None:
        at.windowed(dimensions)
        windows = own.windows(node.input_shape)
        arguments, named = [_lengths(windows.size, dimensions)], dict[str, Expression]()
        if windows.strides != windows.size:
            named["stride"] = _lengths(windows.strides, dimensions)
        pads = windows.pads[2 - dimensions :]
        if any(map(any, pads)):
            if all(
                before == after and 2 * before <= size
                for (before, after), size in zip(pads, windows.size[-dimensions:])
            ):
                named["padding"] = _lengths(tuple(before for before, _ in windows.pads), dimensions)
                named |= {"count_include_pad": "False"} if name == "Avg" else {}
            elif name == "Max":
                at.add(f'nn.ConstantPad{dimensions}d({_sides(pads)}, float("-inf"))', comment="padding: same")
            elif all(not before for before, _ in pads) and windows.output == tuple(
                -(-(length - size) // stride) + 1
                for length, size, stride in zip(windows.image[:2], windows.size, windows.strides)
            ):
                named |= {"ceil_mode": "True", "count_include_pad": "False"}
            else:
                at.plan.cannot((*node.path, "padding"), "PyTorch cannot leave this padding out of an average")
        at.add(call(f"nn.{name}Pool{dimensions}d", *arguments, **named))

    return write


def _global_pooling(name: str, dimensions: int) -> Callable[[Any, Node, _Writer], None]:
    def write(own: Any, node: Node, at: _Writer) -> None:
        at.windowed(dimensions)
        at.add(f"nn.Adaptive{name}Pool{dimensions}d(1)")
        at.add("nn.Flatten()")
        at.value = _Value(node.output_shape)

    return write


def _batch_normalization(own: Any, node: Node, at: _Writer) -> None:
    rank = len(node.input_shape)
    if rank > 3:
        at.plan.cannot(node.path, "PyTorch normalizes batches of rows, sequences and images only")
    if rank > 1:
        at.channels_first()
    if rank == 1 and at.plan.parts["train"] % at.plan.batch_size == 1 and own.trainable:
        at.plan.cannot(node.path, "PyTorch refuses the last batch of one row; choose another training.batch_size")
    affine = "" if own.center or own.scale else ", affine=False"
    momentum = f"{1 - own.momentum:.6g}"
    code = f"nn.BatchNorm{max(1, rank - 1)}d({node.input_shape[-1]}, eps={own.epsilon!r}, momentum={momentum}{affine})"
    at.add(code, node)


def _layer_normalization(own: Any, node: Node, at: _Writer) -> None:
    at.channels_last()
    affine = "" if own.center or own.scale else ", elementwise_affine=False"
    at.add(f"nn.LayerNorm({node.input_shape[-1]}, eps={own.epsilon!r}{affine})", node)


def _embedding(own: Any, node: Node, at: _Writer) -> None:
    at.channels_last()
    at.add("Ids()")
    at.add(f"nn.Embedding({own.input_dim}, {own.output_dim})", node)


def _flatten(own: Any, node: Node, at: _Writer) -> None:
    at.channels_last()
    at.add("nn.Flatten()")


def _reshape(own: Any, node: Node, at: _Writer) -> None:
    at.channels_last()
    if len(node.input_shape) > 1:
        at.add("nn.Flatten()")
    if len(node.output_shape) > 1:
        at.add(f"nn.Unflatten(1, {node.output_shape})")


def _zero_padding(own: Any, node: Node, at: _Writer) -> None:
    at.windowed(2)
    padding = own.padding
    down, across = (padding, padding) if isinstance(padding, int) else padding[:2]
    sides = (across, across, down, down)
    if not isinstance(padding, int) and len(padding) == 4:
        sides = (*padding[2:], *padding[:2])
    at.add(f"nn.ZeroPad2d({sides})")


def _module(name: str, option: str) -> Callable[[Any, Node, _Writer], None]:
    return lambda own, node, at: at.add(f"{name}({getattr(own, option)!r})")


def _merge(own: Any, node: Node, at: _Writer) -> None:
    """Merges stand in ``forward``: see `_merged`."""


_LAYERS: dict[str, Callable[[Any, Node, _Writer], None]] = {
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
    "reshape": _reshape,
    "residual": _merge,
    "zero_padding2d": _zero_padding,
}

_LOSSES: dict[str, Callable[[Any, str], str]] = {
    # The second argument is the reduction, where it is not the mean.
    "binary_crossentropy": lambda _, how: f"nn.BCEWithLogitsLoss({how})",
    "categorical_crossentropy": lambda _, how: f"nn.CrossEntropyLoss({how})",
    "hinge": lambda *_: "hinge",
    "huber": lambda own, how: f"nn.HuberLoss(delta={own.delta!r}{', ' if how else ''}{how})",
    "mean_absolute_error": lambda _, how: f"nn.L1Loss({how})",
    "mean_squared_error": lambda _, how: f"nn.MSELoss({how})",
    "perceptron": lambda *_: "perceptron",
    "sparse_categorical_crossentropy": lambda _, how: f"nn.CrossEntropyLoss({how})",
}
_OF_ELEMENTS = {"hinge", "perceptron"}
"""Losses that are functions, which give the loss of each row."""


def _uniform(variance: Callable[[int, int], float]) -> Callable[[Any, str, Shape], str]:
    def write(own: Any, tensor: str, shape: Shape) -> str:
        limit = (3 * variance(*fans(shape))) ** 0.5
        return f"nn.init.uniform_({tensor}, -{limit:.6g}, {limit:.6g})"

    return write


def _normal(variance: Callable[[int, int], float]) -> Callable[[Any, str, Shape], str]:
    def write(own: Any, tensor: str, shape: Shape) -> str:
        return _cut_normal(tensor, 0.0, variance(*fans(shape)) ** 0.5 / CUT_STDDEV)

    return write


def _cut_normal(tensor: str, mean: float, stddev: float) -> str:
    bounds = f"{mean - 2 * stddev:.6g}, {mean + 2 * stddev:.6g}"
    return f"nn.init.trunc_normal_({tensor}, {mean:.6g}, {stddev:.6g}, {bounds})"


def _constant(own: Any, tensor: str, shape: Shape) -> str:
    if not isinstance(own.value, list):
        return f"nn.init.constant_({tensor}, {own.value!r})"
    return ""  # an array: see `_given_values`


def _glorot(inputs: int, outputs: int) -> float:
    return 2 / (inputs + outputs)


_INITIALIZERS: dict[str, Callable[[Any, str, Shape], str]] = {
    "constant": _constant,
    "glorot_normal": _normal(_glorot),
    "glorot_uniform": _uniform(_glorot),
    "he_normal": _normal(lambda inputs, _: 2 / inputs),
    "he_uniform": _uniform(lambda inputs, _: 2 / inputs),
    "lecun_normal": _normal(lambda inputs, _: 1 / inputs),
    "lecun_uniform": _uniform(lambda inputs, _: 1 / inputs),
    "ones": lambda _, tensor, __: f"nn.init.ones_({tensor})",
    "orthogonal": lambda own, tensor, _: f"nn.init.orthogonal_({tensor}, {own.gain!r})",
    "random_normal": lambda own, tensor, _: f"nn.init.normal_({tensor}, {own.mean!r}, {own.stddev!r})",
    "random_uniform": lambda own, tensor, _: f"nn.init.uniform_({tensor}, {own.minval!r}, {own.maxval!r})",
    "truncated_normal": lambda own, tensor, _: _cut_normal(tensor, own.mean, own.stddev),
    "zeros": lambda _, tensor, __: f"nn.init.zeros_({tensor})",
}

_SAME_NAMES = {"glorot_uniform": "xavier_uniform_"}
"""Initializers that PyTorch has for kernels of dense layers and convolutions, under names of its own."""

_REGULARIZERS: dict[str, Callable[[Any, str], list[str]]] = {
    "l1": lambda own, tensor: [f"{own.l1!r} * {tensor}.abs().sum()"],
    "l1_l2": lambda own, tensor: [f"{own.l1!r} * {tensor}.abs().sum()", f"{own.l2!r} * {tensor}.square().sum()"],
    "l2": lambda own, tensor: [f"{own.l2!r} * {tensor}.square().sum()"],
}


@dataclass(frozen=True)
class _Rule:
    """An optimizer: what makes it, what changes from step to step, and the change of each parameter written out.

    PyTorch's own has ``made``; a rule that PyTorch has in another form is written out with ``states``.
    """

    made: str = ""
    each_step: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    change: tuple[str, ...] = ()
    why: str = ""


def _sgd(own: Any) -> _Rule:
    changes = isinstance(own.learning_rate, Schedule)
    if own.momentum and changes:
        look = "p += {m} * v - rate * p.grad" if own.nesterov else "p += v"
        return _Rule(
            states={"velocity": "torch.zeros_like(p)"},
            change=(f"v.mul_({own.momentum!r}).sub_(rate * p.grad)", look.format(m=repr(own.momentum))),
            why="In Keras the momentum holds steps, in PyTorch gradients: not the same where the rate changes.",
        )
    momentum = f", momentum={own.momentum!r}" if own.momentum else ""
    nesterov = ", nesterov=True" if own.momentum and own.nesterov else ""
    return _Rule(f"torch.optim.SGD(parameters, lr={{rate}}{momentum}{nesterov})")


def _adam(own: Any) -> _Rule:
    name = "AdamW" if own.weight_decay else "Adam"
    return _Rule(
        f"torch.optim.{name}(parameters, lr={{rate}}{_betas(own)}{_decay(own)})",
        (
            "# Keras adds epsilon before v is corrected, PyTorch behind that.",
            f'settings["eps"] = {own.epsilon!r} / math.sqrt(1 - {own.beta_2!r}**step)',
        ),
    )


def _nadam(own: Any) -> _Rule:
    betas = _betas(own)
    return _Rule(f"torch.optim.NAdam(parameters, lr={{rate}}{betas}, eps={own.epsilon!r}, momentum_decay=1)")


def _betas(own: Any) -> str:
    return "" if (own.beta_1, own.beta_2) == (0.9, 0.999) else f", betas=({own.beta_1!r}, {own.beta_2!r})"


def _decay(own: Any) -> str:
    return f", weight_decay={own.weight_decay!r}" if own.weight_decay else ""


def _rmsprop(own: Any) -> _Rule:
    return _Rule(
        states={"mean_square": "torch.zeros_like(p)"},
        change=(
            f"v.mul_({own.rho!r}).add_({1 - own.rho:.10g} * p.grad**2)",
            f"p -= rate * p.grad / torch.sqrt(v + {own.epsilon!r})",
        ),
        why="Keras adds epsilon under the root, PyTorch behind it: so the rule is written out.",
    )


def _adagrad(own: Any) -> _Rule:
    return _Rule(
        states={"squares": f"torch.full_like(p, {own.initial_accumulator_value!r})"},
        change=("v += p.grad**2", f"p -= rate * p.grad / torch.sqrt(v + {own.epsilon!r})"),
        why="Keras adds epsilon under the root, PyTorch behind it: so the rule is written out.",
    )


def _lion(own: Any) -> _Rule:
    return _Rule(
        states={"running_mean": "torch.zeros_like(p)"},
        change=(
            f"p -= rate * torch.sign({own.beta_1!r} * v + {1 - own.beta_1:.10g} * p.grad)",
            f"v.mul_({own.beta_2!r}).add_({1 - own.beta_2:.10g} * p.grad)",
        ),
        why="PyTorch has no Lion: the rule is written out.",
    )


_OPTIMIZERS: dict[str, Callable[[Any], _Rule]] = {
    "adagrad": _adagrad,
    "adam": _adam,
    "adamw": _adam,
    "lion": _lion,
    "nadam": _nadam,
    "rmsprop": _rmsprop,
    "sgd": _sgd,
}

CODE: Mapping[str, Mapping[str, Any]] = {
    "activations": _ACTIVATIONS,
    "initializers": _INITIALIZERS,
    "layers": _LAYERS,
    "losses": _LOSSES,
    "optimizers": _OPTIMIZERS,
    "regularizers": _REGULARIZERS,
    "schedules": SCHEDULES,
}
"""By family and name: the code of a member."""


def write(plan: Plan) -> Written:
    """The parts of a script for PyTorch."""
    plan.refuse_positions("PyTorch")
    network = _Network(plan)
    part = plan.evaluated
    penalty = f" + penalty().item()" if network.penalties else ""
    averaged = "ema" if plan.config.optimizer.use_ema and plan.config.training.epochs else "model"
    return Written(
        "PyTorch",
        HELPERS,
        network=network.lines,
        weights=network.loaded(),
        training=_training(plan, network),
        output=[
            f"{averaged}.eval()",
            "with torch.no_grad():",
            f"    output, y = {averaged}(torch.tensor(x_{part})), torch.tensor(y_{part}){_long(plan)}",
            f"    loss = loss_function(output, y){_mean(plan)}.item(){penalty}",
            "output = output.numpy()",
        ],
        loss=[],
        notes=_notes(plan),
    )


def _notes(plan: Plan) -> list[str]:
    notes = []
    if plan.weights is None:
        notes.append("PyTorch draws other first weights than mltrain, from the same distributions.")
    if any(node.layer.training_only for node in plan.nodes):
        notes.append("Random layers, such as dropout, draw other numbers than mltrain's.")
    if any(node.layer.type_name() == "batch_normalization" for node in plan.nodes):
        notes.append(
            "PyTorch's moving variance divides by n - 1, mltrain's by n, so that outputs after training differ a little."
        )
    return notes


def _long(plan: Plan) -> str:
    """PyTorch takes labels of 64 bits."""
    return ".long()" if plan.config.loss.targets == "labels" else ""


def _mean(plan: Plan) -> str:
    return ".mean()" if _gives_elements(plan) else ""


def _gives_elements(plan: Plan) -> bool:
    return plan.job.class_weights is not None or plan.config.loss.type_name() in _OF_ELEMENTS


class _Network:
    """The modules of a network: ``lines`` of code, and how each layer with weights is called in them."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self.places: dict[str, str] = {}
        self._values: dict[str, _Value] = {
            name: _Value(tuple(shape)) for name, (shape, _) in plan.job.network.inputs.items()
        }
        is_chain = len(self._values) == 1 and all(len(node.sources) == 1 for node in plan.nodes)
        before = [*self._values, *(node.name for node in plan.nodes)]
        is_chain = is_chain and all(node.sources == (name,) for node, name in zip(plan.nodes, before, strict=False))
        lines = self._sequence() if is_chain else self._class()
        self.lines = [f"torch.manual_seed({plan.config.seed})", *lines, *self._first_weights(), *self._settings()]

    def _modules(self, node: Node) -> list[_Module]:
        """The modules that a layer becomes; none where the loss has it."""
        value, plan = self._values[node.sources[0]], self._plan
        at = _Writer(plan, _Value(value.shape, value.channels_first))
        if not plan.is_in_loss(node):
            kind = node.layer.type_name()
            if kind in _ACTIVATIONS:
                at.add(self._activation(node.layer, at.value))
            else:
                _LAYERS[kind](node.layer, node, at)
            at.value.shape = node.output_shape
            if kind in ("flatten", "reshape", "embedding"):
                at.value.channels_first = False
            if (activation := plan.activation(node)) is not None:
                at.add(self._activation(activation, at.value))
            elif node is plan.nodes[-1] and plan.fused and at.modules and hasattr(node.layer, "activation"):
                at.modules[-1].comment = f"{plan.fused} is in the loss"
        self._values[node.name] = at.value
        return at.modules

    @staticmethod
    def _activation(own: Any, value: _Value) -> str:
        return _ACTIVATIONS[own.type_name()](own).format(axis=1 if value.channels_first else -1)

    def _sequence(self) -> list[str]:
        modules = [module for node in self._plan.nodes for module in self._modules(node)]
        for index, module in enumerate(modules):
            if module.node is not None:
                self.places[module.node.name] = f"model[{index}]"
        items = [Argument(module.code, comment=module.comment) for module in modules]
        return statement(Call("nn.Sequential", tuple(items)), "model = ")

    def _class(self) -> list[str]:
        """A class whose ``forward`` says which layer reads which."""
        plan = self._plan
        made, forward = list[str](), list[str]()
        names: dict[str, str] = dict.fromkeys(plan.job.network.inputs, "x")
        if len(names) > 1:
            for name, (start, stop, shape) in plan.input_slices().items():
                names[name] = plan.variable(name)
                reshaped = f".reshape(-1, {', '.join(map(str, shape))})" if len(shape) > 1 else ""
                forward.append(f"{names[name]} = x[:, {start}:{stop}]{reshaped}")
        order = plan.execution_order
        for index, node in enumerate(order):
            following = order[index + 1 : index + 2]
            only_next = not following or (plan.readers(node.name) == 1 and following[0].sources[0] == node.name)
            target = "x" if only_next and len(plan.job.network.inputs) == 1 else plan.variable(node.name)
            if node.layer.type_name() in _MERGES:
                forward.append(f"{target} = {self._merged(node, [names[source] for source in node.sources])}")
                names[node.name] = target
                continue
            read = names[node.sources[0]]
            for module in self._modules(node):
                attribute = ""
                if module.node is not None:  # others have nothing to keep, and are made where they are called
                    attribute = f"self.{plan.variable(node.name)}"
                    self.places[node.name] = f"model.{plan.variable(node.name)}"
                    made += statement(module.code, f"{attribute} = ", module.comment)
                forward += statement(f"{attribute or flat(module.code)}({read})", f"{target} = ")
                read = target
            names[node.name] = read
        return [
            "",
            "",
            "class Network(nn.Module):",
            "    def __init__(self):",
            "        super().__init__()",
            *(f"        {line}" for line in made),
            "",
            "    def forward(self, x):",
            *(f"        {line}" for line in forward),
            f"        return {names[plan.nodes[-1].name]}",
            "",
            "",
            "model = Network()",
        ]

    def _merged(self, node: Node, reads: list[str]) -> str:
        values = [self._values[source] for source in node.sources]
        if len({value.shape for value in values}) > 1 and node.layer.type_name() != "concatenate":
            self._plan.cannot(node.path, "PyTorch merges values of one shape only in the way of mltrain")
        first = all(value.channels_first for value in values)
        if not first:
            reads = [
                f"{read}.movedim(1, -1)" if value.channels_first else read
                for read, value in zip(reads, values, strict=True)
            ]
        self._values[node.name] = _Value(node.output_shape, first)
        return _MERGES[node.layer.type_name()](node.layer, reads, first, len(node.output_shape))

    def _parameters(self) -> list[tuple[Node, str, str, Any]]:
        """Every parameter: its layer, its name in mltrain, the tensor in PyTorch, and its description."""
        return [
            (node, name, f"{self.places[node.name]}.{_TENSORS[name]}", parameter)
            for node in self._plan.nodes
            for name, parameter in node.parameters.items()
            if node.name in self.places
        ]

    def _first_weights(self) -> list[str]:
        if self._plan.weights is not None:
            return []
        alike = self._drawn_alike()
        lines = alike
        for node, name, tensor, parameter in self._parameters():
            kind = parameter.initializer.type_name()
            if kind == _PYTORCH_DRAWS.get(name) or (alike and name in ("kernel", "bias")):
                continue
            if kind == "constant" and isinstance(parameter.initializer.value, list):
                array = call("torch.tensor", literal(parameter.initializer.value))
                array = array._replace(method=_turned_tensor(node, name))
                lines += statement(array, f"{tensor}.data = ")
                continue
            code = _INITIALIZERS[kind](parameter.initializer, tensor, parameter.shape)
            if kind in _SAME_NAMES and node.layer.type_name() in ("dense", "conv1d", "conv2d"):
                code = f"nn.init.{_SAME_NAMES[kind]}({tensor})"
            lines += statement(
                code, comment=f"{name}_initializer: {kind}" if "xavier" in code or "uniform" in kind else ""
            )
        return lines

    def _drawn_alike(self) -> list[str]:
        """A loop over all dense layers and convolutions, where several are drawn in the way that is mltrain's default."""
        drawn = {"kernel": "glorot_uniform", "bias": "zeros"}
        parameters = [one for one in self._parameters() if one[1] in drawn]
        layers = {node.name: node.layer for node, *_ in parameters}
        usual = all(parameter.initializer.type_name() == drawn[name] for _, name, _, parameter in parameters)
        if len(layers) < 3 or not usual or any(own.type_name() == "depthwise_conv2d" for own in layers.values()):
            return []
        classes = sorted({_LINEAR[own.type_name()] for own in layers.values()})
        kind = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
        biased = [getattr(own, "use_bias", True) for own in layers.values()]
        lines = [
            "for layer in model.modules():",
            f"    if isinstance(layer, {kind}):",
            "        nn.init.xavier_uniform_(layer.weight)  # kernel_initializer: glorot_uniform",
        ]
        if all(biased):
            lines.append("        nn.init.zeros_(layer.bias)")
        elif any(biased):
            lines += ["        if layer.bias is not None:", "            nn.init.zeros_(layer.bias)"]
        return lines

    def _settings(self) -> list[str]:
        """What is frozen."""
        lines = []
        for node, name, tensor, parameter in self._parameters():
            if not parameter.trainable and name not in ("moving_mean", "moving_variance"):
                lines.append(f"{tensor}.requires_grad_(False)  # trainable: false")
        for node in self._plan.nodes:
            if node.layer.type_name() in ("batch_normalization", "layer_normalization") and node.name in self.places:
                own: Any = node.layer
                if own.center != own.scale:
                    lines.append(
                        f"{self.places[node.name]}.{'bias' if own.scale else 'weight'}.requires_grad_(False)"
                        f"  # {'center' if own.scale else 'scale'}: false"
                    )
        return lines

    def loaded(self) -> list[str]:
        """Lines that copy a model's weights."""
        if self._plan.weights is None:
            return []
        lines = [f"weights = np.load({literal(str(self._plan.weights))})", "with torch.no_grad():"]
        for node, name, tensor, _ in self._parameters():
            array = f'weights["{node.name}.{name}"]{_turned_array(node, name)}'
            lines += statement(call(f"{tensor}.copy_", call("torch.tensor", array)), indent=4)
        return lines

    @property
    def penalties(self) -> list[str]:
        """What each regularized parameter costs."""
        return [
            term
            for _, _, tensor, parameter in self._parameters()
            if parameter.regularizer is not None and parameter.trainable
            for term in _REGULARIZERS[parameter.regularizer.type_name()](parameter.regularizer, tensor)
        ]

    @property
    def frozen_statistics(self) -> list[str]:
        """Modules that keep their statistics in training, too."""
        return [
            self.places[node.name]
            for node in self._plan.nodes
            if node.layer.type_name() == "batch_normalization" and not getattr(node.layer, "trainable", True)
        ]

    @property
    def has_frozen(self) -> bool:
        return any(node.is_frozen for node in self._plan.nodes) or any("false" in line for line in self._settings())


_MERGES: dict[str, Callable[[Any, list[str], bool, int], str]] = {
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


_TENSORS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "embeddings": "weight",
}
"""PyTorch's name of each parameter."""

_LINEAR = {"conv1d": "nn.Conv1d", "conv2d": "nn.Conv2d", "dense": "nn.Linear"}
"""PyTorch's class of layers with a kernel."""

_PYTORCH_DRAWS = {"gamma": "ones", "beta": "zeros", "moving_mean": "zeros", "moving_variance": "ones"}
"""First values that PyTorch gives by itself."""


def _turned_array(node: Node, name: str) -> str:
    """How an array of mltrain's becomes one of PyTorch's, whose kernels are outputs x inputs."""
    if name != "kernel":
        return ""
    match node.layer.type_name():
        case "conv2d":
            return ".transpose(3, 2, 0, 1)"
        case "depthwise_conv2d":
            height, width, channels, multiplier = node.parameters[name].shape
            return f".reshape({height}, {width}, 1, {channels * multiplier}).transpose(3, 2, 0, 1)"
    return ".T"


def _turned_tensor(node: Node, name: str) -> str:
    turned = _turned_array(node, name).replace("transpose", "permute")
    return turned.replace(".T", ".permute(2, 1, 0)") if node.layer.type_name() == "conv1d" else turned


def _training(plan: Plan, network: _Network) -> list[str]:
    config, training = plan.config, plan.config.training
    optimizer, weighted = config.optimizer, plan.job.class_weights is not None
    how = 'reduction="none"' if weighted else ""
    lines = [f"loss_function = {_LOSSES[config.loss.type_name()](config.loss, how)}"]
    if weighted:
        assert plan.job.class_weights is not None
        values = [float(f"{value:.7g}") for value in plan.job.class_weights.tolist()]
        lines += statement(call("torch.tensor", literal(values)), "class_weight = ")
    if network.penalties:
        terms = network.penalties
        lines += ["", "", "def penalty():", '    """What large weights add to the loss."""']
        lines += [
            f"    total = {terms[0]}",
            *(f"    total += {term}" for term in terms[1:]),
            "    return total",
            "",
            "",
        ]
    if not training.epochs:
        return lines
    rule, rate = _OPTIMIZERS[optimizer.type_name()](optimizer), optimizer.learning_rate
    lines += schedule_code(rate)
    is_formula = isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)
    if network.has_frozen:
        lines.append("parameters = [p for p in model.parameters() if p.requires_grad]")
    else:
        lines.append("parameters = list(model.parameters())")
    if isinstance(rate, ReduceOnPlateau):
        lines.append(f"rate = {first_rate(plan)}")
    counted = is_formula or rule.each_step
    if counted:
        lines.append("step = 0")
    if rule.made:
        lines.append(
            f"optimizer = {rule.made.format(rate='learning_rate(0)' if is_formula else 'rate' if isinstance(rate, Schedule) else repr(rate))}"
        )
        if rule.each_step or isinstance(rate, Schedule):
            lines.append("settings = optimizer.param_groups[0]")
    else:
        lines += comment_lines(rule.why)
        lines += [f"{name} = [{start} for p in parameters]" for name, start in rule.states.items()]
        if not isinstance(rate, Schedule):
            lines.append(f"rate = {rate!r}")
    if optimizer.use_ema:
        lines += [
            f"average = torch.optim.swa_utils.get_ema_multi_avg_fn({optimizer.ema_momentum!r})",
            "ema = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=average)",
        ]
    lines.append(f"x, y = torch.tensor(x_train), torch.tensor(y_train){_long(plan)}")
    return [*lines, *loop_code(plan, _loop(plan, network, rule))]


def _loop(plan: Plan, network: _Network, rule: _Rule) -> Loop:
    optimizer, rate = plan.config.optimizer, plan.config.optimizer.learning_rate
    is_formula = isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)
    weights = ""
    if plan.job.class_weights is not None:
        outputs = plan.job.network.output_shape[-1]
        labels = "y[rows]" if _long(plan) else "y[rows].argmax(1)" if outputs > 1 else "y[rows, 0].long()"
        weights = f" * class_weight[{labels}]" + ("[:, None]" if plan.config.loss.targets == "binary" else "")
    batch = [f"loss = loss_function(model(x[rows]), y[rows]){weights}"]
    if weights:
        batch = [f"losses = loss_function(model(x[rows]), y[rows]){weights}", "loss = losses.mean()"]
        if len(batch[0]) > 74:
            batch[0:1] = ["losses = loss_function(model(x[rows]), y[rows])", f"losses = losses{weights}"]
    elif _gives_elements(plan):
        batch = ["loss = loss_function(model(x[rows]), y[rows]).mean()"]
    if network.penalties:
        batch.append("loss = loss + penalty()")
    accumulates = plan.config.training.gradient_accumulation > 1
    batch.append("(loss * len(rows) / len(group)).backward()" if accumulates else "loss.backward()")
    batch.append("total += loss.item() * len(rows)")
    update = []
    if optimizer.clip_norm is not None:
        update.append(f"nn.utils.clip_grad_norm_(parameters, {optimizer.clip_norm!r})")
    if is_formula:
        update.append("rate = learning_rate(step)")
    if rule.made and isinstance(rate, Schedule):
        update.append('settings["lr"] = rate')
    if is_formula or rule.each_step:
        update.append("step += 1")
    update += rule.each_step
    decays = optimizer.weight_decay and "weight_decay" not in rule.made
    shrink = (
        f"p *= 1 - {'rate' if isinstance(rate, Schedule) or not rule.made else repr(rate)} * {optimizer.weight_decay!r}"
    )
    if decays and rule.made:
        update += ["with torch.no_grad():  # weight_decay", "    for p in parameters:", f"        {shrink}"]
    if rule.made:
        update.append("optimizer.step()")
        update.append("optimizer.zero_grad()")
    else:
        (state,) = rule.states
        inner = [*([f"{shrink}  # weight_decay"] if decays else []), *rule.change, "p.grad = None"]
        update += ["with torch.no_grad():", f"    for p, v in zip(parameters, {state}):"]
        update += [f"        {line}" for line in inner]
    averaged = "model"
    if optimizer.use_ema:
        update.append("ema.update_parameters(model)")
        averaged = "ema"
    penalty = " + penalty().item()" if network.penalties else ""
    begin = [f"{module}.eval()  # trainable: false" for module in network.frozen_statistics]
    validation = [
        f"{averaged}.eval()",
        "with torch.no_grad():",
        f"    output, target = {averaged}(torch.tensor(x_val)), torch.tensor(y_val){_long(plan)}",
        f"    val_loss = loss_function(output, target){_mean(plan)}.item(){penalty}",
    ]
    if plan.config.training.early_stopping is not None or "val" in plan.parts or begin:
        begin = ["model.train()", *begin]
    return Loop(
        batch,
        update,
        validation,
        keep=f"{{name: one.clone() for name, one in {averaged}.state_dict().items()}}",
        restore=[f"{averaged}.load_state_dict(kept)"],
        begin=begin,
    )
