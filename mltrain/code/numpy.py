"""A config as a script for NumPy alone, with forward, backward and update in plain sight.

`CODE` has what writes each member of a family; `LACKING` says what is left to frameworks. Arrays are numbered as the
layers are: ``w2`` and ``b2`` are kernel and bias of the second layer, ``z2`` is what they make of its input, ``a2`` is
its output, and ``dw2``, ``dz2``, ``da2`` are the gradients of the loss by them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltrain.code.loops import SCHEDULES, Loop, first_rate, loop_code, schedule_code
from mltrain.code.plan import Plan, Written
from mltrain.code.text import WIDTH, Expression, call, listed, literal, statement
from mltrain.engine.arrays import Shape
from mltrain.engine.graph import Node, is_chain
from mltrain.engine.initializers.base import CUT_STDDEV
from mltrain.engine.layers.base import Layer
from mltrain.engine.schedules.base import Schedule
from mltrain.engine.schedules.reduce_on_plateau import ReduceOnPlateau

_IMAGES = "it would take more lines than the rest; see it in the code for Keras or PyTorch"
_GRAPHS = "the NumPy script has layers that read one another in order"
_MORE = "the NumPy script has dense layers, dropout and activations only"

LACKING = {
    **dict.fromkeys(("add", "average", "concatenate", "multiply", "residual"), _GRAPHS),
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

_UNIFORM = '''
def {name}(inputs, outputs):
    """First weights within sqrt({formula}), as mltrain draws them."""
    limit = np.sqrt({formula})
    values = rng.random((inputs, outputs), np.float32)
    return values * np.float32(2 * limit) - np.float32(limit)
'''
_NORMAL = '''
def {name}(inputs, outputs):
    """Normal first weights of variance {formula}, cut at two deviations."""
    stddev = np.sqrt({formula}) / {cut}
    return cut_normal(0, stddev, (inputs, outputs))
'''
_SCALED = {
    "glorot_normal": _NORMAL.format(name="glorot_normal", formula="2 / (inputs + outputs)", cut=CUT_STDDEV),
    "glorot_uniform": _UNIFORM.format(name="glorot_uniform", formula="6 / (inputs + outputs)"),
    "he_normal": _NORMAL.format(name="he_normal", formula="2 / inputs", cut=CUT_STDDEV),
    "he_uniform": _UNIFORM.format(name="he_uniform", formula="6 / inputs"),
    "lecun_normal": _NORMAL.format(name="lecun_normal", formula="1 / inputs", cut=CUT_STDDEV),
    "lecun_uniform": _UNIFORM.format(name="lecun_uniform", formula="3 / inputs"),
}

HELPERS = {
    **_SCALED,
    "uniform": '''
def uniform(low, high, shape):
    """First weights between two numbers, as mltrain draws them."""
    return rng.random(shape, np.float32) * np.float32(high - low) + np.float32(low)
''',
    "normal": '''
def normal(mean, stddev, shape):
    """Normal first weights, as mltrain draws them."""
    values = rng.standard_normal(shape, np.float32)
    return values * np.float32(stddev) + np.float32(mean)
''',
    "cut_normal": '''
def cut_normal(mean, stddev, shape):
    """Normal first weights, drawn again until none is two deviations from the mean."""
    values = rng.standard_normal(shape, np.float32)
    while (outside := abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), np.float32)
    return values * np.float32(stddev) + np.float32(mean)
''',
    "orthogonal": '''
def orthogonal(gain, rows, columns):
    """A random matrix that keeps the length of vectors, times a gain."""
    shape = (max(rows, columns), min(rows, columns))
    q, r = np.linalg.qr(rng.standard_normal(shape))
    q *= np.sign(np.diag(r))
    return (gain * (q if rows >= columns else q.T)).astype(np.float32)
''',
    "mask": '''
def mask(shape, rate):
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


@dataclass(frozen=True)
class _Activation:
    """An activation of ``{z}``, and the gradient by z, where ``{d}`` is that by the output ``{a}``.

    ``needs_z``: the gradient is written with z, so that it has to be kept.
    """

    forward: str
    backward: str
    needs_z: bool = False


_ACTIVATIONS: dict[str, Callable[[Any], _Activation]] = {
    "elu": lambda own: _Activation(
        f"np.where({{z}} > 0, {{z}}, {own.alpha!r} * np.expm1(np.minimum({{z}}, 0)))",
        f"{{d}} * np.where({{a}} > 0, 1, {{a}} + np.float32({own.alpha!r}))",
        needs_z=True,
    ),
    "gelu": lambda _: _Activation(
        "{z} * below({z})",
        "{d} * (below({z}) + {z} * np.exp(-({z}**2) / 2) / math.sqrt(2 * math.pi))",
        needs_z=True,
    ),
    "leaky_relu": lambda own: _Activation(
        f"np.maximum({{z}}, {own.negative_slope!r} * {{z}})",
        f"{{d}} * np.where({{z}} > 0, 1, np.float32({own.negative_slope!r}))",
        needs_z=True,
    ),
    "linear": lambda _: _Activation("{z}", "{d}"),
    "relu": lambda _: _Activation("np.maximum({z}, 0)", "{d} * ({a} > 0)"),
    "sigmoid": lambda _: _Activation("sigmoid({z})", "{d} * {a} * (1 - {a})"),
    "softmax": lambda _: _Activation("softmax({z})", "{a} * ({d} - ({d} * {a}).sum(1, keepdims=True))"),
    "softplus": lambda _: _Activation("np.logaddexp(0, {z})", "{d} * (1 - np.exp(-{a}))"),
    "step": lambda _: _Activation("({z} > 0).astype(np.float32)", "0 * {d}"),
    "tanh": lambda _: _Activation("np.tanh({z})", "{d} * (1 - {a}**2)"),
}


_SHORT = 60
"""Characters up to which an activation and its argument stand on one line."""


@dataclass
class _Layers:
    """The lines of forward and backward, as layer after layer adds to them.

    ``value`` is what the next layer reads; ``kept`` are names that backward may read. ``backward`` has the lines of
    each layer, which come in reverse; they begin with the gradient ``d`` + ``value``.
    """

    plan: Plan
    value: str = "x"
    forward: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    backward: list[list[str]] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    random: bool = False

    @property
    def learns_below(self) -> bool:
        """Whether a layer before the present one learns, so that it needs the gradient."""
        return bool(self.parameters)

    def step(self, name: str, code: str, slope: str) -> None:
        """A layer that makes ``name`` of the value; ``slope`` is the gradient by the value."""
        before = self.value
        self.forward.append(f"{name} = {code}")
        self.backward.append([f"d{before} = {slope}"] if self.learns_below else [])
        self.value = name
        self.keep(name)

    def keep(self, name: str) -> None:
        if name not in self.kept:
            self.kept.append(name)

    def activate(self, own: Layer, name: str) -> None:
        """An activation of the value."""
        formula, z = _ACTIVATIONS[own.type_name()](own), self.value
        if not formula.needs_z and self.forward and self.forward[-1].startswith(f"{z} = ") and z[0] == "z":
            merged = formula.forward.format(z=self.forward[-1].partition(" = ")[2])
            if len(merged) < _SHORT:
                del self.forward[-1]
                slope = formula.backward.format(a=name, d=f"d{name}")
                self.step(name, merged, slope)
                return
        self.step(name, formula.forward.format(z=z), formula.backward.format(z=z, a=name, d=f"d{name}"))


def _dense(own: Any, number: int, at: _Layers, activation: Layer | None) -> None:
    before, w, b, z = at.value, f"w{number}", f"b{number}", f"z{number}"
    learned = [w, b] if own.use_bias else [w]
    lines = []
    if own.trainable:
        lines.append(f"d{w} = {before}.T @ d{z}")
        if own.use_bias:
            lines[-1:] = [f"d{w}, d{b} = {before}.T @ d{z}, d{z}.sum(0)"]
    if at.learns_below:
        lines.append(f"d{before} = d{z} @ {w}.T")
    at.forward.append(f"{z} = {before} @ {w}{f' + {b}' if own.use_bias else ''}")
    at.backward.append(lines)
    at.value = z
    at.keep(z)
    if own.trainable:
        at.parameters += learned
    if activation is not None:
        at.activate(activation, f"a{number}")


def _dropout(own: Any, number: int, at: _Layers, _: Layer | None) -> None:
    mask = f"m{number}"
    at.forward.append(f"{mask} = mask({at.value}.shape, {own.rate!r}) if training else 1")
    at.keep(mask)
    at.random = True
    at.step(f"a{number}", f"{at.value} * {mask}", f"da{number} * {mask}")


def _gaussian_noise(own: Any, number: int, at: _Layers, _: Layer | None) -> None:
    noise = f"noise.standard_normal({at.value}.shape, np.float32)"
    at.forward.append(f"n{number} = {noise} if training else 0")
    at.random = True
    at.step(f"a{number}", f"{at.value} + np.float32({own.stddev!r}) * n{number}", f"da{number}")


def _reshaped(node: Node, number: int, at: _Layers) -> None:
    shape = ", ".join(map(str, node.output_shape))
    at.step(f"a{number}", f"{at.value}.reshape(-1, {shape})", f"da{number}.reshape({at.value}.shape)")


_LAYERS: dict[str, Any] = {
    "dense": _dense,
    "dropout": _dropout,
    "flatten": _reshaped,
    "gaussian_noise": _gaussian_noise,
    "reshape": _reshaped,
}

_LOSSES: dict[str, Callable[[Any], list[str]]] = {
    # The body of a function of what the network computes, and the targets: losses, and the gradient of each.
    "binary_crossentropy": lambda _: [
        '"""Cross-entropy of a sigmoid of z, and its gradient by z."""',
        "losses = np.logaddexp(0, (1 - 2 * target) * z)",
        "return losses, sigmoid(z) - target",
    ],
    "categorical_crossentropy": lambda _: [
        '"""Cross-entropy of a softmax of z, and its gradient by z."""',
        "z = z - z.max(1, keepdims=True)  # against overflow",
        "total = np.exp(z).sum(1, keepdims=True)",
        "losses = np.log(total[:, 0]) - (z * target).sum(1)",
        "return losses, np.exp(z) / total - target",
    ],
    "hinge": lambda _: [
        '"""What is lost where z is not on its side of 0 by at least 1, and its gradient."""',
        "side = 2 * target - 1",
        "losses = np.maximum(1 - side * z, 0)",
        "return losses, -side * (losses > 0)",
    ],
    "huber": lambda own: [
        '"""Squared errors up to a bound, and straight lines from there; and their slopes."""',
        "errors = z - target",
        f"slopes = np.clip(errors, -{own.delta!r}, {own.delta!r})",
        "return slopes * (errors - slopes / 2), slopes",
    ],
    "mean_absolute_error": lambda _: [
        '"""Absolute errors, and their slopes."""',
        "return abs(z - target), np.sign(z - target)",
    ],
    "mean_squared_error": lambda _: [
        '"""Squared errors, and their slopes."""',
        "return (z - target) ** 2, 2 * (z - target)",
    ],
    "perceptron": lambda _: [
        '"""What a wrong answer costs, and its gradient: Rosenblatt\'s rule."""',
        "slopes = (z > 0) - target",
        "return slopes * z, slopes",
    ],
    "sparse_categorical_crossentropy": lambda _: [
        '"""Cross-entropy of a softmax of z, and its gradient: probabilities less the truth."""',
        "z = z - z.max(1, keepdims=True)  # against overflow",
        "total = np.exp(z).sum(1, keepdims=True)",
        "right = np.arange(len(z)), target",
        "losses, slopes = np.log(total[:, 0]) - z[right], np.exp(z) / total",
        "slopes[right] -= 1",
        "return losses, slopes",
    ],
}


def _drawn(name: str, *options: str) -> Callable[[Any, Shape], Expression]:
    return lambda own, shape: call(name, *(repr(getattr(own, option)) for option in options), literal(shape))


def _scaled(name: str) -> Callable[[Any, Shape], Expression]:
    return lambda _, shape: call(name, *map(str, shape))


def _filled(name: str) -> Callable[[Any, Shape], Expression]:
    return lambda _, shape: call(f"np.{name}", literal(shape if len(shape) > 1 else shape[0]), "np.float32")


def _constant(own: Any, shape: Shape) -> Expression:
    if isinstance(own.value, list):
        return call("np.array", literal(own.value), "np.float32")
    return call("np.full", literal(shape), repr(own.value), "np.float32")


_INITIALIZERS: dict[str, Callable[[Any, Shape], Expression]] = {
    "constant": _constant,
    **{name: _scaled(name) for name in _SCALED},
    "ones": _filled("ones"),
    "orthogonal": lambda own, shape: call("orthogonal", repr(own.gain), *map(str, shape)),
    "random_normal": _drawn("normal", "mean", "stddev"),
    "random_uniform": _drawn("uniform", "minval", "maxval"),
    "truncated_normal": _drawn("cut_normal", "mean", "stddev"),
    "zeros": _filled("zeros"),
}

_REGULARIZERS: dict[str, Callable[[Any, str], tuple[str, str]]] = {
    # What a parameter costs, and the slope of that.
    "l1": lambda own, p: (f"{own.l1!r} * abs({p}).sum()", f"{own.l1!r} * np.sign({p})"),
    "l1_l2": lambda own, p: (
        f"{own.l1!r} * abs({p}).sum() + {own.l2!r} * ({p}**2).sum()",
        f"{own.l1!r} * np.sign({p}) + {2 * own.l2!r} * {p}",
    ),
    "l2": lambda own, p: (f"{own.l2!r} * ({p}**2).sum()", f"{2 * own.l2!r} * {p}"),
}


@dataclass(frozen=True)
class _Rule:
    """An optimizer: the arrays that it keeps for each parameter, lines before each update, and the update itself.

    In the update, ``p`` is a parameter, ``g`` its gradient, and the letters of ``states`` are what is kept.
    """

    change: Sequence[str]
    states: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    start: Sequence[str] = ()
    counts: bool = False


_ZEROS = "np.zeros_like(p)"


def _sgd(own: Any) -> _Rule:
    if not own.momentum:
        return _Rule(["p -= rate * g"])
    step = f"p += {own.momentum!r} * v - rate * g" if own.nesterov else "p += v"
    return _Rule([f"v[...] = {own.momentum!r} * v - rate * g", step], {"v": _ZEROS})


def _adam(own: Any) -> _Rule:
    corrected = f"rate * math.sqrt(1 - {own.beta_2!r}**step) / (1 - {own.beta_1!r}**step)"
    return _Rule(
        [*_moments(own), f"p -= corrected * m / (np.sqrt(v) + {own.epsilon!r})"],
        {"m": _ZEROS, "v": _ZEROS},
        ["# both means began at 0, for which the rate makes up", f"corrected = {corrected}"],
        counts=True,
    )


def _moments(own: Any) -> list[str]:
    return [f"m += {_rest(own.beta_1)} * (g - m)", f"v += {_rest(own.beta_2)} * (g**2 - v)"]


def _rest(share: float) -> str:
    return f"{1 - share:.10g}"


def _nadam(own: Any) -> _Rule:
    return _Rule(
        [
            *_moments(own),
            "mean = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)",
            f"p -= rate * mean / (np.sqrt(v / (1 - {own.beta_2!r}**step)) + {own.epsilon!r})",
        ],
        {"m": _ZEROS, "v": _ZEROS},
        [
            f"now = {own.beta_1!r} * (1 - 0.5 * 0.96**step)",
            f"ahead = {own.beta_1!r} * (1 - 0.5 * 0.96 ** (step + 1))",
            "product *= now",
        ],
        ["product = 1.0"],
        counts=True,
    )


def _rmsprop(own: Any) -> _Rule:
    change = [f"v += {_rest(own.rho)} * (g**2 - v)", f"p -= rate * g / np.sqrt(v + {own.epsilon!r})"]
    return _Rule(change, {"v": _ZEROS})


def _adagrad(own: Any) -> _Rule:
    change = ["v += g**2", f"p -= rate * g / np.sqrt(v + {own.epsilon!r})"]
    return _Rule(change, {"v": f"np.full_like(p, {own.initial_accumulator_value!r})"})


def _lion(own: Any) -> _Rule:
    change = [
        f"p -= rate * np.sign({own.beta_1!r} * m + {_rest(own.beta_1)} * g)",
        f"m += {_rest(own.beta_2)} * (g - m)",
    ]
    return _Rule(change, {"m": _ZEROS})


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
    """The parts of a script for NumPy."""
    plan.refuse_positions("NumPy")
    at, part = _layers(plan), plan.evaluated
    values = _values(at)
    output = f"*_, output = forward(x_{part})" if len(values) > 1 else f"output = forward(x_{part})"
    penalty = " + penalty()" if _regularized(plan) else ""
    notes = ["All numbers are those of mltrain, to within the rounding of 32-bit floats."]
    return Written(
        "NumPy",
        HELPERS,
        network=[*(_first_weights(plan) if plan.weights is None else []), *_forward(plan, at, values)],
        weights=_loaded(plan),
        loss_function=_loss_function(plan),
        training=_training(plan, at, values),
        output=[output],
        loss=[f"loss = loss_function(output, y_{part})[0].mean(){penalty}"],
        notes=notes,
        weights_first=True,
    )


def _layers(plan: Plan) -> _Layers:
    at = _Layers(plan)
    if (
        not is_chain(plan.nodes)
        or len(plan.job.network.inputs) > 1
        or any(len(node.sources) > 1 for node in plan.nodes)
    ):
        plan.cannot(("layers",), _GRAPHS)
        return at
    for number, node in enumerate(plan.nodes, 1):
        if plan.is_in_loss(node):
            continue
        kind = node.layer.type_name()
        if kind in _ACTIVATIONS:
            at.activate(node.layer, f"a{number}")
        elif kind in ("flatten", "reshape"):
            _reshaped(node, number, at)
        else:
            _LAYERS[kind](node.layer, number, at, plan.activation(node))
    return at


def _values(at: _Layers) -> list[str]:
    """What forward returns: all that backward reads, and the output, which comes last."""
    used = set(re.findall(r"\w+", " ".join(line for lines in at.backward for line in lines)))
    return [*(name for name in at.kept if name in used and name != at.value), at.value]


def _parameters(plan: Plan) -> list[tuple[str, str, Any]]:
    """Every parameter: its name in the script, its name in a model, and its description."""
    letters = {"kernel": "w", "bias": "b"}
    return [
        (f"{letters[name]}{number}", f"{node.name}.{name}", parameter)
        for number, node in enumerate(plan.nodes, 1)
        for name, parameter in node.parameters.items()
        if name in letters
    ]


def _first_weights(plan: Plan) -> list[str]:
    lines: list[str] = []
    draws = False
    for name, _, parameter in _parameters(plan):
        kind = parameter.initializer.type_name()
        lines += statement(_INITIALIZERS[kind](parameter.initializer, parameter.shape), f"{name} = ")
        draws = draws or kind not in ("constant", "ones", "zeros")
    return _paired(['rng = random("weights")', *lines] if draws else lines)


def _paired(lines: Sequence[str]) -> list[str]:
    """Lines in which a bias stands beside its kernel, where there is room."""
    paired: list[str] = []
    for line in lines:
        (name, _, value), before = line.partition(" = "), paired[-1].partition(" = ") if paired else ("", "", "")
        both = f"{before[0]}, {name} = {before[2]}, {value}"
        if name[:1] == "b" and before[0] == f"w{name[1:]}" and value and len(both) <= WIDTH:
            paired[-1] = both
        else:
            paired.append(line)
    return paired


def _loaded(plan: Plan) -> list[str]:
    if plan.weights is None:
        return []
    return [*plan.loaded_weights, *_paired([f'{name} = weights["{own}"]' for name, own, _ in _parameters(plan)])]


def _forward(plan: Plan, at: _Layers, values: Sequence[str]) -> list[str]:
    fused = f"  # {plan.fused} is in the loss" if plan.fused else ""
    return [
        *(['noise = random("dropout")'] if at.random else []),
        "",
        "",
        f"def forward(x{', training=False' if at.random else ''}):",
        '    """What each layer makes of the one before it."""',
        *(f"    {line}" for line in at.forward),
        f"    return {', '.join(values)}{fused}",
        "",
        "",
    ]


def _regularized(plan: Plan) -> list[tuple[str, tuple[str, str]]]:
    """The parameters that have a regularizer, with what they cost and its slope."""
    return [
        (name, _REGULARIZERS[parameter.regularizer.type_name()](parameter.regularizer, name))
        for name, _, parameter in _parameters(plan)
        if parameter.regularizer is not None and parameter.trainable
    ]


def _loss_function(plan: Plan) -> list[str]:
    body = _LOSSES[plan.config.loss.type_name()](plan.config.loss)
    lines = ["def loss_function(z, target):", *(f"    {line}" for line in body), "", ""]
    if costs := [cost for _, (cost, _) in _regularized(plan)]:
        lines += ["def penalty():", '    """What large weights add to the loss."""', f"    total = {costs[0]}"]
        lines += [*(f"    total += {cost}" for cost in costs[1:]), "    return total", "", ""]
    return lines


def _training(plan: Plan, at: _Layers, values: Sequence[str]) -> list[str]:
    config, training, lines = plan.config, plan.config.training, list[str]()
    if not training.epochs:
        return lines
    if plan.job.class_weights is not None:
        numbers = [float(f"{value:.7g}") for value in plan.job.class_weights.tolist()]
        lines += statement(call("np.array", literal(numbers), "np.float32"), "class_weight = ")
    optimizer, rate = config.optimizer, config.optimizer.learning_rate
    rule = _OPTIMIZERS[optimizer.type_name()](optimizer)
    lines += schedule_code(rate)
    lines += statement(listed(at.parameters), "parameters = ")
    lines += [f"{_STATES[letter]} = [{start} for p in parameters]" for letter, start in rule.states.items()]
    is_formula = isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)
    if not is_formula:
        lines.append(f"rate = {first_rate(plan)}")
    if plan.steps > 1 and (rule.counts or is_formula):
        lines.append("step = 0")
    lines += rule.start
    if optimizer.use_ema:
        if "val" in plan.parts or training.early_stopping is not None:
            plan.cannot(("optimizer", "use_ema"), "the NumPy script has running means at its end only")
        lines += ["averages, began = [p.copy() for p in parameters], 0"]
    lines += loop_code(plan, _loop(plan, at, values, rule, [(name, slope) for name, (_, slope) in _regularized(plan)]))
    if optimizer.use_ema:
        lines += ["for p, average in zip(parameters, averages):", "    p[...] = average"]
    return lines


_STATES = {"m": "means", "v": "squares"}


def _loop(plan: Plan, at: _Layers, values: Sequence[str], rule: _Rule, penalized: Sequence[tuple[str, str]]) -> Loop:
    optimizer, rate = plan.config.optimizer, plan.config.optimizer.learning_rate
    last = values[-1]
    batch = ["x, y = x_train[rows], y_train[rows]"]
    batch.append(f"{', '.join(values)} = forward(x{', training=True' if at.random else ''})")
    batch.append(f"losses, slopes = loss_function({last}, y)")
    if plan.job.class_weights is not None:
        outputs, labels = plan.job.network.output_shape[-1], "y"
        if plan.config.loss.targets != "labels":
            labels = "y.argmax(1)" if outputs > 1 else "y[:, 0].astype(int)"
        binary = plan.config.loss.targets == "binary"
        batch.append(f"weight = class_weight[{labels}]{'[:, None]' if binary else ''}")
        batch.append(f"losses, slopes = losses * weight, slopes * weight{'' if binary else '[:, None]'}")
    batch.append(f"loss = losses.mean(){' + penalty()' if penalized else ''}")
    batch.append("# backward: the gradient of the loss by each value, from the last to the first")
    batch.append(f"d{last} = slopes / losses.size")
    batch += [line for lines in reversed(at.backward) for line in lines]
    batch += [f"d{name} += {slope}" for name, slope in penalized]
    gradients = statement(listed(f"d{name}" for name in at.parameters), "gradients = ")
    begin, update = list[str](), list[str]()
    if plan.config.training.gradient_accumulation > 1 and plan.steps > 1:
        begin.append("sums = [0.0] * len(parameters)")
        batch += gradients
        batch.append("share = len(rows) / len(group)")
        batch.append("sums = [s + share * g for s, g in zip(sums, gradients)]")
        update += ["gradients, sums = sums, [0.0] * len(parameters)"]
    else:
        update += gradients
    if optimizer.clip_norm is not None:
        update.append("norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))")
        bound = repr(optimizer.clip_norm)
        update.append(f"gradients = [g * ({bound} / max(norm, {bound})) for g in gradients]")
    if isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau):
        update.append("rate = learning_rate(step)")
    if rule.counts or (isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)):
        update.append("step += 1")
    update += rule.before
    kept = "".join(f", {letter}" for letter in rule.states)
    lists = "".join(f", {_STATES[letter]}" for letter in rule.states)
    update.append(f"for p, g{kept} in zip(parameters, gradients{lists}):")
    if optimizer.weight_decay:
        update.append(f"    p *= 1 - rate * {optimizer.weight_decay!r}  # weight_decay")
    update += [f"    {line}" for line in rule.change]
    if optimizer.use_ema:
        update.append("for p, average in zip(parameters, averages):")
        update.append(f"    average += (1 - {optimizer.ema_momentum!r} * began) * (p - average)")
        update.append("began = 1")
    penalty = " + penalty()" if penalized else ""
    output = "*_, output = forward(x_val)" if len(values) > 1 else "output = forward(x_val)"
    return Loop(
        batch,
        "float(loss)",
        update,
        [output, f"val_loss = loss_function(output, y_val)[0].mean(){penalty}"],
        keep="[p.copy() for p in parameters]",
        restore=["for p, best in zip(parameters, kept):", "    p[...] = best"],
        begin=begin,
        tracked=plan.tracked_code({own: name for name, own, _ in _parameters(plan)}),
    )
