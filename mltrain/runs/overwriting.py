"""Decides which files mltrain may overwrite: only files that it wrote itself, and never one of its inputs.

`mltrain fit --out DIR`, `mltrain plot --out DIR` and `mltrain report` write files of fixed names to a folder that the
user names, where a file of that name may be the user's work. A file counts as mltrain's own only if its
content says so.
"""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import msgspec

from mltrain.config import Config
from mltrain.config.config_files import read_text
from mltrain.config.convert import convert
from mltrain.config.dump import to_yaml
from mltrain.config.load import read_words
from mltrain.config.yaml_reader import read_yaml
from mltrain.config.yaml_writer import write_yaml
from mltrain.errors import DataError, MltrainError, ModelFileError, UsageError
from mltrain.inference.model_file import MODEL_FORMATS, ModelFile
from mltrain.runs.run import HISTORY, MEMBERS, OUT_OF_FOLD
from mltrain.runs.saved_run import read_history, read_members
from mltrain.system.atomic_folder import SAVED
from mltrain.system.files import is_same_file
from mltrain.system.safe_open import open_file

MARK = "mltrain"
"""The marker that mltrain writes into its pictures and pages."""

_WHERE = 4096
"""`MARK` is searched in so many bytes at the beginning and at the end of a file."""


def refuse_foreign(folder: Path, names: Collection[str], inputs: Iterable[Path], option: str = "--out") -> None:
    """Raises `UsageError` if a training may not write files of these names to ``folder``.

    A file that no run of mltrain wrote is not overwritten. ``inputs`` are the files that the training reads: an input
    is only overwritten if it is a run's own config that is trained again. ``option`` names the folder.
    """
    paths = [path / name for path in (folder, folder / SAVED) for name in names]
    there = [path for path in paths if path.exists() or path.is_symlink()]
    inputs = list(inputs)
    meta = [found for path in there if path.suffix == ".npz" for found in [_meta(path)] if found is not None]
    is_run = bool(meta) or any(_is_table(path) for path in there if path.suffix == ".csv")
    for path in there:
        read = any(is_same_file(path, one) for one in inputs)
        if not path.is_file():
            own = False
        elif path.suffix == ".yaml":
            own = is_run and _is_config_of(path, meta)
        else:
            own = not read and (_meta(path) is not None if path.suffix == ".npz" else _is_table(path))
        if not own:
            why = "it is read by this training" if read else "no run of mltrain wrote it as it is"
            advice = f"name another folder with {option}, or move it away"
            raise UsageError(f"{path}: would be written over, but {why}; {advice}")


def refuse_unmarked(path: Path) -> None:
    """Raises `UsageError` if the file exists and does not have mltrain's marker."""
    if path.exists() and not is_marked(path):
        raise UsageError(f"{path}: is there already, and mltrain did not write it; name another place with --out")


def _meta(path: Path) -> dict[str, Any] | None:
    """The metadata of a model, or of another file of its format; None if it is not such a file."""
    try:
        with ModelFile(path, MODEL_FORMATS) as file:
            return file.meta
    except ModelFileError:
        return None


_TABLES = {
    HISTORY: ("epoch", "seconds", "loss"),
    MEMBERS: ("member", "seed", "epochs", "seconds"),
    OUT_OF_FOLD: ("row", "repeat", "fold"),
}
"""Columns with which the tables of a run begin."""


def _is_table(path: Path) -> bool:
    """Whether mltrain wrote this table of a run: it has its columns, and numbers in them."""
    columns = _TABLES[path.name]
    try:
        with open_file(path) as file:
            header = file.readline(_WHERE).decode("utf-8", "replace").rstrip("\n").split(",")
        if path.name == OUT_OF_FOLD:
            return tuple(header[: len(columns)]) == columns and any(name.startswith("predicted_") for name in header)
        found = list(read_history(path) if path.name == HISTORY else read_members(path))
    except (OSError, DataError):
        return False
    return tuple(name for name in found if name not in ("repeat", "fold"))[: len(columns)] == columns


def _is_config_of(path: Path, metas: Iterable[dict[str, Any]]) -> bool:
    """Whether mltrain wrote this config: it is complete, or the same as that of a model in the same folder."""
    try:
        text, config = read_text(path), read_words(path)
        data = read_yaml(text).data
        if not isinstance(data, dict) or write_yaml(data) != text:
            return False  # it has comments, or lines that were laid out by hand
        return to_yaml(config) == text or any(_is_same_config(config, meta.get("config")) for meta in metas)
    except (MltrainError, ValueError):
        return False


def _is_same_config(config: Config, other: Any) -> bool:
    bare, found = (
        msgspec.structs.replace(one, dataset=one.dataset.without_paths()) for one in (config, convert(Config, other))
    )
    return bare == found


def is_marked(path: Path) -> bool:
    """Whether a picture or page has mltrain's marker."""
    try:
        with open_file(path) as file:
            head = file.read(_WHERE)
            file.seek(-min(_WHERE, path.stat().st_size), 2)
            return MARK.encode() in head + file.read(_WHERE)
    except OSError:
        return False
