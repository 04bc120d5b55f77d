"""``mltrain init``: the starter configs, which are the lessons."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mltrain.commands.init_table import Task, config_for
from mltrain.config.schema import schema_text
from mltrain.config.starters import starter, starters, table_of_starter
from mltrain.errors import UsageError
from mltrain.names.nearest import did_you_mean
from mltrain.runs.overwriting import refuse_unmarked
from mltrain.system.files import refuse_inputs, write_text
from mltrain.views.terminal.explain import Entries, Entry
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim

SCHEMA_FILE = "mltrain.schema.json"
"""The file name of the schema in the first line of each starter."""

EDITOR_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}"
"""The first line of each starter: editors read the schema's path from it."""

_TABLE_PATH = re.compile(r"\.\./data/(\w+\.csv)")
"""A table's path in a packaged starter; ``init`` writes the table beside the config and shortens the path."""

TABLE, IMAGES = "csv", "images"
"""The starters that are generated, for a CSV file and for a folder of images; the others are copied."""


def run(
    terminal: Terminal,
    name: str | None,
    out: Path | None,
    *,
    force: bool = False,
    rows: Path | None = None,
    target: str | None = None,
    layout: Mapping[str, Any] | None = None,
    task: Task | None = None,
) -> None:
    """List the starters, or write one, with the JSON Schema for editors.

    ``csv`` is generated for the file ``rows``; it predicts the column ``target`` as ``task`` says (numbers or classes).
    ``layout`` are options on the file's format, such as the delimiter. ``images`` is generated for the folder ``rows``.
    """
    if name == IMAGES:
        _init_images(terminal, rows, out, force=force, of_tables=target is not None or bool(layout) or task is not None)
        return
    if (name == TABLE) != (rows is not None and target is not None) or (rows is None) != (target is None):
        raise UsageError(
            "for a table of your own, say which and what to predict: mltrain init csv FILE --target COLUMN"
        )
    if layout and rows is None:
        raise UsageError(f"--{next(iter(layout))} goes with a table: mltrain init csv FILE --target COLUMN")
    if rows is not None and target is not None:
        config = out or rows.with_suffix(".yaml")
        refuse_inputs(config, [rows])
        text, decided = config_for(rows, target, config.parent, layout or {}, task)
        for sentence in decided:
            terminal.note(sentence)
        _write(terminal, config, f"{EDITOR_LINE}\n{text}", force=force)
        return
    known = starters()
    if name is None:
        entries = [Entry(stem, _first_sentence(path.read_text("utf-8"))) for stem, path in known.items()]
        terminal.result(Entries(entries), {})
        terminal.note("write one with: mltrain init NAME")
        terminal.note("for a table of your own: mltrain init csv FILE --target COLUMN")
        terminal.note("for images of your own: mltrain init images FOLDER")
        return
    if name not in known:
        raise UsageError(f"there is no starter '{name}'{did_you_mean(name, known, '; list them with: mltrain init')}")
    path = out or Path(f"{name}.yaml")
    text = starter(name)
    _write(terminal, path, _TABLE_PATH.sub(r"\1", text), force=force)
    for table in _TABLE_PATH.findall(text):
        if not (path.parent / table).exists():
            write_text(path.parent / table, table_of_starter(table).read_text("utf-8"))
            terminal.note(f"its rows are in {path.parent / table}")


def _init_images(terminal: Terminal, folder: Path | None, out: Path | None, *, force: bool, of_tables: bool) -> None:
    if folder is None or of_tables:
        raise UsageError("for images of your own, say where they are, and nothing else: mltrain init images FOLDER")
    from mltrain.commands.init_images import config_for_images

    config = out or Path(f"{folder.resolve().name}.yaml")
    refuse_inputs(config, [folder])
    text, decided = config_for_images(folder, config.parent)
    for sentence in decided:
        terminal.note(sentence)
    _write(terminal, config, f"{EDITOR_LINE}\n{text}", force=force)


def _write(terminal: Terminal, path: Path, text: str, *, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; name another file with --out, or write over it with --force")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first")
    refuse_unmarked(path.parent / SCHEMA_FILE)
    write_text(path, text)
    write_text(path.parent / SCHEMA_FILE, schema_text())
    terminal.result(verbatim(f"{path}"), {})
    terminal.note(f"train it with: mltrain fit {path}")


def _first_sentence(text: str) -> str:
    """The first sentence of a config's comments, after the line with the schema."""
    comment = " ".join(line.lstrip("# ") for line in text.splitlines()[1:] if line.startswith("#")).strip()
    return re.split(r"(?<=[.?])\s", comment, maxsplit=1)[0]
