"""The folder of a sweep: its config, its journal, the best config and its run, the table of trials."""

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from mltrain.errors import StorageError, UsageError, reason
from mltrain.runs.run_folders import claim_folder, claim_number

SWEEPS = Path("sweeps")
SWEEP, JOURNAL, BEST_CONFIG, TRIALS = "sweep.yaml", "journal.log", "best.yaml", "trials.csv"
BEST_RUN = "best-run.txt"
"""The name of the run, below ``runs/``, that has the best network."""
SWEEP_FILES = (SWEEP, JOURNAL, BEST_CONFIG, BEST_RUN, TRIALS)


def is_sweep(folder: Path) -> bool:
    """Whether it is the folder of a sweep: a config of that name may be anywhere, trials beside it are not."""
    return (folder / SWEEP).is_file() and any((folder / name).is_file() for name in (TRIALS, JOURNAL))


def column_of(path: str) -> str:
    """The column of a parameter in the table of trials; ``loss`` is that of the number."""
    return "loss (parameter)" if path == "loss" else path


@contextlib.contextmanager
def sweep_folder(name: str, out: Path | None, resumed: Path | None) -> Iterator[Path]:
    """The locked folder of a sweep: the next free ``sweeps/<name>-<NNN>``, or ``out``, or that of a ``resumed`` one.

    No other sweep can be in it at the same time. Raises `UsageError` for a folder that has a sweep already, or for
    ``resumed`` has none, and `StorageError`.
    """
    wish = resumed or out
    if resumed is None and out is not None and (there := [name for name in SWEEP_FILES if (out / name).exists()]):
        raise UsageError(f"{out}: there is a sweep already ({there[0]}); go on with it by --resume {out}")
    claim = partial(claim_number, SWEEPS, name, ()) if wish is None else partial(claim_folder, wish, ())
    try:
        claimed = claim()
    except BlockingIOError:
        raise StorageError(f"{wish}: another mltrain is working there right now") from None
    except OSError as error:
        raise StorageError(f"{wish or SWEEPS}: the sweep cannot be written there: {reason(error)}") from error
    try:
        yield claimed.folder
    finally:
        claimed.give_up()


def resumable(name: Path) -> Path:
    """The folder of a sweep by its path, or by its name below ``sweeps/``. Raises `UsageError` if it is none."""
    found = next((folder for folder in (name, SWEEPS / name) if (folder / SWEEP).is_file()), None)
    if found is None:
        raise UsageError(f"{name}: holds no {SWEEP}, so it is not the folder of a sweep, such as {SWEEPS}/NAME-001")
    return found
