"""What else than config and seed moves a result: ``python -m campaigns.differential.machines``.

Trains the same configs as this machine would do by itself, and then with other numbers of processor cores, as older
processors would compute, and with other versions of NumPy. For each it says in how many configs the weights are the
same bytes, and how far they are apart where they are not.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks import report
from benchmarks.processes import ROOT, run

CONFIGS = ("linear", "concert", "xor", "spiral", "mnist")
EPOCHS = 1


class Setting(NamedTuple):
    """A way to train: environment variables, options of ``mltrain fit``, and another interpreter, if any."""

    label: str
    environment: Mapping[str, str] = {}
    options: Sequence[str] = ()
    python: str = sys.executable


SETTINGS = (
    Setting("the same again"),
    Setting("`--threads 1`", options=("--threads", "1")),
    Setting("`--threads 2`", options=("--threads", "2")),
    Setting("NumPy's own two threads", {"OPENBLAS_NUM_THREADS": "2"}),
    *(
        Setting(f"matrix products of {name}", {"OPENBLAS_CORETYPE": core})
        for name, core in (
            ("Skylake-X (AVX-512)", "SKYLAKEX"),
            ("Zen", "ZEN"),
            ("Haswell (AVX2)", "HASWELL"),
            ("Sandy Bridge (AVX)", "SANDYBRIDGE"),
            ("Nehalem (SSE)", "NEHALEM"),
        )
    ),
    Setting("NumPy without AVX-512", {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"}),
    Setting("NumPy without AVX2 and AVX-512", {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL"}),
)


class Outcome(NamedTuple):
    """One setting beside the reference: configs with the same weights, and the worst difference of a weight.

    The difference is a share of the largest number in its array; ``where`` is the config.
    """

    label: str
    same: int
    configs: int
    apart: float
    where: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of what was seen."""
    options = _read(arguments)
    settings = [*SETTINGS, *(Setting(f"NumPy {numpy_of(python)}", python=python) for python in options.python)]
    reference = [_train(Setting("reference"), name, options.epochs) for name in options.configs]
    outcomes = []
    for setting in settings:
        found = [_train(setting, name, options.epochs) for name in options.configs]
        outcomes.append(compare(setting.label, options.configs, reference, found))
        print(f"{len(outcomes)} of {len(settings)}: {setting.label}", file=sys.stderr)
    print(f"{', '.join(options.configs)}; {options.epochs} epochs; NumPy {np.__version__}\n")
    print(table(outcomes))
    return 0


Weights = Mapping[str, npt.NDArray[Any]]


def numpy_of(python: str) -> str:
    """The version of NumPy that an interpreter has."""
    return run([python, "-c", "import numpy; print(numpy.__version__)"]).strip()


def compare(label: str, names: Sequence[str], reference: Sequence[Weights], found: Sequence[Weights]) -> Outcome:
    """How far the weights of each config are from those of the reference."""
    apart = [(_difference(one, other), name) for name, one, other in zip(names, found, reference, strict=True)]
    worst, where = max(apart)
    return Outcome(label, sum(share == 0 for share, _ in apart), len(apart), worst, where)


def _difference(one: Weights, other: Weights) -> float:
    """The largest difference of two weights, as a share of the largest weight of its array."""
    pairs = [(one[name], array) for name, array in other.items() if not np.array_equal(one[name], array)]
    return max((float(np.abs(found - array).max() / np.abs(array).max()) for found, array in pairs), default=0.0)


def table(outcomes: Sequence[Outcome]) -> str:
    rows = [
        [
            outcome.label,
            f"{outcome.same} of {outcome.configs}",
            f"{outcome.apart:.0e} ({outcome.where})" if outcome.apart else "",
        ]
        for outcome in outcomes
    ]
    return report.table(["", "configs with the same weights", "furthest apart"], rows)


def _train(setting: Setting, name: str, epochs: int) -> Weights:
    """The weights of a lesson after a few epochs. Raises `MeasurementFailed`."""
    with TemporaryDirectory() as folder:
        fit = ["fit", str(ROOT / "configs" / f"{name}.yaml"), "--epochs", str(epochs), "--out", folder, "--quiet"]
        variables = [f"{key}={value}" for key, value in setting.environment.items()]
        run(["env", *variables, setting.python, "-m", "mltrain", *fit, *setting.options])
        with np.load(Path(folder, "model.npz"), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files if key != "meta"}


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m campaigns.differential.machines",
        description="Train the same configs in other ways, and compare the weights.",
    )
    parser.add_argument("--configs", nargs="+", default=CONFIGS, metavar="NAME", help="of configs/, without .yaml")
    parser.add_argument("--epochs", type=int, default=EPOCHS, metavar="N", help=f"by default {EPOCHS}")
    parser.add_argument(
        "--python", nargs="+", default=[], metavar="PATH", help="interpreters with other versions of NumPy, and mltrain"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
