"""Where the files are that a config names."""

from pathlib import Path

from mltrain.errors import DataError, printable, reason
from mltrain.names.nearest import did_you_mean


def find_file(path: str, folder: Path) -> Path:
    """The file or folder: beside the config, which is in ``folder``, or else in the working folder, if it is there.

    Raises `DataError` for what cannot be a file's name.
    """
    try:
        if "\0" in path:
            raise ValueError("it holds the character NUL")
        beside = folder / Path(path).expanduser()
        return beside if beside.exists() or not Path(path).exists() else Path(path)
    except (OSError, ValueError, RuntimeError) as error:
        why = reason(error)
        raise DataError(f"'{path}' is the name of no file: {why}") from error


def why_missing(path: str, folder: Path) -> str | None:
    """Why there is no file or folder of this name, with the nearest one that there is; None where there is one."""
    try:
        found = find_file(path, folder)
        if found.exists():
            return None
        if path != printable(path):
            return (
                f"the name {path!r} holds special characters; within double quotes '\\' begins one: use single quotes, "
                "or write '/'"
            )
    except (DataError, OSError) as error:
        return str(error)
    places = f"it is looked for in {folder.resolve()} and in the working folder"
    near = [str(Path(path).parent / name) for name in (*_names(found.parent), *_names(Path(path).parent))]
    return f"there is no '{path}'; {places}{did_you_mean(path, near)}"


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError:
        return []
