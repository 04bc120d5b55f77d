"""The network of a PyTorch script: its modules, their first weights, and those of a model."""

from collections.abc import Callable
from typing import Any

from mltrain.code.plan import Plan
from mltrain.code.text import WIDTH, Argument, Call, Expression, call, fitted, literal, statement
from mltrain.code.torch.layers import ACTIVATIONS, LAYERS, MERGES, Module, Value, Writer
from mltrain.engine.arrays import Shape
from mltrain.engine.graph import Node
from mltrain.engine.initializers.base import CUT_STDDEV, fans


def _uniform(variance: Callable[[int, int], float]) -> Callable[[Any, str, Shape], Expression]:
    def write(_: Any, tensor: str, shape: Shape) -> Expression:
        limit = (3 * variance(*fans(shape))) ** 0.5
        return call("nn.init.uniform_", tensor, f"-{limit:.6g}", f"{limit:.6g}")

    return write


def _normal(variance: Callable[[int, int], float]) -> Callable[[Any, str, Shape], Expression]:
    def write(_: Any, tensor: str, shape: Shape) -> Expression:
        return _cut_normal(tensor, 0.0, variance(*fans(shape)) ** 0.5 / CUT_STDDEV)

    return write


def _cut_normal(tensor: str, mean: float, stddev: float) -> Expression:
    numbers = (mean, stddev, mean - 2 * stddev, mean + 2 * stddev)
    return call("nn.init.trunc_normal_", tensor, *(f"{number:.6g}" for number in numbers))


def _glorot(inputs: int, outputs: int) -> float:
    return 2 / (inputs + outputs)


INITIALIZERS: dict[str, Callable[[Any, str, Shape], Expression]] = {
    "constant": lambda own, tensor, _: call("nn.init.constant_", tensor, repr(own.value)),  # of a number
    "glorot_normal": _normal(_glorot),
    "glorot_uniform": _uniform(_glorot),
    "he_normal": _normal(lambda inputs, _: 2 / inputs),
    "he_uniform": _uniform(lambda inputs, _: 2 / inputs),
    "lecun_normal": _normal(lambda inputs, _: 1 / inputs),
    "lecun_uniform": _uniform(lambda inputs, _: 1 / inputs),
    "ones": lambda _, tensor, __: call("nn.init.ones_", tensor),
    "orthogonal": lambda own, tensor, _: call("nn.init.orthogonal_", tensor, repr(own.gain)),
    "random_normal": lambda own, tensor, _: call("nn.init.normal_", tensor, repr(own.mean), repr(own.stddev)),
    "random_uniform": lambda own, tensor, _: call("nn.init.uniform_", tensor, repr(own.minval), repr(own.maxval)),
    "truncated_normal": lambda own, tensor, _: _cut_normal(tensor, own.mean, own.stddev),
    "zeros": lambda _, tensor, __: call("nn.init.zeros_", tensor),
}

_SAME_NAMES = {"glorot_uniform": "xavier_uniform_"}
"""Initializers that PyTorch has for kernels of dense layers and convolutions, under names of its own."""

REGULARIZERS: dict[str, Callable[[Any, str], list[str]]] = {
    "l1": lambda own, tensor: [f"{own.l1!r} * {tensor}.abs().sum()"],
    "l1_l2": lambda own, tensor: [f"{own.l1!r} * {tensor}.abs().sum()", f"{own.l2!r} * {tensor}.square().sum()"],
    "l2": lambda own, tensor: [f"{own.l2!r} * {tensor}.square().sum()"],
}


class TorchNetwork:
    """The modules of a network: ``lines`` of code, and how each layer with weights is called in them."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self.places: dict[str, str] = {}
        self._values: dict[str, Value] = {
            name: Value(tuple(shape)) for name, (shape, _) in plan.job.network.inputs.items()
        }
        is_chain = len(self._values) == 1 and all(len(node.sources) == 1 for node in plan.nodes)
        before = [*self._values, *(node.name for node in plan.nodes)]
        is_chain = is_chain and all(node.sources == (name,) for node, name in zip(plan.nodes, before, strict=False))
        lines = self._sequence() if is_chain else self._class()
        self.lines = [f"torch.manual_seed({plan.config.seed})", *lines, *self._first_weights(), *self._settings()]

    def _modules(self, node: Node) -> list[Module]:
        """The modules that a layer becomes; none where the loss has it."""
        value, plan = self._values[node.sources[0]], self._plan
        at = Writer(plan, Value(value.shape, value.channels_first))
        if not plan.is_in_loss(node):
            kind = node.layer.type_name()
            if kind in ACTIVATIONS:
                at.add(self._activation(node.layer, at.value))
            else:
                LAYERS[kind](node, at)
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
    def _activation(own: Any, value: Value) -> str:
        return ACTIVATIONS[own.type_name()](own).format(axis=1 if value.channels_first else -1)

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
        # x is overwritten from layer to layer, so that an input that is read again needs another name.
        argument = "inputs" if any(plan.readers(name) > 1 for name in plan.job.network.inputs) else "x"
        names: dict[str, str] = dict.fromkeys(plan.job.network.inputs, argument)
        if len(names) > 1:
            for name, (start, stop, shape) in plan.input_slices().items():
                names[name] = plan.variable(name)
                reshaped = f".reshape(-1, {', '.join(map(str, shape))})" if len(shape) > 1 else ""
                forward.append(f"        {names[name]} = {argument}[:, {start}:{stop}]{reshaped}")
        order = plan.execution_order
        for index, node in enumerate(order):
            following = order[index + 1 : index + 2]
            only_next = not following or (plan.readers(node.name) == 1 and following[0].sources[0] == node.name)
            target = "x" if only_next and len(plan.job.network.inputs) == 1 else plan.variable(node.name)
            if node.layer.type_name() in MERGES:
                merged = self._merged(node, [names[source] for source in node.sources])
                forward += [f"        {line}" for line in fitted(f"{target} = {merged}", WIDTH - 8)]
                names[node.name] = target
                continue
            read = names[node.sources[0]]
            for module in self._modules(node):
                attribute = ""
                if module.node is not None:  # others have nothing to keep, and are made where they are called
                    attribute = f"self.{plan.variable(node.name)}"
                    self.places[node.name] = f"model.{plan.variable(node.name)}"
                    made += statement(module.code, f"{attribute} = ", module.comment, indent=8)
                forward += statement(_called(attribute or module.code, read), f"{target} = ", indent=8)
                read = target
            names[node.name] = read
        return [
            "",
            "",
            "class Network(nn.Module):",
            "    def __init__(self):",
            "        super().__init__()",
            *made,
            "",
            f"    def forward(self, {argument}):",
            *forward,
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
        self._values[node.name] = Value(node.output_shape, first)
        return MERGES[node.layer.type_name()](node.layer, reads, first, len(node.output_shape))

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
        lines = self._drawn_alike()
        alike = bool(lines)
        for node, name, tensor, parameter in self._parameters():
            kind = parameter.initializer.type_name()
            if kind == _PYTORCH_DRAWS.get(name) or (alike and node.layer.type_name() in _LINEAR):
                continue
            if kind == "constant" and isinstance(parameter.initializer.value, list):
                array = call("torch.tensor", literal(parameter.initializer.value))
                array = array._replace(method=_turned_tensor(node, name))
                lines += statement(array, f"{tensor}.data = ")
                continue
            code = INITIALIZERS[kind](parameter.initializer, tensor, parameter.shape)
            if kind in _SAME_NAMES and node.layer.type_name() in ("dense", "conv1d", "conv2d"):
                code = call(f"nn.init.{_SAME_NAMES[kind]}", tensor)
            lines += statement(code, comment=f"{name}_initializer: {kind}" if name == "kernel" else "")
        return lines

    def _drawn_alike(self) -> list[str]:
        """A loop over all dense layers and convolutions, where several are drawn as mltrain does by default."""
        drawn = {"kernel": "glorot_uniform", "bias": "zeros"}
        parameters = [one for one in self._parameters() if one[0].layer.type_name() in _LINEAR]
        layers = {node.name: node.layer for node, *_ in parameters}
        usual = all(parameter.initializer.type_name() == drawn[name] for _, name, _, parameter in parameters)
        if (
            len(layers) < 3
            or not usual
            or any(node.layer.type_name() == "depthwise_conv2d" for node in self._plan.nodes)
        ):
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
        for _, name, tensor, parameter in self._parameters():
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

    def copied_weights(self) -> list[str]:
        """Lines that copy a model's arrays, ``weights``."""
        lines = ["with torch.no_grad():"]
        for node, name, tensor, _ in self._parameters():
            array = f'weights["{node.name}.{name}"]{_turned_array(node, name)}'
            if node.layer.type_name() == "depthwise_conv2d" and name == "kernel":
                array, _, turned = array.rpartition(".")
                lines.append(f"    kernel = {array}")
                array = f"kernel.{turned}"
            lines += statement(call(f"{tensor}.copy_", call("torch.tensor", array)), indent=4)
        return lines if len(lines) > 1 else []

    @property
    def array_code(self) -> dict[str, str]:
        """Code for each parameter as a NumPy array in the layout of PyTorch, by its name in mltrain."""
        return {f"{node.name}.{name}": f"{tensor}.detach().numpy()" for node, name, tensor, _ in self._parameters()}

    @property
    def penalties(self) -> list[str]:
        """What each regularized parameter costs."""
        return [
            term
            for _, _, tensor, parameter in self._parameters()
            if parameter.regularizer is not None and parameter.trainable
            for term in REGULARIZERS[parameter.regularizer.type_name()](parameter.regularizer, tensor)
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


def _called(module: Expression, read: str) -> Expression:
    """The call of a module, or of an attribute that holds one."""
    return call(module, read) if isinstance(module, str) else module._replace(method=f"({read})")


_TENSORS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "embeddings": "weight",
    "frequencies": "frequencies",
    "phases": "phases",
}
"""PyTorch's name of each parameter."""

_LINEAR = {"conv1d": "nn.Conv1d", "conv2d": "nn.Conv2d", "dense": "nn.Linear"}
"""PyTorch's class of layers with a kernel."""

_PYTORCH_DRAWS = {"gamma": "ones", "beta": "zeros", "moving_mean": "zeros", "moving_variance": "ones"}
"""First values that PyTorch gives by itself."""


def _turned_array(node: Node, name: str) -> str:
    """How an array of mltrain's becomes one of PyTorch's, whose kernels are outputs x inputs."""
    if name != "kernel" or node.layer.type_name() == "periodic_embedding":
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
