"""The parameters of a NumPy script: their names, their first values, and those of a model; `INITIALIZERS`."""

from collections.abc import Callable, Sequence
from typing import Any

from mltrain.code.plan import Plan
from mltrain.code.text import WIDTH, Expression, call, literal, statement
from mltrain.engine.arrays import Shape
from mltrain.engine.initializers.base import CUT_STDDEV

_UNIFORM = '''
def {name}(inputs, outputs):
    """First weights within sqrt({formula}), as mltrain draws them."""
    limit = np.sqrt({formula}, dtype=np.float32)
    return limit * (2 * rng.random((inputs, outputs), np.float32) - 1)
'''
_NORMAL = '''
def {name}(inputs, outputs):
    """Normal first weights of variance {formula}, cut at two deviations."""
    stddev = np.sqrt({formula}) / {cut}
    return cut_normal(0, stddev, (inputs, outputs))
'''
SCALED = {
    "glorot_normal": _NORMAL.format(name="glorot_normal", formula="2 / (inputs + outputs)", cut=CUT_STDDEV),
    "glorot_uniform": _UNIFORM.format(name="glorot_uniform", formula="6 / (inputs + outputs)"),
    "he_normal": _NORMAL.format(name="he_normal", formula="2 / inputs", cut=CUT_STDDEV),
    "he_uniform": _UNIFORM.format(name="he_uniform", formula="6 / inputs"),
    "lecun_normal": _NORMAL.format(name="lecun_normal", formula="1 / inputs", cut=CUT_STDDEV),
    "lecun_uniform": _UNIFORM.format(name="lecun_uniform", formula="3 / inputs"),
}

INITIALIZER_HELPERS = {
    **SCALED,
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
}
"""Functions that draw first weights, by name."""


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


INITIALIZERS: dict[str, Callable[[Any, Shape], Expression]] = {
    "constant": _constant,
    **{name: _scaled(name) for name in SCALED},
    "ones": _filled("ones"),
    "orthogonal": lambda own, shape: call("orthogonal", repr(own.gain), *map(str, shape)),
    "random_normal": _drawn("normal", "mean", "stddev"),
    "random_uniform": _drawn("uniform", "minval", "maxval"),
    "truncated_normal": _drawn("cut_normal", "mean", "stddev"),
    "zeros": _filled("zeros"),
}


def parameters_of(plan: Plan) -> list[tuple[str, str, Any]]:
    """Every parameter: its name in the script, its name in a model, and its description."""
    letters = {"kernel": "w", "bias": "b"}
    return [
        (f"{letters[name]}{number}", f"{node.name}.{name}", parameter)
        for number, node in enumerate(plan.nodes, 1)
        for name, parameter in node.parameters.items()
        if name in letters
    ]


def first_weights(plan: Plan) -> list[str]:
    lines: list[str] = []
    draws = False
    for name, _, parameter in parameters_of(plan):
        kind = parameter.initializer.type_name()
        lines += statement(INITIALIZERS[kind](parameter.initializer, parameter.shape), f"{name} = ")
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


def loaded_weights(plan: Plan) -> list[str]:
    if plan.weights is None:
        return []
    return [*plan.loaded_weights, *_paired([f'{name} = weights["{own}"]' for name, own, _ in parameters_of(plan)])]
