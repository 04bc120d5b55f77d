"""Parts of captions."""

from collections.abc import Sequence

from mltrain.views.terminal.number_format import plural

_MOST_NAMED, _NAME_ROOM, _NAME_SIZE = 6, 3.0, 10.5
"""The largest number of classes in a caption, the largest width of a name in inches, and its font size."""


def few(names: Sequence[str]) -> list[str]:
    """Names in a sentence: the first ones, each cut to a line."""
    from mltrain.views.plotting.words import all_shortened

    shown = all_shortened(names[:_MOST_NAMED], _NAME_ROOM, _NAME_SIZE)
    return shown if len(names) <= _MOST_NAMED else [*shown[:-1], f"{len(names) - _MOST_NAMED + 1} others"]


def short(name: str) -> str:
    """One name in a sentence, cut to a line."""
    return few([name])[0]


def shown_of(shown: int, count: int, noun: str) -> str:
    """``40 of 512 units``, or ``all 3 units``."""
    return f"{shown} of {plural(count, noun)}" if shown < count else f"all {plural(count, noun)}"


def listed(names: Sequence[str], conjunction: str = "and") -> str:
    """``loss``, ``loss and accuracy``, ``loss, accuracy and recall``."""
    return f" {conjunction} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
