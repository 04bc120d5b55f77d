"""The rows of a config as NumPy code: what ``mltrain`` reads or makes, split, scaled and encoded in the same way.

`ROWS` has one entry a dataset that a few lines can tell. The others, and tables that need more than that, are loaded
from a file that mltrain writes (`row_arrays`). Code that tells rows is run before it is printed, and its arrays are
compared with mltrain's own (`tells_the_same`).
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.code.parts import encoded, parts, shown
from mltrain.code.plan import PARTS, Plan, seed
from mltrain.code.tables import TABLE_HELPERS, csv_code, helper_values
from mltrain.code.text import Call, Expression, call, literal, statement
from mltrain.data.datasets._curve import Curve
from mltrain.data.datasets._like_mnist import LikeMnist
from mltrain.data.datasets.csv import Csv
from mltrain.data.datasets.inline import Inline
from mltrain.data.datasets.line_side import LineSide
from mltrain.data.datasets.linear import Linear
from mltrain.data.datasets.npz import Npz
from mltrain.data.datasets.playground import Playground
from mltrain.data.datasets.quadratic import Quadratic
from mltrain.data.datasets.shapes import Shapes
from mltrain.data.find_files import find_file
from mltrain.data.points.linspace import Linspace
from mltrain.data.points.normal import Normal
from mltrain.data.points.uniform import Uniform

MOST_LINES = 30
"""Lines that rows written out in a script may take."""

HELPERS = {
    "random": '''
def random(purpose, seed={seed}):
    """The generator that mltrain has for a purpose: one seed, independent streams."""
    key = zlib.crc32(purpose.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
''',
    "idx": '''
def idx(name, header, dtype):
    """The numbers of a file in MNIST's format, behind its header."""
    with {open}(f"{folder}/{{name}}{suffix}"{mode}) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header).astype(dtype)
''',
    "draw": '''
def draw(label, rng, size={size}):
    """A circle (0), a square (1) or a triangle (2) of one area, white on black."""
    radius = size * rng.uniform(0.12, 0.25)
    reach = min(1.56 * radius, (size - 1) / 2)
    y, x = rng.uniform(reach, size - 1 - reach, 2)
    y, x = (np.arange(size) - y)[:, None] / radius, (np.arange(size) - x) / radius
    outside = [  # how far a pixel is from the shape's border
        np.hypot(y, x) - 1,
        np.maximum(abs(y), abs(x)) - np.sqrt(np.pi) / 2,
        np.maximum(y, np.sqrt(3) / 2 * abs(x) - y / 2) - (np.pi / 27**0.5) ** 0.5,
    ][label]
    grey = np.clip(0.5 - radius * outside, 0, 1){noise}
    return np.round(255 * grey).astype(np.uint8)
''',
    **TABLE_HELPERS,
}
"""Functions that the code of rows may call, by name. Each stands in the script if it is called."""


def rows_code(plan: Plan) -> list[str] | None:
    """The lines that make ``x_train``, ``y_train`` and the other parts; None where a few lines cannot tell them."""
    if plan.data is not None:
        return _loaded(plan)
    tell = ROWS.get(plan.config.dataset.type_name())
    told = tell(plan, plan.config.dataset) if tell is not None else None
    if told is None or len(told) > MOST_LINES:
        return None
    return told


def helpers_called(plan: Plan, names: set[str]) -> list[str]:
    """The functions of these names, as lines."""
    values = _helper_values(plan)
    lines: list[str] = []
    for name, text in HELPERS.items():
        if name in names:
            lines += ["", *text.format_map(values).rstrip().split("\n")]
    return lines


def tells_the_same(plan: Plan, code: str) -> bool:
    """Whether code gives the rows that mltrain has, to within the rounding of float32."""
    found: dict[str, Any] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(code, "<rows>", "exec"), found)  # noqa: S102  (the code of this module, with literals)
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        return False
    return all(
        name in found and found[name].shape == array.shape and np.allclose(found[name], array, rtol=1e-3, atol=1e-3)
        for name, array in row_arrays(plan).items()
        if name[:2] in ("x_", "y_")
    )


def row_arrays(plan: Plan) -> dict[str, npt.NDArray[Any]]:
    """The rows of all parts as the network gets them, by their names in scripts."""
    dataset, arrays = plan.job.dataset, dict[str, npt.NDArray[Any]]()
    for name, rows in dataset.by_name.items():
        encoded = plan.job.encoded(rows)
        arrays[f"x_{PARTS[name]}"] = dataset.preprocessing.inputs.applied(encoded.x)
        arrays[f"y_{PARTS[name]}"] = encoded.target
    if plan.scales_targets:
        scaling = dataset.preprocessing.targets
        arrays["target_mean"] = np.array(scaling.shift, np.float64)
        arrays["target_deviation"] = 1 / np.array(scaling.scale, np.float64)
    return arrays


def _loaded(plan: Plan) -> list[str]:
    lines = statement(
        call("dict", call("np.load", literal(str(plan.data)))), "rows = ", "mltrain code --data has written it"
    )
    lines += [f'x_{part}, y_{part} = rows["x_{part}"], rows["y_{part}"]' for part in plan.parts]
    if plan.scales_targets:
        lines.append('mean, deviation = rows["target_mean"], rows["target_deviation"]')
    return lines


def _helper_values(plan: Plan) -> dict[str, object]:
    dataset = plan.config.dataset
    values: dict[str, object] = {"seed": plan.config.seed, "size": getattr(dataset, "size", 0), "noise": ""}
    if isinstance(dataset, Shapes) and dataset.noise:
        values["noise"] = f"\n    grey = np.clip(grey + {dataset.noise!r} * rng.standard_normal(grey.shape), 0, 1)"
    if isinstance(dataset, LikeMnist) and (place := dataset.publication.find(dataset.path, plan.folder)) is not None:
        is_packed = dataset.publication.files[0].find(place)[0].suffix == ".gz"
        values["folder"] = shown(place)
        values |= dict(
            zip(
                ("open", "suffix", "mode"),
                ("gzip.open", ".gz", "") if is_packed else ("open", "", ', "rb"'),
                strict=True,
            )
        )
    if isinstance(dataset, Csv):
        values |= helper_values(plan, dataset)
    return values


def _curve(plan: Plan, dataset: Curve) -> list[str] | None:
    lines = [f'rng = random("data"{seed(plan.config)})']
    number = literal
    match dataset.x:
        case Linspace() as points:
            x: Expression = f"np.linspace({points.start!r}, {points.stop!r}, {dataset.samples})"
        case Normal() as points:
            x = f"rng.normal({points.mean!r}, {points.stddev!r}, {dataset.samples})"
        case Uniform() as points:
            x = f"{points.low!r} + {points.high - points.low!r} * rng.random({dataset.samples})"
        case list() as numbers:
            x = call("np.array", literal([float(one) for one in numbers]))
        case _:
            return None
    match dataset:
        case Linear():
            y = f"{number(dataset.slope)} * x + {number(dataset.intercept)}"
        case Quadratic():
            y = f"({number(dataset.a)} * x + {number(dataset.b)}) * x + {number(dataset.c)}"
        case _:
            return None
    lines += statement(x, "x = ")
    if dataset.noise_stddev:
        lines += [f"y = {y}", f"y += {dataset.noise_stddev!r} * rng.standard_normal(len(x))"]
    else:
        lines = (lines if "rng." in str(x) else lines[1:]) + [f"y = {y}"]
    lines = [line.replace("+ -", "- ") for line in lines]
    lines.append("x, y = x[:, None].astype(np.float32), y[:, None].astype(np.float32)")
    return lines + parts(plan)


def _line_side(plan: Plan, dataset: LineSide) -> list[str]:
    return [
        f'x = {dataset.size!r} * random("data"{seed(plan.config)}).random(({dataset.samples}, 2))',
        "x = x.astype(np.float32)",
        "first, second = x.astype(np.float64).T",
        f"y = (second > {dataset.slope!r} * first + {dataset.intercept!r}).astype(np.int32)".replace("+ -", "- "),
        *parts(plan),
    ]


def _playground(plan: Plan, dataset: Playground) -> list[str]:
    count, noise = dataset.samples, dataset.noise
    blue = (count + 1) // 2
    around = "x = distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)"
    # Noise is drawn even where it is 0: the order of the rows is drawn behind it.
    moved = f"x + {noise!r} * rng.uniform(-5, 5, ({count}, 2))"
    lines = {
        "circle": [
            f"inside, outside = rng.uniform(0, 0.5, {blue}), rng.uniform(0.7, 1, {count - blue})",
            "distance = 5 * np.concatenate([inside, outside])",
            f"angle = rng.uniform(0, 2 * np.pi, {count})",
            around,
            f"moved = {moved}",
            "y = np.hypot(moved[:, 0], moved[:, 1]) < 2.5",
        ],
        "xor": [
            f"x = rng.uniform(-5, 5, ({count}, 2))",
            "x += np.where(x > 0, 0.3, -0.3)",
            f"moved = {moved}",
            "y = moved[:, 0] * moved[:, 1] >= 0",
        ],
        "gaussian": [
            f"y = np.arange({count}) < {blue}",
            f"spread = np.sqrt({0.5 + (4 - 0.5) * noise / 0.5!r})",
            "centre = np.where(y, 2.0, -2.0)[:, None]",
            f"x = centre + spread * rng.standard_normal(({count}, 2))",
        ],
        "spiral": [
            f"place = np.arange({count})",
            f"y = place < {blue}",
            f"along = np.where(y, place, place - {blue}) / {count / 2!r}",
            "distance, angle = 5 * along, 3.5 * np.pi * along + np.where(y, 0, np.pi)",
            around,
            f"x += {noise!r} * rng.uniform(-1, 1, ({count}, 2))",
        ],
    }[dataset.shape]
    return [
        f'rng = random("data"{seed(plan.config)})',
        *lines,
        f"order = rng.permutation({count})",
        "x, y = x[order].astype(np.float32), y[order].astype(np.int32)",
        *parts(plan),
    ]


def _shapes(plan: Plan, dataset: Shapes) -> list[str]:
    return [
        f'rng = random("data"{seed(plan.config)})',
        f"y = rng.integers(3, size={dataset.samples}).astype(np.int32)",
        "x = np.stack([draw(label, rng) for label in y]).astype(np.float32) / 255",
        *parts(plan),
    ]


def _like_mnist(plan: Plan, dataset: LikeMnist) -> list[str]:
    scale = " / 255" if dataset.scale else ""

    names = [file.holds[0] for file in dataset.publication.files]

    def read(part: str, images: str, labels: str) -> list[str]:
        return [
            f"x{part} = idx({literal(images)}, 16, np.float32).reshape(-1, 28, 28){scale}",
            f"y{part} = idx({literal(labels)}, 8, np.int32)",
        ]

    test = [*read("_test", *names[2:]), *encoded(plan, "y_test")]
    if not dataset.validation_split:
        return [*read("_train", *names[:2]), *encoded(plan, "y_train"), *test]
    return [*read("", *names[:2]), *parts(plan), *test]


def _inline(plan: Plan, dataset: Inline) -> list[str] | None:
    if isinstance(dataset.x, dict):
        return None
    shape = plan.job.dataset.row_spec.input_shape
    lines = statement(call("np.array", literal(dataset.x), "np.float32"), "x = ")
    if not isinstance(dataset.x[0], list):
        lines = statement(
            Call("np.array", call("", literal(dataset.x), "np.float32").arguments, method="[:, None]"), "x = "
        )
    classes = plan.job.dataset.row_spec.classes
    if classes is not None:
        lines += statement(literal(list(classes)), "classes = ")
        lines += statement(literal(list(dataset.y)), "names = ")
        lines.append("y = np.array([classes.index(name) for name in names], np.int32)")
    else:
        method = "" if isinstance(dataset.y[0], list) else "[:, None]"
        arguments = call("", literal(list(dataset.y)), "np.float32").arguments
        lines += statement(Call("np.array", arguments, method=method), "y = ")
    return lines + parts(plan) if shape else None


def _npz(plan: Plan, dataset: Npz) -> list[str] | None:
    if dataset.test_x is not None:
        return None
    row_spec = plan.job.dataset.row_spec
    scaled = " / 255" if plan.job.dataset.preprocessing.inputs.scale != 1.0 else ""
    lines = [
        *statement(call("dict", call("np.load", literal(shown(find_file(dataset.path, plan.folder))))), "rows = "),
        f"x = rows[{literal(dataset.x)}].astype(np.float32){scaled}",
    ]
    y = f"rows[{literal(dataset.y)}]"
    if row_spec.named:
        lines.append(f"y = np.unique({y}, return_inverse=True)[1].astype(np.int32)")
    elif row_spec.classes is not None:
        lines.append(f"y = {y}.astype(np.int32)")
    else:
        lines.append(f"y = {y}.astype(np.float32).reshape(len(x), -1)")
    return lines + parts(plan)


ROWS: Mapping[str, Callable[[Plan, Any], list[str] | None]] = {
    "csv": csv_code,
    "fashion_mnist": _like_mnist,
    "inline": _inline,
    "line_side": _line_side,
    "linear": _curve,
    "kmnist": _like_mnist,
    "mnist": _like_mnist,
    "npz": _npz,
    "playground": _playground,
    "quadratic": _curve,
    "shapes": _shapes,
}
"""What tells the rows of a dataset, by its name; it gives None where its options or columns need more than that."""
