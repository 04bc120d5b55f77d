"""``mltrain init``: the starter configs, which are the lessons."""

import re
from collections.abc import Iterator
from pathlib import Path

from mltrain.config.nearest import did_you_mean
from mltrain.config.schema import schema_text
from mltrain.display.explain import Entries, Entry
from mltrain.display.terminal import Terminal
from mltrain.display.views import verbatim
from mltrain.errors import UsageError
from mltrain.storage.files import write_text

SCHEMA_FILE = "mltrain.schema.json"
"""What the first line of each starter calls the schema that is written beside it."""

_PLACES = (Path(__file__).parents[1] / "starters", Path(__file__).parents[2] / "configs")
"""Where the lessons are: in an installed package, and in a source checkout."""


def run(terminal: Terminal, name: str | None, out: Path | None, *, force: bool = False) -> None:
    """List the starters, or write one, with the schema that tells editors what may stand in it."""
    starters = {path.stem: path for path in _starters()}
    if name is None:
        entries = [Entry(stem, _first_sentence(path.read_text("utf-8"))) for stem, path in starters.items()]
        terminal.result(Entries(entries), {})
        terminal.note("write one with: mltrain init NAME")
        return
    if name not in starters:
        raise UsageError(
            f"there is no starter '{name}'{did_you_mean(name, starters, '; list them with: mltrain init')}"
        )
    path = out or Path(f"{name}.yaml")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; name another file with --out, or write over it with --force")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first")
    write_text(path, starter(name))
    write_text(path.parent / SCHEMA_FILE, schema_text())
    terminal.result(verbatim(f"{path}"), {})
    terminal.note(f"train it with: mltrain fit {path}")


def starter(name: str) -> str:
    """The text of a starter."""
    return next(path for path in _starters() if path.stem == name).read_text("utf-8")


def _starters() -> Iterator[Path]:
    folder = next(place for place in _PLACES if place.is_dir())
    return iter(sorted(folder.glob("*.yaml")))


def _first_sentence(text: str) -> str:
    """The first sentence of a config's comments, after the line for editors."""
    comment = " ".join(line.lstrip("# ") for line in text.splitlines()[1:] if line.startswith("#")).strip()
    return re.split(r"(?<=[.?])\s", comment, maxsplit=1)[0]
