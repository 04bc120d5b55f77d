"""Tables as code: how the cells of a text file become inputs and targets, with the csv module and NumPy."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from mltrain.code.parts import drawn, encoded, shown, taken
from mltrain.code.plan import Plan
from mltrain.code.text import WIDTH, Argument, Call, Expression, call, flat, listed, literal, statement
from mltrain.data.columns import LearnedColumn
from mltrain.data.columns.boolean import BooleanColumn
from mltrain.data.columns.category import CategoryColumn
from mltrain.data.columns.number import NumberColumn
from mltrain.data.datasets.csv import Csv
from mltrain.data.find_files import find_file
from mltrain.data.tables.delimited import DelimitedFile

TABLE_HELPERS = {
    "number": '''
def number(name):
    """A column of numbers{scaled}."""
    values = np.array([[float(row[name])] for row in table])
    return {values}
''',
    "filled": '''
def filled(name, middle=np.median):
    """A column of numbers; gaps get the middle one{scaled}."""
    cells = [row[name] for row in table]
    values = np.array([[np.nan if cell in missing else float(cell)] for cell in cells])
    known = values[train][~np.isnan(values[train])]
    values = np.where(np.isnan(values), middle(known), values)
    return {values}
''',
    "one_hot": '''
def one_hot(name, categories):
    """A column for each category: 1 in the rows that have it."""
    return np.array([[row[name] == one for one in categories] for row in table])
''',
    "gaps": '''
def gaps(name):
    """1 in the rows without a value."""
    return np.array([[row[name] in missing] for row in table])
''',
    "others": '''
def others(name, categories):
    """1 in the rows with a value that is none of the categories."""
    return np.array([[row[name] not in (*categories, *missing)] for row in table])
''',
}
"""Functions that the code of tables calls, by name."""


def helper_values(dataset: Csv) -> dict[str, str]:
    """What stands in the gaps of `TABLE_HELPERS`."""
    if not dataset.standardize:
        return {"scaled": "", "values": "values"}
    scaled = ", with mean 0 and deviation 1"
    return {"scaled": scaled, "values": "(values - values[train].mean()) / (values[train].std() or 1)"}


def csv_code(plan: Plan, dataset: Csv) -> list[str] | None:
    """Lines that read a file and make inputs, targets and parts; None where its columns take more than that."""
    table = plan.job.dataset.preprocessing.table
    held = (dataset.split_column, dataset.validation_path, dataset.test_path)
    if table is None or any(held) or dataset.min_max or isinstance(dataset.standardize, list):
        return None
    path = find_file(dataset.path, plan.folder)
    source = dataset.open(path, as_text=True)
    with source:
        assert isinstance(source, DelimitedFile)
        gaps = _gaps(source, dataset.missing_texts(), [*table.targets, *(column.name for column in table.columns)])
    columns = [_column_code(column, dataset, has_gaps=bool(gaps[column.name])) for column in table.columns]
    if not all(columns):
        return None
    missing = sorted(set().union(*gaps.values()))
    lines = _read(shown(path), dataset.encoding or "utf-8-sig", source.delimiter)
    if missing or any("others" in found for found in columns):
        lines += statement(literal(missing), "missing = ")
    if missing and dataset.missing == "drop":
        lines.append("table = [row for row in table if not set(missing) & set(row.values())]  # drop")
    elif any(gaps[name] for name in table.targets):
        known = " and ".join(f"row[{literal(name)}] not in missing" for name in table.targets)
        lines.append(f"table = [row for row in table if {known}]")
    classes = plan.job.dataset.row_spec.classes
    lines += _targets(table.targets, classes)
    lines += drawn(plan) or ["train = np.arange(len(table))"]
    items = listed(Argument(one) for found in columns for one in found.values())
    lines += statement(Call("np.hstack", (Argument(_mapped(items)),), method=".astype(np.float32)"), "x = ")
    if plan.scales_targets:
        lines += [
            "# standardize_target: the network learns numbers with mean 0 and deviation 1",
            "mean, deviation = y[train].mean(0), y[train].std(0)",
            "y = ((y - mean) / deviation).astype(np.float32)",
        ]
    elif classes is None:
        lines.append("y = y.astype(np.float32)")
    return [*lines, *encoded(plan), *taken(plan)]


def _read(path: str, encoding: str, delimiter: str) -> list[str]:
    separated = "" if delimiter == "," else f", delimiter={literal(delimiter)}"
    name, rest = literal(path), f'newline="", encoding={literal(encoding)}) as file:'
    lines = [f"with open({name}, {rest}", f"    table = list(csv.DictReader(file{separated}))"]
    return lines if len(lines[0]) <= WIDTH else [f"path = {name}", f"with open(path, {rest}", *lines[1:]]


def _targets(names: Sequence[str], classes: Sequence[str] | None) -> list[str]:
    first = f"row[{literal(names[0])}]"
    if classes is not None:
        lines = statement(literal(list(classes)), "classes = ")
        return [*lines, f"y = np.array([classes.index({first}) for row in table])"]
    if len(names) == 1:
        return [f"y = np.array([[float({first})] for row in table])"]
    lines = statement(literal(list(names)), "targets = ")
    return [*lines, "y = np.array([[float(row[name]) for name in targets] for row in table])"]


def _column_code(column: LearnedColumn, dataset: Csv, *, has_gaps: bool) -> dict[str, Expression]:
    """The arrays that a column becomes, by the function that makes each; empty where none of `TABLE_HELPERS` does."""
    name = literal(column.name)
    has_gaps = has_gaps and dataset.missing != "drop"
    found: dict[str, Expression] = {}
    match column:
        case NumberColumn():
            middles = {None: [], "median": [], "mean": ["np.mean"]}
            if has_gaps and dataset.missing not in middles:
                return {}
            kind = "filled" if has_gaps else "number"
            found[kind] = call(kind, name, *(middles[dataset.missing] if has_gaps else ()))
        case CategoryColumn():
            if has_gaps and not column.gap_input:
                return {}
            categories = literal(list(column.categories))
            found["one_hot"] = call("one_hot", name, categories)
        case BooleanColumn():
            if has_gaps:
                return {}
            found["one_hot"] = call("one_hot", name, literal([column.yes]))
        case _:
            return {}
    if getattr(column, "gap_input", False):
        found["gaps"] = call("gaps", name)
    if getattr(column, "other", False):
        found["others"] = call("others", name, categories)
    return found


def _mapped(columns: Call) -> Call:
    """The columns, in which three numbers or more one behind the other are one item."""
    items: list[Argument] = []
    for is_number, group in groupby(columns.arguments, lambda item: flat(item.value).startswith("number(")):
        found = list(group)
        if is_number and len(found) > 2:
            names = [item.value.arguments[0] for item in found if isinstance(item.value, Call)]
            found = [Argument(call("*map", "number", listed(names)))]
        items += found
    return Call("", tuple(items), "[]")


def _gaps(source: Any, missing: Any, names: Sequence[str]) -> dict[str, set[str]]:
    """For each of some columns of a table, the texts in it that mean that there is no value."""
    places = {name: source.columns.index(name) for name in names}
    found: dict[str, set[str]] = {name: set() for name in names}
    for block in source.blocks():
        for name, place in places.items():
            found[name].update(cell for cell in block.columns[place] if cell in missing)
    return found
