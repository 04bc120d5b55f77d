"""A config file -> its text, or an error with the reason."""

import codecs
from pathlib import Path

from mltrain.config.starters import starters
from mltrain.errors import ConfigError, Diagnostic, Problem, reason
from mltrain.names.nearest import nearest
from mltrain.system.safe_open import open_file

MOST_BYTES = 2**20
"""The largest config file in bytes: a data file that is named by mistake is refused without reading it."""

_TABLES = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl")
_ENDINGS = (".yaml", ".yml")

_MOST_NAMES = 10
"""File names that a message lists at most."""

STARTERS = "'mltrain init' writes configs to start from"


def read_text(path: Path) -> str:
    """The text of a config file. Raises `ConfigError` if it cannot be read or is not text."""
    try:
        if path.is_dir():
            raise file_error(path, f"this is a folder, not a config{_others(path)}")
        if path.is_file() and path.suffix.lower() in _TABLES:
            advice = f"write a config for it with: mltrain init csv {path} --target COLUMN"
            raise file_error(path, f"this is a table, not a config; {advice}")
        if path.stat().st_size > MOST_BYTES:
            raise _too_long(path)
        with open_file(path, pipes=True) as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise file_error(path, _missing(path)) from None
    except OSError as error:
        raise file_error(path, f"cannot be read: {reason(error)}") from error
    if len(content) > MOST_BYTES:  # a pipe has no size, so the limit is checked while reading
        raise _too_long(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise file_error(path, "this text is encoded as UTF-16; save it as UTF-8")
    # Bytes that are not UTF-8 become surrogates, so that the reader can report their position.
    return content.decode("utf-8-sig", errors="surrogateescape")


def file_error(path: Path | str, message: str) -> ConfigError:
    """The error for a file that cannot be read as a config."""
    return ConfigError([Problem((), message)], [f"{path}: {message}"], [Diagnostic(message, file=str(path))])


def _too_long(path: Path) -> ConfigError:
    return file_error(
        path, f"longer than {MOST_BYTES // 2**20} MB; is this a config? Rows belong in a file of their own"
    )


def _missing(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder '{path.parent}'"
    if str(path) in starters() and not path.with_suffix(".yaml").exists():
        return f"there is no such file, but a starter of that name; write it to {path}.yaml with: mltrain init {path}"
    stems = {Path(name).stem: name for name in _configs(path.parent)}
    near = nearest(path.stem if path.suffix in _ENDINGS else path.name, stems)
    meant = _others(path.parent) if near is None else f"; did you mean '{path.with_name(stems[near])}'?"
    return f"there is no such file{meant}"


def _others(folder: Path) -> str:
    """Similar file names: the end of a message."""
    names = _configs(folder)
    if not names:
        return f"; {STARTERS}"
    some = ", ".join(names[:_MOST_NAMES])
    return f"; {folder} has {some}{', ...' if len(names) > _MOST_NAMES else ''}"


def _configs(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix in _ENDINGS)
    except OSError:
        return []
