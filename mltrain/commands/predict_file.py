"""``mltrain predict --input``: predictions for a whole file of rows, in blocks of constant memory."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mltrain.data.tables.source import Source
from mltrain.data.tables.text_file import STDIN, readable
from mltrain.errors import UsageError
from mltrain.inference.model import Model
from mltrain.inference.prediction_files import Written, written_answers, written_predictions
from mltrain.inference.tables import open_for
from mltrain.runs.run import find_model
from mltrain.system.files import refuse_inputs, write_whole
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.terminal import Terminal

_KINDS = {".csv": False, ".jsonl": True, ".ndjson": True}
"""File name endings of outputs, and whether each means JSON Lines."""

_IN_MEMORY = 16 * 2**20
"""Bytes of a JSON document that are buffered in memory until it is complete; a longer one spools to disk."""

_PIECE = 1 << 20


def run(
    terminal: Terminal, path: Path | None, rows: str, output: str | None, *, probabilities: bool, keep: bool
) -> None:
    """Predict each row of the file ``rows`` and write the predictions, in the same order, to ``output`` or stdout."""
    to_file = None if output is None or output == STDIN else Path(output)
    json_lines = to_file is not None and _is_json_lines(to_file)
    if to_file is not None and not keep and _is_same_file(rows, to_file):
        raise UsageError(
            f"--output {output}: this is the file of the rows, whose own columns would be lost; keep them with --keep, "
            "or name another file"
        )
    file = find_model(path)
    if to_file is not None:
        refuse_inputs(to_file, [file])
    model = Model.load(file)
    if path is None:
        terminal.note(f"model {file}")
    if probabilities and not (model.classes is not None and model.gives_probabilities):
        raise UsageError("--probabilities: this model gives none; only softmax and sigmoid for classes do")
    with open_for(model, rows, keep=keep) as source:
        if to_file is not None and source.has_more_than_rows and _is_same_file(rows, to_file):
            raise UsageError(
                f"--output {output}: this is the file of the rows, which has lines before its table that would be "
                "lost; name another file"
            )
        if to_file is None and terminal.json:
            _print_whole(_read(source, written_answers(model, source, name=str(file), keep=keep)))
        else:
            written = _read(
                source,
                written_predictions(model, source, json_lines=json_lines, probabilities=probabilities, keep=keep),
            )
            if to_file is None:
                for text, _ in written:
                    _print(text)
            else:
                count = _write(to_file, written)
                terminal.note(f"{plural(count, 'prediction')} written to {output}")
        for note in [*source.notes, *source.novelties.sentences()]:
            terminal.note(f"{source.name}: {note}")


def _is_json_lines(output: Path) -> bool:
    """Whether the output's file name asks for JSON Lines."""
    if output.suffix not in _KINDS:
        raise UsageError(f"--output {output}: expected a name that ends with {', '.join(_KINDS)}, or - for stdout")
    return _KINDS[output.suffix]


def _is_same_file(rows: str, output: Path) -> bool:
    """Whether the output is the input file itself, also under another path (a link)."""
    try:
        source = os.fstat(sys.stdin.fileno()) if rows == STDIN else Path(rows).stat()
        return os.path.samestat(source, output.stat())
    except (OSError, ValueError):  # one of the two does not exist, or is not a regular file
        return False


def _read(source: Source, written: Iterator[Written]) -> Iterator[Written]:
    """The same rows; an error while reading is reported for the input file, not for the output file."""
    with readable(source.name):
        yield from written


def _print(text: str) -> None:
    """Write to stdout; characters that its encoding lacks become backslash escapes."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _print_whole(written: Iterator[Written]) -> None:
    """Write to stdout once the document is complete: half a JSON document cannot be parsed."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="") as waiting:
        for text, _ in written:
            waiting.write(text)
        waiting.seek(0)
        while piece := waiting.read(_PIECE):
            _print(piece)


def _write(path: Path, written: Iterator[Written]) -> int:
    """Write the file by an atomic rename, complete or not at all; returns the number of rows."""
    count = 0

    def write(file: BinaryIO) -> None:
        nonlocal count
        for text, rows in written:
            count += rows
            file.write(text.encode("utf-8", "backslashreplace"))

    write_whole(path, write)
    return count
