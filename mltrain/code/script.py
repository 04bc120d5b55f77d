"""A config as a script for another framework, that a learner can read beside it.

    Plan: the job, the options            plan.py
      ── rows as NumPy code ──┐           rows.py         the same for all frameworks
      ── network, training ───┤           keras.py, torch.py, numpy.py
      ── metrics ─────────────┤           evaluation.py   the same for all frameworks
                              └──> text   script.py, laid out by text.py

Each framework has a table a family: what writes a member, by the member's name. A member without an entry is said to be
inexpressible, by its place in the config. ``tests/code`` compares the tables with the registries.
"""

import importlib
import re
import symtable
from collections.abc import Mapping, Sequence
from typing import Literal

from mltrain import __version__
from mltrain.code.evaluation import evaluation_code
from mltrain.code.plan import Plan, Written
from mltrain.code.rows import helpers_called, rows_code, tells_the_same
from mltrain.code.text import WIDTH, comment_lines
from mltrain.config.dump import to_plain
from mltrain.config.families import FAMILIES
from mltrain.config.yaml_writer import on_one_line
from mltrain.engine.schedules.base import monitored
from mltrain.errors import ConfigError, ConfigPath, Problem
from mltrain.spec import Spec

Framework = Literal["keras", "torch", "numpy"]

_IMPORTS = {
    "csv": "import csv",
    "gzip": "import gzip",
    "math": "import math",
    "zlib": "import zlib",
    "keras": "import keras",
    "np": "import numpy as np",
    "torch": "import torch",
    "nn": "from torch import nn",
    "functional": "from torch.nn import functional",
}
"""Import statements by the name that they give, in the order in which they stand."""

_STANDARD = {"csv", "gzip", "math", "zlib"}
_LONGEST = 3 * WIDTH
"""Characters of a part of the config that are shown beside its code."""

_BLANK = ["", ""]


def write_script(plan: Plan, framework: Framework) -> str:
    """The script. Raises `ConfigError` with everything that the framework, or a script, cannot express."""
    module = importlib.import_module(f"mltrain.code.{framework}")
    plan.problems += _lacking(plan, framework)
    if plan.folds and monitored(plan.config.optimizer.learning_rate):
        plan.cannot(("training", "early_stopping", "folds"), _REACTS)
    rows = rows_code(plan)
    if rows is None:
        plan.cannot(("dataset",), _UNTOLD)
    if plan.problems:
        raise ConfigError(plan.problems)
    assert rows is not None
    told = _with_helpers(plan, rows, {})
    if plan.data is None and not tells_the_same(plan, "\n".join(_imported(told))):
        raise ConfigError([Problem(("dataset",), _UNTOLD)])
    written: Written = module.write(plan)
    if plan.problems:
        raise ConfigError(plan.problems)
    weights = []
    if plan.weights is not None:
        weights = [*comment_lines(f"The weights of {plan.weights}."), *written.weights]
    network = ["# layers", *written.network]
    sections = [
        [*_key(plan, "dataset"), *rows],
        *([weights, network] if written.weights_first else [network, weights]),
        [
            *_key(plan, "loss"),
            *written.loss_function,
            *_key(plan, "optimizer"),
            *written.optimizer,
            *_key(plan, "training"),
            *written.training,
        ],
        [*_evaluated(plan), *written.output, *evaluation_code(plan, written.loss)],
    ]
    body = [line for section in sections if section for line in ["", *section]][1:]
    code = _imported(_with_helpers(plan, body, written.helpers))
    lines = [*_docstring(plan, written, reads_files=any("open(" in line or "np.load(" in line for line in code)), *code]
    return "\n".join(_spaced(lines)) + "\n"


_REACTS = "in a script, each fold has a learning rate of its own, which cannot react to the mean of all folds"
_UNTOLD = (
    "the rows of this dataset cannot be told in a few lines of code; with --data rows.npz mltrain writes them to a "
    "file, and a script that loads it"
)


def _lacking(plan: Plan, framework: Framework) -> list[Problem]:
    """The members in a config that a framework's tables have no code for, each with the reason."""
    module = importlib.import_module(f"mltrain.code.{framework}")
    config = plan.config
    found = []
    for path, own in [
        *_specs(config.layers, ("layers",)),
        *_specs(config.loss, ("loss",)),
        *_specs(config.optimizer, ("optimizer",)),
    ]:
        name = own.type_name()
        if name in module.LACKING and any(name in FAMILIES[family].names() for family in module.CODE):
            found.append(Problem(path, f"{name} cannot be written for {framework}: {module.LACKING[name]}"))
    return found


def _specs(value: object, path: ConfigPath) -> Sequence[tuple[ConfigPath, Spec]]:
    """All members of families in a part of a config, with their places."""
    if isinstance(value, tuple | list):
        return [found for index, item in enumerate(value) for found in _specs(item, (*path, index))]
    if not isinstance(value, Spec):
        return []
    inner = [found for name in value.__struct_fields__ for found in _specs(getattr(value, name), (*path, name))]
    return [(path, value), *inner]


def _docstring(plan: Plan, written: Written, *, reads_files: bool) -> list[str]:
    name = plan.config.name or "A config"
    lines = [f'"""{name} in {written.title}, as mltrain {__version__} trains it.', ""]
    paths = ["Run it where mltrain was run: paths of files start there."] if reads_files else []
    for note in [*paths, *written.notes]:
        lines += [line.removeprefix("# ").removeprefix("#   ") for line in comment_lines(note)]
    return [*lines, '"""', ""] if lines[-1] else [f'{lines[0]}"""', ""]


def _key(plan: Plan, name: str) -> list[str]:
    """The part of the config that the following code is for, as a comment."""
    text = on_one_line(to_plain(getattr(plan.config, name), defaults=False))
    return comment_lines(f"{name}: {text if len(text) <= _LONGEST else text[:_LONGEST] + ' ...'}")


def _evaluated(plan: Plan) -> list[str]:
    rows = {"test": "the test rows", "val": "the validation rows", "train": "the rows trained on"}[plan.evaluated]
    names = ", ".join(metric.type_name() for metric in plan.config.metrics)
    return comment_lines(f"metrics: [{names}], measured on {rows}" if names else f"metrics: none; the loss of {rows}")


def _with_helpers(plan: Plan, body: Sequence[str], own: Mapping[str, str]) -> list[str]:
    """The code behind the functions and classes that it calls, those of rows and a framework's ``own``."""
    names, tops = _names(body), list[str]()
    known = set[str]()
    while names - known:
        known = names
        tops = [*helpers_called(plan, names), *_called(own, names)]
        names = names | _names(tops)
    return [*tops, *_BLANK, *body] if tops else list(body)


def _called(own: Mapping[str, str], names: set[str]) -> list[str]:
    return [line for name, text in own.items() if name in names for line in ["", *text.rstrip().split("\n")]]


def _imported(lines: Sequence[str]) -> list[str]:
    """The code behind its import statements."""
    names = _names(lines)
    first = [line for name, line in _IMPORTS.items() if name in names and name in _STANDARD]
    then = [line for name, line in _IMPORTS.items() if name in names and name not in _STANDARD]
    return [*first, *([""] if first and then else []), *then, "", *lines]


def _names(lines: Sequence[str]) -> set[str]:
    """The names that the code reads."""
    tables = [symtable.symtable("\n".join(lines), "<script>", "exec")]
    for table in tables:
        tables += table.get_children()
    return {symbol.get_name() for table in tables for symbol in table.get_symbols() if symbol.is_referenced()}


def _spaced(lines: Sequence[str]) -> list[str]:
    """Blank lines as ruff has them: two before and behind functions and classes, one at most elsewhere."""
    spaced: list[str] = []
    for line in lines:
        if line or (spaced and spaced[-1]):
            spaced.append(line)
    result: list[str] = []
    in_block = False
    for index, line in enumerate(spaced):
        starts = bool(re.match(r"(def|class) ", line))
        if starts or (in_block and line and not line[0].isspace()):
            while result and not result[-1]:
                result.pop()
            at = len(result)
            while starts and result[at - 1].startswith("#"):  # comments about it
                at -= 1
            while not result[at - 1]:
                del result[at - 1]
                at -= 1
            result[at:at] = _BLANK
            in_block = starts
        elif not line and index + 1 < len(spaced) and not result[-1]:
            continue
        result.append(line)
    return result
