"""Text for streams whose encoding, or font, lacks some of its characters: spelled in ASCII, column for column."""

from functools import cache
from typing import TextIO

_SPELLED = {
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*#@", strict=True)),
    **dict(zip("░▒▓", ":%#", strict=True)),
    **dict(zip("─━│┤└", "-=|++", strict=True)),
    **dict(zip("µ⋮→↓○●…−–▀▲", "u:>vo*~--'^", strict=True)),
    **dict(zip("·░▒▓", ".:=%", strict=True)),
}

BRAILLE = 0x2800
"""The empty one of the 256 braille characters; the low eight bits of the others say which dots are set."""

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of the dots of a braille character: four rows of two."""


class AsciiFallback:
    """A text stream to write to that never fails on a character.

    ``ascii_only`` says that the stream shows ASCII only, whatever its encoding can express.
    """

    def __init__(self, stream: TextIO, *, ascii_only: bool):
        self._stream = stream
        self.encoding = "ascii" if ascii_only else getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        return self._stream.write(text if text.isascii() else self._spell(text))

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def _spell(self, text: str) -> str:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.translate(_table()).encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text


@cache
def _table() -> dict[int, str]:
    return str.maketrans(_SPELLED) | {BRAILLE + dots: _stroke(dots) for dots in range(256)}


def _stroke(dots: int) -> str:
    """The ASCII character that looks most like a braille character."""
    left, right = ([row for row, bits in enumerate(DOTS) if dots & bits[side]] for side in (0, 1))
    rows = left + right
    if not rows:
        return " "
    if left and right and abs(sum(left) / len(left) - sum(right) / len(right)) >= 1:
        return "\\" if sum(left) / len(left) < sum(right) / len(right) else "/"
    if max(rows) - min(rows) >= 2:
        return "|"
    return "'--."[round(sum(rows) / len(rows))]
