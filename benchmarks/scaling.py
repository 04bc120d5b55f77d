"""How the time and the memory of a training step grow with the network, the batch and the number of rows.

One thing grows at a time, the others stay as in `BASE`. Beside each step stand its matrix products alone.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness import Run
from benchmarks.processes import ROOT, call_in_process
from benchmarks.report import UNITS, number, table
from benchmarks.works import _synthetic

BASE = {"features": 32, "width": 256, "depth": 2, "batch": 128, "rows": 10_000}
AXES = {
    "width": (64, 128, 256, 512, 1024, 2048, 4096),
    "depth": (1, 2, 4, 8),
    "batch": (1, 4, 16, 64, 256, 1024, 4096),
    "rows": (1_000, 10_000, 100_000, 1_000_000),
}
PLOT = ROOT / "docs/scaling.svg"


@dataclass(frozen=True)
class Point:
    """One size: seconds of a step, seconds of its matrix products alone, and bytes in use while training."""

    axis: str
    value: int
    step: float
    products: float
    memory: float


def measure(run: Run, call: Callable[..., Any] = call_in_process) -> list[Point]:
    """Measure every size of every axis; only the first two of each if ``quick``."""
    points = []
    for axis, values in AXES.items():
        for value in values[:2] if run.quick else values:
            run.tell(f"{axis} {value:,}")
            shape = BASE | {axis: value}
            alone = {name: number for name, number in shape.items() if name != "rows"}
            calls: dict[str, Callable[[], Any]] = {
                "a step": partial(call, sys.executable, _synthetic.step, **shape, quick=run.quick),
                "its products": partial(call, sys.executable, _synthetic.products, **alone, quick=run.quick),
            }
            measured = run.alternate(calls)
            if measured.keys() == calls.keys():
                points.append(_point(axis, value, measured["a step"], measured["its products"]))
    return points


def _point(axis: str, value: int, steps: Sequence[Mapping[str, float]], products: Sequence[float]) -> Point:
    return Point(
        axis,
        value,
        step=median(step["seconds"] for step in steps),
        products=median(products),
        memory=median(step["memory"] for step in steps),
    )


def point_table(points: Sequence[Point]) -> str:
    """A row a size."""
    header = ["", "a step, µs", "products alone, µs", "ratio", "memory, MB"]
    rows = [
        [
            f"{point.axis} {point.value:,}",
            number(point.step / UNITS["µs"]),
            number(point.products / UNITS["µs"]),
            f"{point.step / point.products:.2f}",
            number(point.memory / UNITS["MB"]),
        ]
        for point in points
    ]
    return table(header, rows)


def point_document(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [asdict(point) for point in points]


def draw(points: Sequence[Point], path: Path = PLOT) -> bool:
    """Draw the points as an SVG; False, and nothing is drawn, where there is no matplotlib."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        return False

    # Text stays text, and the same points give the same bytes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "mltrain", "font.size": 9}):
        figure = Figure(figsize=(11, 5), layout="constrained")
        axes = figure.subplots(2, len(AXES), sharex="col", sharey="row")
        for (above, below), axis in zip(axes.T, AXES, strict=True):
            along = [point for point in points if point.axis == axis]
            values = [point.value for point in along]
            above.loglog(values, [point.step / UNITS["µs"] for point in along], marker="o", label="a step")
            products = [point.products / UNITS["µs"] for point in along]
            above.loglog(values, products, marker=".", linestyle="--", label="its matrix products alone")
            below.loglog(values, [point.memory / UNITS["MB"] for point in along], marker="o", color="C2")
            below.set_xlabel(axis)
            below.set_xticks(values, [f"{value:,}" for value in values], rotation=45)
            below.minorticks_off()
        axes[0, 0].set_ylabel("µs a step")
        axes[1, 0].set_ylabel("MB in use")
        axes[0, 0].legend()
        for left in axes[:, 0]:
            left.minorticks_off()
        figure.savefig(path, metadata={"Date": None})
    return True
