"""Where the files are that a config names."""

from pathlib import Path

from mltrain.errors import DataError


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
        why = (isinstance(error, OSError) and error.strerror) or error
        raise DataError(f"'{path}' is the name of no file: {why}") from error
