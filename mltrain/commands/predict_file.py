"""``mltrain predict --input``: what a model makes of a whole file of rows, a block at a time."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mltrain.data.tables.source import Source
from mltrain.data.tables.text_file import STDIN
from mltrain.errors import UsageError
from mltrain.inference.model import Model
from mltrain.inference.prediction_files import written_predictions
from mltrain.inference.tables import open_for
from mltrain.runs.run import find_model
from mltrain.system.files import write_whole
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.terminal import Terminal

_KINDS = {".csv": False, ".jsonl": True, ".ndjson": True}
"""What output files may be called, and whether they are JSON Lines."""


def run(
    terminal: Terminal, path: Path | None, rows: str, output: str | None, *, probabilities: bool, keep: bool
) -> None:
    """Predict each row of the file ``rows`` and write the predictions, in the same order, to ``output`` or stdout."""
    json_lines = _is_json_lines(output, terminal.json)
    file = find_model(path)
    model = Model.load(file)
    if path is None:
        terminal.note(f"model {file}")
    if probabilities and not (model.classes is not None and model.gives_probabilities):
        raise UsageError("--probabilities: this model gives none; only softmax and sigmoid for classes do")
    with open_for(model, rows, as_text=keep) as source:
        texts = written_predictions(model, source, json_lines=json_lines, probabilities=probabilities, keep=keep)
        if output is None or output == STDIN:
            for text in texts:
                sys.stdout.write(text)
            _say_what_is_new(terminal, source)
            return
        count = _write(Path(output), texts)
        _say_what_is_new(terminal, source)
    terminal.note(f"{plural(count - (not json_lines), 'prediction')} written to {output}")


def _say_what_is_new(terminal: Terminal, source: Source) -> None:
    for sentence in source.novelties.sentences():
        terminal.note(sentence)


def _is_json_lines(output: str | None, json: bool) -> bool:
    """Whether to write JSON Lines: by the output's name, or as ``--json`` says where it has none."""
    if output is None or output == STDIN:
        return json
    suffix = Path(output).suffix
    if suffix not in _KINDS:
        raise UsageError(f"--output {output}: expected a name that ends with {', '.join(_KINDS)}, or - for stdout")
    return _KINDS[suffix]


def _write(path: Path, texts: Iterator[str]) -> int:
    """Write all of it or nothing; the number of lines."""
    lines = 0

    def write(file: BinaryIO) -> None:
        nonlocal lines
        for text in texts:
            lines += text.count("\n")
            file.write(text.encode())

    write_whole(path, write)
    return lines
