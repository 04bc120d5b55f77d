"""Deletes runs: only files that mltrain wrote, in an order that is safe to interrupt.

The model is deleted after the files that supplement it, and before the files that are useless without it. An interrupt
leaves either a usable run, or a folder without a model, which no command treats as a run and which can be removed by
the same command.
"""

from collections.abc import Iterable
from pathlib import Path

from mltrain.errors import DataError, ModelFileError, StorageError, UsageError, reason
from mltrain.inference.model_file import MODEL_FORMATS, ModelFile
from mltrain.runs.overwriting import is_marked
from mltrain.runs.run import CONFIG, FILES, HISTORY, MODEL, PLOTS, REPORT
from mltrain.runs.saved_run import read_history
from mltrain.runs.sweep_folder import is_sweep
from mltrain.system.atomic_folder import current_file, delete_unfinished_saves, settle
from mltrain.system.locks import hold_if_possible, release

_UNMARKED = (
    *("boundary", "calibration", "classes", "confusion", "curve", "history", "image", "learning", "mistakes"),
    *("parameters", "residuals", "samples", "units", "weights"),
)
"""Names of the pictures of mltrain 0.1.0, which wrote no marker into them."""

_RUNNING = ".running"
"""Files that a killed training of mltrain 0.1.0 left in its folder."""

_LAST = (MODEL, CONFIG, HISTORY)
_FORMATS = (".png", ".svg", ".pdf", ".gif")


def check_run(folder: Path) -> None:
    """Raises `UsageError` unless this is a folder in which training left a model or a history.

    Symbolic links are refused. Raises `StorageError` if a training is running there.
    """
    if folder.is_symlink():
        raise UsageError(f"{folder}: is a symbolic link; name the folder itself")
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    files = [path for name in FILES if (path := current_file(folder, name))]
    if not any(_is_history(path) if path.name == HISTORY else _is_readable(path) for path in files):
        if is_sweep(folder):
            raise UsageError(f"{folder}: is a sweep, and not the folder of a run; delete it as you delete any folder")
        raise UsageError(f"{folder}: is not the folder of a run: it holds neither a model nor a history of mltrain")
    release(_locked(folder))


def remove_run(folder: Path) -> list[str]:
    """Delete mltrain's files from a run's folder, and the folder if it is empty then; the names of the remaining files.

    Raises `StorageError` if the system refuses, or a training is running there.
    """
    handle = None
    try:
        handle = _locked(folder)
        settle(folder, FILES)
        delete_unfinished_saves(folder, FILES)
        # The pictures' folder is deleted before the model, since without a model it is not recognized as a run's.
        _delete(folder / PLOTS, _pictures(folder / PLOTS))
        _delete(folder, (*(name for name in (REPORT, _RUNNING, *FILES) if name not in _LAST), *_LAST))
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise StorageError(f"{folder}: cannot be removed: {reason(error)}") from error
    finally:
        release(handle)


def _locked(folder: Path) -> int | None:
    """The folder, locked against trainings; None where the system has no locks."""
    try:
        return hold_if_possible(folder)
    except BlockingIOError:
        raise StorageError(f"{folder}: a training is at work there; end it first, nothing was deleted") from None


def _pictures(folder: Path) -> list[str]:
    """The names of the pictures in a folder that mltrain drew."""
    files = [path for path in folder.iterdir() if path.suffix in _FORMATS] if folder.is_dir() else []
    return [path.name for path in files if path.stem in _UNMARKED or is_marked(path)]


def _delete(folder: Path, names: Iterable[str]) -> None:
    """Delete the existing files among these one by one, and the folder if it is empty then.

    Symbolic links are never deleted, neither files nor the folder.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in (folder / name for name in names):
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _is_readable(path: Path) -> bool:
    """Whether this is a model file, or another file of its format."""
    try:
        with ModelFile(path, MODEL_FORMATS):
            return True
    except ModelFileError:
        return False


def _is_history(path: Path) -> bool:
    try:
        return "seconds" in read_history(path)
    except DataError:
        return False
