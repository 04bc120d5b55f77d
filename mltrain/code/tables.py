"""Tables as code: how the cells of a text file become inputs and targets, with the csv module and NumPy."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mltrain.code.parts import drawn, encoded, shown, taken
from mltrain.code.plan import Plan
from mltrain.code.text import WIDTH, Call, Expression, call, listed, literal, statement
from mltrain.data.columns import LearnedColumn
from mltrain.data.columns.boolean import BooleanColumn
from mltrain.data.columns.category import CategoryColumn
from mltrain.data.columns.number import NumberColumn
from mltrain.data.datasets.csv import Csv
from mltrain.data.find_files import find_file
from mltrain.data.tables.delimited import DelimitedFile

TABLE_HELPERS = {
    "numbers": '''
def numbers(*names):
    """Columns of numbers{scaled}."""
    values = np.stack([table[name] for name in names], 1).astype(float)
    return {values}
''',
    "filled": '''
def filled(*names):
    """Columns of numbers{scaled}; gaps get the {middle}."""
    cells = np.stack([table[name] for name in names], 1)
    values = np.where(np.isin(cells, missing), "nan", cells).astype(float)
    values = np.where(np.isnan(values), np.nan{middle}(values[train], 0), values)
    return {values}
''',
    "one_hot": '''
def one_hot(name, categories):
    """A column for each category: 1 in the rows that have it."""
    return table[name][:, None] == categories
''',
    "gaps": '''
def gaps(name):
    """1 in the rows without a value."""
    return np.isin(table[name], missing)[:, None]
''',
    "others": '''
def others(name, categories):
    """1 in the rows with a value that is none of the categories."""
    return ~np.isin(table[name], [*categories, *missing])[:, None]
''',
}
"""Functions that the code of tables calls, by name."""


def helper_values(plan: Plan, dataset: Csv) -> dict[str, str]:
    """What stands in the gaps of `TABLE_HELPERS`."""
    return {
        "scaled": ", from 0 to 1"
        if dataset.min_max
        else ", with mean 0 and deviation 1"
        if dataset.standardize
        else "",
        "values": _scaled(plan, dataset, "values"),
        "middle": "mean" if dataset.missing == "mean" else "median",
    }


def _scaled(plan: Plan, dataset: Csv, name: str) -> str:
    """An array as a script scales it: by the rows trained on."""
    if not (dataset.min_max or dataset.standardize):
        return name
    spread = f"np.ptp({name}[train], 0)" if dataset.min_max else f"{name}[train].std(0)"
    if not np.ptp(plan.split_of("train").x, axis=0).all():  # some column has one value
        spread = f"np.where({spread}, {spread}, 1)"
    return f"({name} - {name}[train].{'min' if dataset.min_max else 'mean'}(0)) / {spread}"


def csv_code(plan: Plan, dataset: Csv) -> list[str] | None:
    """Lines that read a file and make inputs, targets and parts; None where its columns take more than that."""
    table = plan.job.dataset.preprocessing.table
    held = (dataset.split_column, dataset.validation_path, dataset.test_path)
    if table is None or any(held) or isinstance(dataset.min_max, list) or isinstance(dataset.standardize, list):
        return None
    path = find_file(dataset.path, plan.folder)
    source = dataset.open(path, as_text=True)
    with source:
        assert isinstance(source, DelimitedFile)
        gaps = _gaps(source, dataset.missing_texts(), [*table.targets, *(column.name for column in table.columns)])
    missing = sorted(set().union(*gaps.values()))
    kept = {name: found for name, found in gaps.items() if found and dataset.missing != "drop"}
    fills = any(isinstance(column, NumberColumn) and column.name in kept for column in table.columns)
    if fills and dataset.missing not in (None, "median", "mean"):
        return None
    numbers = "filled" if fills else "numbers"
    columns = [_column_code(column, numbers, missing, has_gaps=column.name in kept) for column in table.columns]
    if not all(columns):
        return None
    lines = _read(shown(path), dataset.encoding or "utf-8-sig", source)
    drops = missing and dataset.missing == "drop"
    if (missing and not (drops and len(missing) == 1)) or any("others" in found for found in columns):
        lines += statement(literal(missing), "missing = ")
    if drops:
        one = f"{literal(missing[0])} not in row" if len(missing) == 1 else "not set(missing) & set(row)"
        lines.append(f"rows = [row for row in rows if {one}]  # missing: drop")
    elif any(gaps[name] for name in table.targets):
        places = {name: f"header.index({literal(name)})" for name in table.targets}
        if not source.has_header:
            places = {name: str(source.columns.index(name)) for name in table.targets}
        known = " and ".join(f"row[{place}] not in missing" for place in places.values())
        lines += statement(f"[row for row in rows if {known}]", "rows = ")
    if source.has_header:
        lines.append("table = {name: np.array(cells) for name, cells in zip(header, zip(*rows))}")
    else:
        lines.append('table = {f"column_{n}": np.array(cells) for n, cells in enumerate(zip(*rows), 1)}')
    classes = plan.job.dataset.row_spec.classes
    lines += _targets(table.targets, classes)
    lines += drawn(plan) or ["train = np.arange(len(y))"]
    lines += _inputs(plan, dataset, _grouped([one for found in columns for one in found.values()]))
    if plan.scales_targets:
        lines += [
            "mean, deviation = y[train].mean(0), y[train].std(0)  # standardize_target",
            "y = ((y - mean) / deviation).astype(np.float32)",
        ]
    elif classes is None:
        lines.append("y = y.astype(np.float32)")
    return [*lines, *encoded(plan), *taken(plan)]


def _read(path: str, encoding: str, source: DelimitedFile) -> list[str]:
    separated = "" if source.delimiter == "," else f", delimiter={literal(source.delimiter)}"
    cells = f"filter(None, csv.reader(file{separated}))"
    name, rest = literal(path), f'newline="", encoding={literal(encoding)}) as file:'
    lines = [
        f"with open({name}, {rest}",
        f"    header, *rows = {cells}" if source.has_header else f"    rows = list({cells})",
    ]
    return lines if len(lines[0]) <= WIDTH else [f"path = {name}", f"with open(path, {rest}", *lines[1:]]


def _targets(names: Sequence[str], classes: Sequence[str] | None) -> list[str]:
    first = f"table[{literal(names[0])}]"
    if classes is not None:
        lines = statement(literal(list(classes)), "classes = ")
        return [*lines, f"y = np.array([classes.index(name) for name in {first}])"]
    if len(names) == 1:
        return [f"y = {first}.astype(float)[:, None]"]
    lines = statement(literal(list(names)), "targets = ")
    return [*lines, "y = np.stack([table[name] for name in targets], 1).astype(float)"]


def _inputs(plan: Plan, dataset: Csv, columns: Sequence[Expression]) -> list[str]:
    """The inputs, side by side. Where all are numbers, no function is called for them."""
    match columns:
        case [Call(name="numbers", arguments=names)]:
            scaled = _scaled(plan, dataset, "x")
            lines = [
                *statement(Call("", names, "[]"), "names = "),
                "x = np.stack([table[name] for name in names], 1).astype(float)",
            ]
            return [*lines, f"x = {scaled if scaled == 'x' else f'({scaled})'}.astype(np.float32)"]
    together = statement(call("np.hstack", listed(columns))._replace(method=".astype(np.float32)"), "x = ")
    if len(together) == 1:
        return together
    return [*statement(listed(columns), "columns = "), "x = np.hstack(columns).astype(np.float32)"]


def _column_code(
    column: LearnedColumn, numbers: str, missing: Sequence[str], *, has_gaps: bool
) -> dict[str, Expression]:
    """The arrays that a column becomes, by the function that makes each; empty where none of `TABLE_HELPERS` does.

    ``numbers`` is the function for numbers.
    """
    name = literal(column.name)
    found: dict[str, Expression] = {}
    has_gap_input = getattr(column, "gap_input", False)
    match column:
        case NumberColumn():
            found[numbers] = call(numbers, name)
        case CategoryColumn():
            if has_gaps and not has_gap_input:
                return {}
            categories = list(column.categories)
            if has_gap_input and len(missing) == 1:  # a gap is one category more
                has_gap_input, categories = False, [*categories, *missing]
            found["one_hot"] = call("one_hot", name, literal(categories))
        case BooleanColumn():
            if has_gaps:
                return {}
            found["one_hot"] = call("one_hot", name, literal([column.yes]))
        case _:
            return {}
    if has_gap_input:
        found["gaps"] = call("gaps", name)
    if getattr(column, "other", False):
        found["others"] = call("others", name, literal(categories))
    return found


def _grouped(columns: Sequence[Expression]) -> list[Expression]:
    """The columns, in which numbers one behind the other are read by one call."""
    groups: list[Expression] = []
    for one in columns:
        before = groups[-1] if groups else ""
        if isinstance(one, Call) and isinstance(before, Call) and one.name == before.name in ("numbers", "filled"):
            groups[-1] = before._replace(arguments=(*before.arguments, *one.arguments))
        else:
            groups.append(one)
    return groups


def _gaps(source: Any, missing: Any, names: Sequence[str]) -> dict[str, set[str]]:
    """For each of some columns of a table, the texts in it that mean that there is no value."""
    places = {name: source.columns.index(name) for name in names}
    found: dict[str, set[str]] = {name: set() for name in names}
    for block in source.blocks():
        for name, place in places.items():
            found[name].update(cell for cell in block.columns[place] if cell in missing)
    return found
