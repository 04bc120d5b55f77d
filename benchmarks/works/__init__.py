"""What is measured, and against whom. One file here is one work, or several that differ in a number: its `WORKS`.

A side is a function that runs in a process of its own and returns seconds or bytes; those of peers import their library
themselves, since it is in another environment. What they do is what a user of the library would write, in its usual
words; they are spared what mltrain does besides: live displays and, where the library has none built in, metrics.
"""

import importlib

from benchmarks.harness import Work

FILES = (
    "mnist_epoch",
    "mnist_memory",
    "convnet",
    "small_step",
    "linear_fit",
    "short_commands",
    "forward",
    "wide_step",
    "serving",
    "sweep",
)
"""The works in the order of the table: what people come for first, and what explains it last."""


def all_works() -> dict[str, Work]:
    """All works by name."""
    modules = (importlib.import_module(f"{__name__}.{name}") for name in FILES)
    return {work.name: work for module in modules for work in module.WORKS}
