"""A step of a network that is large for mltrain, in which the matrix products should be most of the time."""

from benchmarks.harness import Side, Work
from benchmarks.works import _synthetic

SHAPE = {"features": 1024, "width": 1024, "depth": 2, "batch": 512}
LEAST_SHARE = 0.6
"""Of a step's time, that of the matrix products alone."""

WORKS = [
    Work(
        "wide-step",
        "a step of 1024-1024-1024-10, Adam, batch 512",
        "ms",
        Side("mltrain", _synthetic.step_seconds, SHAPE | {"rows": 10_240}),
        (Side("its matrix products alone", _synthetic.products, SHAPE, at_most=1 / LEAST_SHARE),),
    )
]
