"""Symbolic links in a run's folder: the folder may come from a stranger, and its links lead to files of yours."""

from pathlib import Path


def leads_out(path: Path) -> bool:
    """Whether a file is a symbolic link to a place outside of the folder that it is in.

    Such a link is not followed. The folder itself may be a link, and is somebody's own choice.
    """
    if not path.is_symlink():
        return False
    try:
        return not path.resolve().is_relative_to(path.parent.resolve())
    except (OSError, RuntimeError):  # links that lead to each other
        return True


def is_own_file(path: Path) -> bool:
    """Whether there is such a file, and in its folder."""
    return path.is_file() and not leads_out(path)
