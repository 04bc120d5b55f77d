"""The layers of a NumPy script: forward, and backward in reverse; `LAYERS` and `ACTIVATIONS`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltrain.code.plan import Plan
from mltrain.engine.graph import Node, is_chain
from mltrain.engine.layers.base import Layer

GRAPHS = "the NumPy script has layers that read one another in order"
"""Why a layer of several inputs is refused."""


@dataclass(frozen=True)
class _Activation:
    """An activation of ``{z}``, and the gradient by z, where ``{d}`` is that by the output ``{a}``.

    ``needs_z``: the gradient is written with z, so that it has to be kept.
    """

    forward: str
    backward: str
    needs_z: bool = False


ACTIVATIONS: dict[str, Callable[[Any], _Activation]] = {
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
class Layers:
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
        formula, z = ACTIVATIONS[own.type_name()](own), self.value
        if not formula.needs_z and self.forward and self.forward[-1].startswith(f"{z} = ") and z[0] == "z":
            merged = formula.forward.format(z=self.forward[-1].partition(" = ")[2])
            if len(merged) < _SHORT:
                del self.forward[-1]
                slope = formula.backward.format(a=name, d=f"d{name}")
                self.step(name, merged, slope)
                return
        self.step(name, formula.forward.format(z=z), formula.backward.format(z=z, a=name, d=f"d{name}"))


def _dense(own: Any, number: int, at: Layers, activation: Layer | None) -> None:
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


def _dropout(own: Any, number: int, at: Layers, _: Layer | None) -> None:
    mask = f"m{number}"
    at.forward.append(f"{mask} = mask({at.value}.shape, {own.rate!r}, noise) if noise else 1")
    at.keep(mask)
    at.random = True
    at.step(f"a{number}", f"{at.value} * {mask}", f"da{number} * {mask}")


def _gaussian_noise(own: Any, number: int, at: Layers, _: Layer | None) -> None:
    noise = f"noise.standard_normal({at.value}.shape, np.float32)"
    at.forward.append(f"n{number} = {noise} if noise else 0")
    at.random = True
    at.step(f"a{number}", f"{at.value} + np.float32({own.stddev!r}) * n{number}", f"da{number}")


def _reshaped(node: Node, number: int, at: Layers) -> None:
    shape = ", ".join(map(str, node.output_shape))
    at.step(f"a{number}", f"{at.value}.reshape(-1, {shape})", f"da{number}.reshape({at.value}.shape)")


LAYERS: dict[str, Any] = {
    "dense": _dense,
    "dropout": _dropout,
    "flatten": _reshaped,
    "gaussian_noise": _gaussian_noise,
    "reshape": _reshaped,
}


def layers_of(plan: Plan) -> Layers:
    at = Layers(plan)
    if (
        not is_chain(plan.nodes)
        or len(plan.job.network.inputs) > 1
        or any(len(node.sources) > 1 for node in plan.nodes)
    ):
        plan.cannot(("layers",), GRAPHS)
        return at
    for number, node in enumerate(plan.nodes, 1):
        if plan.is_in_loss(node):
            continue
        kind = node.layer.type_name()
        if kind in ACTIVATIONS:
            at.activate(node.layer, f"a{number}")
        elif kind in ("flatten", "reshape"):
            _reshaped(node, number, at)
        else:
            LAYERS[kind](node.layer, number, at, plan.activation(node))
    return at


def values_of(at: Layers) -> list[str]:
    """What forward returns: all that backward reads, and the output, which comes last."""
    used = set(re.findall(r"\w+", " ".join(line for lines in at.backward for line in lines)))
    return [*(name for name in at.kept if name in used and name != at.value), at.value]


def forward_code(plan: Plan, at: Layers, values: Sequence[str]) -> list[str]:
    fused = f"  # {plan.fused} is in the loss" if plan.fused else ""
    return [
        "",
        "",
        f"def forward(x{', noise=None' if at.random else ''}):",
        '    """What each layer makes of the one before it."""',
        *(f"    {line}" for line in at.forward),
        f"    return {', '.join(values)}{fused}",
        "",
        "",
    ]
