"""``mltrain runs rm``: delete runs."""

from collections.abc import Sequence
from pathlib import Path

from mltrain.errors import UsageError
from mltrain.runs.removal import check_run, remove_run
from mltrain.runs.run import find_run
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.terminal import Terminal


def run(terminal: Terminal, paths: Sequence[Path], *, yes: bool) -> None:
    """Delete each run's folder, after a question; nothing is deleted unless all of ``paths`` are runs."""
    folders = list(dict.fromkeys(map(find_run, paths)))
    for folder in folders:
        check_run(folder)
    named = ", ".join(map(str, folders))
    if not yes:
        answer = terminal.ask(f"Delete {plural(len(folders), 'run')}, {named}? [y/N] ")
        if answer is None:
            raise UsageError(f"nobody can be asked here whether to delete {named}; say so with --yes")
        if answer.strip().lower() not in ("y", "yes"):
            terminal.note("nothing was deleted")
            return
    for folder in folders:
        left = remove_run(folder)
        terminal.note(f"deleted {folder}" + (f", except for what is not mltrain's: {', '.join(left)}" if left else ""))
