"""The starter configs, which are the lessons."""

from pathlib import Path

_PLACES = (Path(__file__).parents[1] / "starters", Path(__file__).parents[2] / "configs")
"""The folders of the lessons: that of an installed package, and that of a source checkout."""


def starters() -> dict[str, Path]:
    """The starters by their names."""
    folder = next(place for place in _PLACES if place.is_dir())
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def starter(name: str) -> str:
    """The text of a starter."""
    return starters()[name].read_text("utf-8")


def table_of_starter(name: str) -> Path:
    """A table that a starter uses: beside it in an installed package, in data/ in a source checkout."""
    return next(path for place in _PLACES for path in (place / name, place.parent / "data" / name) if path.is_file())
