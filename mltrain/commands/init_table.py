"""``mltrain init csv FILE --target COLUMN``: a config that is derived from the columns of a table."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mltrain.config.convert import convert
from mltrain.config.yaml_writer import on_one_line
from mltrain.data.base import DatasetSpec
from mltrain.data.columns import COMMON_GAPS, Guess, Held, Misfit, Odd
from mltrain.data.columns.category import RARE, Category
from mltrain.data.columns.date import Date
from mltrain.data.columns.identifier import Identifier
from mltrain.data.columns.index import FIRST, Index
from mltrain.data.columns.number import Number, counts_rows
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.cells import DEFAULT_MISSING, Missing, canonical, means_missing
from mltrain.data.tables.layout import NO_DELIMITERS
from mltrain.data.tables.opening import is_arrow, is_json_lines, open_rows
from mltrain.data.tables.profile import profile, recognize
from mltrain.data.tables.text_file import is_text_encoding
from mltrain.data.tables.totals import about_totals, row_of_totals
from mltrain.engine.arrays import size
from mltrain.errors import DataError, UsageError
from mltrain.names.nearest import no_column

Task = Literal["regression", "classes"]

_MOST_CLASSES, _MOST_EITHER = 10, 50
"""Distinct whole numbers up to which a target is read as classes, and up to which it may be classes."""

_REPEATED = 5
"""The least mean number of rows per distinct whole number for which a target is read as classes."""

_MOST_NAMED = 8

_MOST_ONE_HOT = 50
"""Names of a column up to which each becomes an input; more are embedded. See docs/your-data.md for what that gains."""

_SHORTEST_VECTOR = 4
"""Numbers that stand for an embedded name, at least; of many names, the fourth root of their number."""

_OTHERS = "input"
"""The name of the input of all columns that are not embedded."""

_TAKEN = re.compile(rf"{_OTHERS}|(periodic_embedding|embedding|concatenate|flatten|dense|dropout)(_\d+)?")
"""Names that no other input can have beside the layers that are written."""

_MOST_STEPS, _BATCH = 6000, 64
"""Steps that a training takes at most, whatever the rows, and rows of each. What each number here, and each line of the
config, is worth on public tables is in docs/first-model.md, measured by ``python -m benchmarks.tables``."""

_PATIENCE, _PATIENCE_OF_FOLDS = 0.2, 0.05
"""The share of the steps after which training stops if the validation loss has not improved. A mean of folds wavers
less, as it is one of more rows and networks."""

_UNITS, _DROPOUT = 128, 0.2

_MANY = 4000
"""Rows from which on weights decay less. From 3,600 rows down more decay gains, from 4,300 rows up it loses."""

_LOSS_OF_CLASSES = (
    "{type: categorical_crossentropy, label_smoothing: 0.1}  # asks for 90% certainty, since some rows are odd"
)

_MOST_EMBEDDED = 128
"""Inputs up to which each is embedded in cosines: with more of them, most are words or names, and steps get slow."""

_FEWEST_WATCHED = 20
"""Rows from which on training is stopped by what rows say that are held out. A few rows say nothing."""

_FEWEST_HELD_BACK = 2000
"""Rows from which on a part is kept for validation, and one for the test. Of fewer rows, folds are held out in turn."""

_FOLDS = 3
"""Parts that are held out in turn. Five are no better on public tables, and take almost twice the time."""

_FEWEST_TESTED = 3
"""Rows from which on a fifth of them is a row or more."""

_FEWEST_EPOCHS, _EPOCHS_UNWATCHED = 5, 100


def config_for(
    path: Path, target: str, folder: Path, layout: Mapping[str, Any], task: Task | None = None
) -> tuple[str, list[str]]:
    """The text of a config of at most 25 lines that predicts ``target``, and sentences about the choices.

    ``folder`` is the config's future folder, to which the table's path is relative. ``layout`` are options of the
    dataset on the file's format; uncertain guesses are written as options, too. ``task`` is regression or classes; by
    default it is derived from the target's values. Raises `DataError` if the file or the target cannot be used.
    """
    if is_json_lines(path):
        raise DataError(f"{path}: JSON Lines can be predicted, but not learned from; save the rows as .csv or .parquet")
    kind = "parquet" if is_arrow(path) else "csv"
    if layout and kind == "parquet":
        raise UsageError(f"--{next(iter(layout))}: {path} is no text, and says itself how it is laid out")
    layout = _checked(layout)
    with open_rows(path, expected=[target], as_text=True, **layout) as source:
        source.use([name for name in source.columns if name not in source.unusable])
        columns = {held.name: held for held in profile(source, Missing())}
        if target not in columns:
            joined = len(source.columns) == 1 and target in source.columns[0]
            advice = "; if something else separates its cells, say it: init csv --delimiter" if joined else ""
            raise DataError(f"{path}: {no_column(target, source.columns)}{advice}")
        if target in source.unusable:
            raise DataError(f"{path}: column '{target}' can be no target: it holds {source.unusable[target]}")
        decided = list(source.notes)
        layout = {**source.guesses, **layout}
        unusable = source.unusable
    first = next(iter(columns.values()))
    if not first.rows:
        raise DataError(f"{path}: there are no rows in it")
    goal = _goal(path, columns.pop(target), task)
    dataset: dict[str, Any] = {"type": kind, "path": _relative_path(folder, path), "target": target}
    dataset |= _held_back(goal.held.present) | layout
    guesses = {name: recognize(held) for name, held in columns.items()}
    guesses = {name: _embedded(columns[name], guess) for name, guess in guesses.items()}
    useless = {
        name: f"it holds {unusable[name]}" if name in unusable else why
        for name, held in columns.items()
        if (why := _useless(held, guesses[name])) is not None
    }
    counting = [name for name, held in columns.items() if name not in useless and counts_rows(held)]
    if len(useless) + len(counting) < len(columns):
        useless |= dict.fromkeys(counting, "it numbers the rows")
    used = {name: guess for name, guess in guesses.items() if name not in useless}
    if not used:
        why = _listed(useless) or "the file has no other"
        raise DataError(f"{path}: there is no column to predict '{target}' from ({why})")
    if useless:
        dataset["ignore"] = list(useless)
    kinds = {name: _asked(guess) for name, guess in used.items() if not isinstance(guess.kind, Number)}
    if kinds:
        dataset["columns"] = kinds
    if goal.classes and goal.holds_numbers:
        dataset["categories"] = [target]
    odd = [(name, guess, one) for name, guess in {target: goal.guess, **used}.items() for one in guess.odd]
    for name, guess, one in odd:
        if means_missing(one.text):
            is_name = any(one.text in columns[other].counts for other in used if not guesses[other].odd)
            if is_name or (name != target and one.text in goal.held.counts and not goal.guess.odd):
                _count_as_missing(dataset, name, guess, one.text)
            else:
                dataset.setdefault("missing_values", [*DEFAULT_MISSING]).append(one.text)
    if "missing_values" in dataset:
        dataset["missing_values"] = list(dict.fromkeys(dataset["missing_values"]))
    total = row_of_totals(first)
    decided += [
        f"'{target}' is the target: {goal.reason}",
        *_about_kinds(used),
        *_about_useless(useless),
        *_about_questions(used),
        *([f"row {total.first:,}, column '{first.name}': {about_totals(total)}"] if total is not None else []),
        *_about_odd([one for one in odd if one[2] != total]),
        *_about_gaps(target, goal, {name: columns[name].missing for name in used}),
    ]
    embedded = {name: _names_in(columns[name]) for name, guess in used.items() if isinstance(guess.kind, Index)}
    inputs, said = _trial(dataset, path)
    has_numbers = any(isinstance(guess.kind, Number | Date) for guess in used.values())
    others = [] if len(embedded) == len(used) else [_OTHERS]
    if has_numbers and inputs <= _MOST_EMBEDDED:
        others = ["periodic_embedding"]
    if not all(means_missing(one.text) for _, _, one in odd):
        said = []  # that fit refuses these texts is said already
    return _text(path, goal, dataset, embedded, others), [*decided, *said]


class _Goal(NamedTuple):
    """The kind of the target, and the reason. ``classes`` is their number; 0 means regression."""

    held: Held
    guess: Guess
    classes: int
    reason: str

    @property
    def holds_numbers(self) -> bool:
        return isinstance(self.guess.kind, Number)


def _goal(path: Path, held: Held, task: Task | None) -> _Goal:
    """Decide whether the target is numbers or classes. Raises `DataError` if it can be neither."""
    values = {canonical(text) for text in held.counts}
    if not values:
        raise DataError(f"{path}: column '{held.name}' can be no target: it is empty")
    if len(values) == 1:
        raise DataError(f"{path}: column '{held.name}' can be no target: it holds {values.pop()!r} in all rows")
    numbers = Number().examine(held)
    is_code = isinstance(numbers, Guess) and numbers.confidence < 0.5 and task is None
    if isinstance(numbers, Misfit) or is_code:
        guess = recognize(held)
        if isinstance(guess.kind, Date):
            raise DataError(f"{path}: column '{held.name}' can be no target: it holds dates")
        if isinstance(numbers, Misfit) and task == "regression":
            raise DataError(f"{path}: column '{held.name}' cannot be taken for numbers: {numbers.text!r} {numbers.why}")
        if 2 * len(values) > held.present > _MOST_CLASSES or not held.all_kept:
            raise DataError(
                f"{path}: column '{held.name}' can be no target: it has {len(values):,} different texts in "
                f"{rows_in_words(held.present)}, about one a row"
            )
        return _Goal(held, guess, len(values), f"{len(values):,} classes, as its cells are names")
    read = {numbers.found.notation.read(text) for text in held.counts}
    whole = all(value is None or value.is_integer() for value in read)
    each = held.present / len(values)
    is_few = len(values) == 2 or (len(values) <= _MOST_CLASSES and (each >= _REPEATED or (each >= 2 and _count(read))))
    if task == "classes" and 2 * len(values) > held.present > _MOST_CLASSES:
        raise DataError(
            f"{path}: column '{held.name}' cannot be taken for classes: it has {len(values):,} different numbers in "
            f"{rows_in_words(held.present)}, about one a row"
        )
    if task == "classes" or (task is None and whole and is_few):
        how = "as you say" if task else f"as its {len(values)} whole numbers come up again and again"
        other = "; if they are numbers to you, as marks are, say --regression" if not task and len(values) > 2 else ""
        return _Goal(held, numbers, len(values), f"{len(values):,} classes, {how}{other}")
    reason = "numbers, as you say" if task else f"numbers, as {numbers.reason}"
    if task is None and whole and each >= _REPEATED and len(values) <= _MOST_EITHER:
        reason += f"; if its {len(values)} different ones are classes to you, say --classes"
    return _Goal(held, numbers, 0, reason)


def _count(read: set[float | None]) -> bool:
    """Whether these are consecutive whole numbers from 0 or 1, as class numbers are."""
    numbers = sorted(value for value in read if value is not None)
    return numbers[0] in (0, 1) and numbers == [numbers[0] + step for step in range(len(numbers))]


def _useless(held: Held, guess: Guess) -> str | None:
    """The reason why a column carries no information."""
    if isinstance(guess.kind, Identifier):
        return guess.reason
    values = {canonical(text) for text in held.counts}
    if len(values) > 1 or (held.missing >= COMMON_GAPS * held.rows and held.missing):
        return None  # whether a cell holds anything tells something, too, as in columns of crosses
    return f"it holds {values.pop()!r} in all rows" if not held.missing else f"it holds nothing but {values.pop()!r}"


def _embedded(held: Held, guess: Guess) -> Guess:
    """The guess for a column; names that are too many for an input each become an index for an embedding layer."""
    names = Counter[str]()
    for text, count in held.counts.items():
        names[canonical(text)] += count
    frequent = sum(count >= RARE for count in names.values())
    if not isinstance(guess.kind, Category) or frequent <= _MOST_ONE_HOT or _TAKEN.fullmatch(held.name):
        return guess
    return guess._replace(kind=Index(), reason=f"an embedding suits {held.different(len(names))} names")


def _names_in(held: Held) -> int:
    return len({canonical(text) for text in held.counts})


def _count_as_missing(dataset: dict[str, Any], name: str, guess: Guess, text: str) -> None:
    """Let a text mean in one column of numbers that there is no value, because it is a name in another column."""
    if isinstance(guess.kind, Number):
        kind = dataset.setdefault("columns", {}).setdefault(name, {"type": "number", "missing_values": []})
        kind["missing_values"].append(text)


def _asked(guess: Guess) -> Any:
    """The config's word for the guessed kind; of two possible date formats the first."""
    if isinstance(guess.kind, Date) and guess.open:
        return {"type": "date", "order": guess.found.order}
    return guess.kind.type_name()


def _asked_about(guess: Guess) -> str:
    """The ambiguity of a column, and the choice that the config makes."""
    return f"{guess.question}; the config says {guess.found.order} for now" if guess.open else guess.question


def _about_kinds(used: Mapping[str, Guess]) -> Iterator[str]:
    """The kinds of the columns with reasons: one sentence for all columns with the same kind and reason."""
    same: dict[tuple[str, str], list[str]] = {}
    for name, guess in used.items():
        same.setdefault((guess.kind.type_name(), guess.reason), []).append(name)
    for (kind, reason), names in same.items():
        yield f"{_some(names)}: {kind}, as {reason}"


def _about_useless(useless: Mapping[str, str]) -> Iterator[str]:
    """The columns that are left out: one sentence for all with the same reason."""
    same: dict[str, list[str]] = {}
    for name, why in useless.items():
        same.setdefault(why, []).append(name)
    for why, names in same.items():
        yield f"{_some(names)} {'is' if len(names) == 1 else 'are'} left out: {why}"


def _about_questions(used: Mapping[str, Guess]) -> Iterator[str]:
    """What could be read in two ways: the first column of each kind in full, and the names of the others."""
    asked: dict[str, list[tuple[str, Guess]]] = {}
    for name, guess in used.items():
        if guess.question:
            asked.setdefault(guess.kind.type_name(), []).append((name, guess))
    for (name, guess), *others in asked.values():
        also = f"; the same holds for {_some([other for other, _ in others])}" if others else ""
        yield f"column '{name}': {_asked_about(guess)}{also}"


def _about_odd(odd: Sequence[tuple[str, Guess, Odd]]) -> Iterator[str]:
    """The texts among numbers or dates: a sentence on those that count as missing, and one on all others."""
    where = [
        (
            one,
            f"{one.text!r} stands among the {guess.kind.type_name()}s of '{name}' in {rows_in_words(one.rows)}, "
            f"first in row {one.first:,}",
        )
        for name, guess, one in odd
    ]
    missing = [said for one, said in where if means_missing(one.text)]
    if missing:
        are = "it counts as missing, and is" if len(missing) == 1 else "they count as missing, and are"
        yield f"{_most(missing)}: {are} in missing_values"
    unknown = [said for one, said in where if not means_missing(one.text)]
    if unknown:
        texts = ", ".join(dict.fromkeys(repr(one.text) for _, _, one in odd if not means_missing(one.text)))
        advice = f"if it means that there is no value, add it: missing_values: ['', NA, {texts}]"
        yield f"{_most(unknown)}, which fit refuses: {advice}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_MOST_NAMED]) + more


def _most(sentences: Sequence[str]) -> str:
    return ", ".join(sentences[:_MOST_NAMED]) + (", ..." if len(sentences) > _MOST_NAMED else "")


def _about_gaps(target: str, goal: _Goal, missing: Mapping[str, int]) -> Iterator[str]:
    if goal.held.missing:
        are = "is" if goal.held.missing == 1 else "are"
        yield f"'{target}' is missing in {rows_in_words(goal.held.missing)}, which {are} left out"
    gaps = [f"'{name}' ({count:,})" for name, count in missing.items() if count]
    if gaps:
        some = ", ".join(gaps[:_MOST_NAMED]) + (", ..." if len(gaps) > _MOST_NAMED else "")
        yield f"values are missing in {some}: numbers get the median, and names the name 'missing'"


def _trial(dataset: dict[str, Any], path: Path) -> tuple[int, Sequence[str]]:
    """How many inputs the columns without an index make, 0 if rows cannot be read; and what ``fit`` would report."""
    try:
        rows = convert(DatasetSpec, {**dataset, "path": str(path)}).load(0, path.parent)
    except DataError as error:
        return 0, [f"fit will refuse this: {error}"]
    others = rows.row_spec.inputs.get(_OTHERS)
    return 0 if others is None else size(others.shape), rows.warnings


def _listed(useless: Mapping[str, str]) -> str:
    return "; ".join(f"'{name}': {why}" for name, why in useless.items())


def _checked(layout: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options; a tab may be written as backslash and t. Raises `UsageError` for an invalid option."""
    if layout.get("delimiter") in ("\\t", "tab"):
        layout = {**layout, "delimiter": "\t"}
    if len(layout.get("delimiter", ",")) != 1 or layout.get("delimiter", ",") in NO_DELIMITERS:
        raise UsageError(f"--delimiter {layout['delimiter']}: expected one character, no quote and no line end")
    if not is_text_encoding(layout.get("encoding", "utf-8")):
        raise UsageError(
            f"--encoding {layout['encoding']}: there is no such encoding; some are utf-8, latin-1, windows-1252, "
            "utf-16, cp1251, gbk"
        )
    return layout


def _relative_path(folder: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on Windows, there is no relative path between two drives
        return str(path.absolute())


def _held_back(rows: int) -> dict[str, float]:
    """The shares of the rows that are not trained on."""
    if rows >= _FEWEST_HELD_BACK:
        return {"validation_split": 0.1, "test_split": 0.1}
    return {"test_split": 0.2} if _FEWEST_TESTED <= rows < _FEWEST_WATCHED else {}


def _text(path: Path, goal: _Goal, dataset: dict[str, Any], embedded: Mapping[str, int], others: Sequence[str]) -> str:
    options = [f"{option}: {on_one_line(value)}" for option, value in dataset.items()]
    rows = goal.held.present
    return "\n".join(
        [
            f"# Predicts {goal.held.name} from the {rows_in_words(rows)} of {path.name}. "
            "What each line does, and buys: docs/first-model.md",
            f"dataset: {{{', '.join(options[:3])}{',' if options[3:] else '}'}",
            *([f"  {', '.join(options[3:])}}}"] if options[3:] else []),
            "layers:",
            *_embedding_layers(embedded, others),
            *_layers(goal),
            f"loss: {_LOSS_OF_CLASSES if goal.classes else 'mean_squared_error'}",
            f"optimizer: {{type: adamw, weight_decay: {_weight_decay(rows)}}}"
            "  # as adam, and all weights shrink a little in each step",
            f"metrics: [{'accuracy' if goal.classes else 'r2, mean_absolute_error'}]",
            "training:",
            *_training(rows, dataset),
            "",
        ]
    )


def _weight_decay(rows: int) -> float:
    """Much where there are few rows to learn by heart."""
    return 0.5 if rows < _MANY else 0.1


def _layers(goal: _Goal) -> list[str]:
    """Two wide layers, whatever the table, and one for the answer."""
    outputs = f"units: {goal.classes}, activation: softmax" if goal.classes else "units: 1"
    dense, dropout = f"{{type: dense, units: {_UNITS}, activation: relu}}", f"{{type: dropout, rate: {_DROPOUT}}}"
    return [
        f"  - {dense}",
        f"  - {dropout}  # leaves out a fifth of the neurons in each step, against learning by heart",
        f"  - {dense}",
        f"  - {dropout}",
        f"  - {{type: dense, {outputs}}}",
    ]


def _training(rows: int, dataset: Mapping[str, Any]) -> list[str]:
    """How long to train: steps count, so that a small table gets many epochs and a large one few."""
    trained = rows * (1 - dataset.get("validation_split", 0) - dataset.get("test_split", 0))
    epochs = max(_FEWEST_EPOCHS, round(_MOST_STEPS * _BATCH / max(trained, _BATCH)))
    if rows < _FEWEST_WATCHED:
        return [f"  epochs: {min(epochs, _EPOCHS_UNWATCHED)}", f"  batch_size: {_BATCH}"]
    if "validation_split" in dataset:
        patience = max(_FEWEST_EPOCHS, round(epochs * _PATIENCE))
        stopping, why = f"patience: {patience}", "stops when val_loss gains no more; keeps the best epoch"
    else:
        patience = max(_FEWEST_EPOCHS, round(epochs * _PATIENCE_OF_FOLDS))
        stopping = f"patience: {patience}, folds: {_FOLDS}"
        why = "finds the best epoch on rows held out in turn, then trains on all"
    return [
        f"  epochs: {epochs}  # at most",
        f"  batch_size: {_BATCH}",
        f"  early_stopping: {{{stopping}}}  # {why}",
    ]


def _embedding_layers(embedded: Mapping[str, int], others: Sequence[str]) -> list[str]:
    """A vector for the name in each of these columns, put beside each other and beside the other inputs.

    ``others`` names what holds these, if there are any: the dataset's input, or a layer that embeds it in cosines.
    """
    names = [f"embedding_{number}" if number else "embedding" for number in range(len(embedded))]
    layers = [
        f"  - {{type: embedding, inputs: [{on_one_line(column)}], input_dim: {FIRST + count}, "
        f"output_dim: {max(_SHORTEST_VECTOR, round(count**0.25))}}}"
        for column, count in embedded.items()
    ]
    if "periodic_embedding" in others:
        layer = f"{{type: periodic_embedding, inputs: [{_OTHERS}]}}" if names else "periodic_embedding"
        layers.insert(0, f"  - {layer}  # waves of each number, for what rises and falls along a column")
    if len(names) > 1:
        layers.append(f"  - {{type: concatenate, inputs: [{', '.join(names)}]}}")
    if names:
        layers.append("  - flatten")
    if names and others:
        layers.append(f"  - {{type: concatenate, inputs: [{', '.join(others)}, flatten]}}")
    return layers
