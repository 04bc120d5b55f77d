"""What to say of a column that is not there."""

from collections.abc import Sequence
from difflib import get_close_matches

_MOST_NAMES = 12


def no_column(name: str, columns: Sequence[str]) -> str:
    """``there is no column 'x'``, and which was probably meant."""
    near = get_close_matches(name, columns, 1)
    if near:
        return f"there is no column '{name}' (did you mean '{near[0]}'?)"
    some = ", ".join(columns[:_MOST_NAMES]) + (", ..." if len(columns) > _MOST_NAMES else "")
    return f"there is no column '{name}' among {some}"
