"""``mltrain init csv FILE --target COLUMN``: a config for a table, from a look at it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mltrain.config.yaml_writer import on_one_line
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.cells import Missing
from mltrain.data.tables.opening import is_arrow, is_json_lines, open_rows
from mltrain.data.tables.profile import ColumnProfile, profile
from mltrain.data.tables.text_file import is_text_encoding
from mltrain.errors import DataError, UsageError
from mltrain.names.nearest import no_column

MOST_CLASSES = 20
"""Different whole numbers in the target up to which they are taken for classes."""

_STEPS, _BATCH = 3000, 32
_FEWEST_EPOCHS, _MOST_FOR_NUMBERS, _MOST_FOR_CLASSES = 5, 100, 300
"""Of a small table, numbers are soon learned by heart: benchmarks/compare_sklearn.py shows what these limits do."""


def config_for(path: Path, target: str, folder: Path, layout: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The text of a config of at most fifteen lines that predicts ``target``, and what was decided, in sentences.

    ``folder`` is where the config will stand: that is from where it names the table. ``layout`` are options of the
    dataset that say how the file is laid out; what was guessed and could be otherwise becomes one, too. Raises
    `DataError` where the file or the target cannot be used.
    """
    if is_json_lines(path):
        raise DataError(f"{path}: JSON Lines can be predicted, but not learned from; save the rows as .csv or .parquet")
    kind = "parquet" if is_arrow(path) else "csv"
    if layout and kind == "parquet":
        raise UsageError(f"--{next(iter(layout))}: {path} is no text, and says itself how it is laid out")
    _check(layout)
    with open_rows(path, expected=[target], as_text=True, **layout) as source:
        source.use([name for name in source.columns if name not in source.unusable])
        columns = {column.name: column for column in profile(source, Missing())}
        if target not in columns:
            raise DataError(f"{path}: {no_column(target, source.columns)}")
        if target in source.unusable:
            raise DataError(f"{path}: column '{target}' can be no target: it holds {source.unusable[target]}")
        decided = list(source.notes)
        layout = {**source.guesses, **layout}
        unusable = source.unusable
    if not next(iter(columns.values())).rows:
        raise DataError(f"{path}: there are no rows in it")
    goal = columns.pop(target)
    if goal.kind not in ("numbers", "names"):
        raise DataError(f"{path}: column '{target}' can be no target: it holds {_held(goal)}")
    left_out = {name: column for name, column in columns.items() if _useless(column)}
    used = [column for name, column in columns.items() if name not in left_out]
    if not used:
        raise DataError(f"{path}: there is no column to predict '{target}' from")
    decided += [
        f"'{name}' is left out: it holds {unusable.get(name) or _held(column)}" for name, column in left_out.items()
    ]

    dataset: dict[str, object] = {"type": kind, "path": _seen_from(folder, path), "target": target, "test_split": 0.2}
    dataset |= layout
    if left_out:
        dataset["ignore"] = list(left_out)
    if goal.kind == "numbers" and goal.whole and goal.distinct <= MOST_CLASSES:
        dataset["categories"] = [target]
        decided.append(f"the {goal.distinct} numbers in '{target}' are taken for classes")
    gaps = [column.name for column in (goal, *used) if column.missing]
    if gaps:
        dataset["missing"] = "drop" if goal.missing else "median"
        what = "rows without it are dropped" if goal.missing else "gaps are filled with the median"
        decided.append(f"values are missing in {', '.join(gaps)}: {what}")
    classes = goal.kind == "names" or "categories" in dataset
    return _text(path, goal, dataset, classes=classes), decided


def _check(layout: Mapping[str, Any]) -> None:
    """Raises `UsageError` if a file cannot be laid out so."""
    if len(layout.get("delimiter", ",")) != 1:
        raise UsageError(f"--delimiter {layout['delimiter']}: expected one character")
    if not is_text_encoding(layout.get("encoding", "utf-8")):
        raise UsageError(
            f"--encoding {layout['encoding']}: there is no such encoding; some are utf-8, latin-1, windows-1252, "
            "utf-16, cp1251, gbk"
        )


def _seen_from(folder: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on Windows, from one drive to another
        return str(path.absolute())


def _text(path: Path, goal: ColumnProfile, dataset: dict[str, object], *, classes: bool) -> str:
    outputs = f"units: {goal.distinct}, activation: softmax" if classes else "units: 1"
    options = [f"{option}: {on_one_line(value)}" for option, value in dataset.items()]
    most = _MOST_FOR_CLASSES if classes else _MOST_FOR_NUMBERS
    epochs = max(_FEWEST_EPOCHS, min(most, round(_STEPS * _BATCH / goal.rows)))
    return "\n".join(
        [
            f"# Predicts {goal.name} from the {rows_in_words(goal.rows)} of {path.name}.",
            f"dataset: {{{', '.join(options[:3])},",
            f"  {', '.join(options[3:])}}}",
            "layers:",
            "  - {type: dense, units: 64, activation: relu}",
            f"  - {{type: dense, {outputs}}}",
            f"loss: {'sparse_categorical_crossentropy' if classes else 'mean_squared_error'}",
            "optimizer: adam",
            f"metrics: [{'accuracy' if classes else 'r2, mean_absolute_error'}]",
            f"training: {{epochs: {epochs}, batch_size: {_BATCH}}}",
            "",
        ]
    )


def _useless(column: ColumnProfile) -> bool:
    return column.kind not in ("numbers", "names") or column.constant or column.identifies


def _held(column: ColumnProfile) -> str:
    if column.kind == "empty":
        return "nothing"
    if column.kind == "unusable":
        return "dates, or numbers with a decimal comma"
    if column.kind == "mixed":
        return "numbers and texts"
    if column.constant:
        return "the same in all rows"
    return f"{column.distinct:,} or more different texts in {rows_in_words(column.rows)}"
