"""Where the files are that a config names."""

from pathlib import Path


def find_beside(path: str, folder: Path) -> Path:
    """The file or folder: beside the config, which is in ``folder``, or else in the working folder, if it is there."""
    beside = folder / Path(path).expanduser()
    return beside if beside.exists() or not Path(path).exists() else Path(path)
