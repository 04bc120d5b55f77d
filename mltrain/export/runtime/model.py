"""What an exported Python file does besides computing: cells to numbers, outputs to answers, command line, self-test.

An exported file defines the names in capitals, and ``outputs``, for its model.
"""

import argparse
import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

TARGETS: Any = ()
CLASSES: Any = None
THRESHOLD = 0.5
PROBABILITIES = False
COLUMNS: Any = None
INPUT_SHAPE: Any = ()
EXAMPLES: Any = ()
EXPECTED: Any = ()
outputs: Any = None


def inputs_of(row: Any) -> list[float]:
    """The numbers that the network reads, for a row by column name, or a list of cells in the order of the columns.

    Raises ValueError, which names the column.
    """
    inputs: list[float] = []
    if isinstance(row, (list, tuple)):
        names = list(dict.fromkeys(name for name, _, _ in COLUMNS))
        if len(row) != len(names):
            raise ValueError(f"expected {len(names)} cells, got {len(row)}")
        row = dict(zip(names, row, strict=True))
    for name, encode, options in COLUMNS:
        if name not in row:
            raise ValueError(f"the column '{name}' is missing")
        try:
            inputs += encode(row[name], **options)
        except ValueError as error:
            raise ValueError(f"column '{name}': {error}") from None
    return inputs


def numbers_of(row: Any) -> list[float]:
    """The numbers of a row that is a list, or a list of lists, of numbers. Raises ValueError."""
    if hasattr(row, "tolist"):
        row = row.tolist()
    if isinstance(row, (list, tuple)):
        return [number for item in row for number in numbers_of(item)]
    return [float(row)]


def rows_of(rows: Any) -> list[list[float]]:
    """The numbers that the network reads, for each of the rows. Raises ValueError, which names the row."""
    width, found = 1, []
    for length in INPUT_SHAPE:
        width *= length
    for index, row in enumerate(rows):
        try:
            numbers = inputs_of(row) if COLUMNS else numbers_of(row)
            if len(numbers) != width:
                raise ValueError(f"expected {width} numbers, got {len(numbers)}")
        except ValueError as error:
            raise ValueError(f"row {index + 1}: {error}") from None
        found.append(numbers)
    return found


def answer(y: Any) -> dict[str, Any]:
    """What the outputs of a row say: label and probabilities, or numbers by the names of the targets."""
    if not CLASSES:
        return dict(zip(TARGETS, y, strict=True)) if not isinstance(y[0], list) else {"y": y}
    if isinstance(y[0], list):  # an answer for each of several positions
        answers = [answer(one) for one in y]
        return {name: [one[name] for one in answers] for name in answers[0]}
    number = int(y[0] > THRESHOLD) if len(y) == 1 else max(range(len(y)), key=y.__getitem__)
    if not PROBABILITIES:
        return {"label": CLASSES[number], "y": y}
    shares = y if len(y) > 1 else [1 - y[0], y[0]]
    return {"label": CLASSES[number], "probabilities": dict(zip(CLASSES, shares, strict=True))}


def predict_batch(rows: Any) -> list[dict[str, Any]]:
    """The answer for each row. Raises ValueError, which names row and column."""
    return [answer(y) for y in outputs(rows)]


def predict(row: Any) -> dict[str, Any]:
    """The answer for one row. Raises ValueError."""
    return predict_batch([row])[0]


def flat(numbers: Any) -> list[float]:
    """Nested lists, or an array, as one list."""
    numbers = numbers.tolist() if hasattr(numbers, "tolist") else numbers
    return [one for item in numbers for one in flat(item)] if isinstance(numbers, list) else [numbers]


def self_test() -> bool:
    """Whether the rows in this file still give the answers that the model gave when it was exported."""
    found, expected = flat(outputs(EXAMPLES)), flat(EXPECTED)
    scale = max(1.0, *map(abs, expected))
    difference = max(abs(one - other) for one, other in zip(found, expected, strict=True))
    passed = difference <= 1e-4 * scale
    told = (
        "have the answers of the model" if passed else f"differ from the answers of the model, by up to {difference:g}"
    )
    print(f"self-test {'passed' if passed else 'FAILED'}: {len(EXAMPLES)} rows {told}")
    return passed


def read_rows(file: Any) -> list[Any]:
    """The rows of a CSV file: by the names in its first line, or, for a model of plain numbers, all lines."""
    text = file.read()
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = io.StringIO(text, newline="")
    return list(csv.DictReader(lines, delimiter=delimiter) if COLUMNS else csv.reader(lines, delimiter=delimiter))


def shortened(value: Any) -> Any:
    """Numbers with no more digits than a 32-bit float has."""
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def main() -> int:
    """Answer the rows of a CSV file as JSON Lines, or run the self-test."""
    parser = argparse.ArgumentParser(description="Predict the rows of a CSV file; answers are JSON, one a line.")
    parser.add_argument("rows", nargs="?", help="the CSV file; by default standard input")
    parser.add_argument("--self-test", action="store_true", help="check the rows that are in this file")
    given = parser.parse_args()
    if given.self_test:
        return 0 if self_test() else 1
    try:
        if given.rows:
            with Path(given.rows).open(encoding="utf-8-sig", newline="") as file:
                rows = read_rows(file)
        else:
            rows = read_rows(sys.stdin)
        for found in predict_batch(rows):
            print(json.dumps(shortened(found), ensure_ascii=False))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
