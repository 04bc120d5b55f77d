"""The colours of everything that mltrain draws, in files, on pages and on the terminal.

The hues are those of Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), which people with any kind of colour
vision tell apart; on a dark ground they are lighter.
"""

from dataclasses import dataclass, fields

_SERIES = ("blue", "orange", "green", "purple", "ink", "faint")


def class_colours(count: int) -> list[str]:
    """The names of the colours of so many classes. Two are orange and blue, as in TensorFlow Playground."""
    return ["orange", "blue"] if count == 2 else [_SERIES[number % len(_SERIES)] for number in range(count)]


@dataclass(frozen=True)
class Palette:
    """The colours of one ground, by what they stand for, as ``#rrggbb``."""

    background: str
    ink: str
    faint: str
    grid: str
    blue: str
    orange: str
    green: str
    purple: str

    def series(self, number: int) -> str:
        """The colour of one of several series that are equals; after six they come again."""
        return getattr(self, _SERIES[number % len(_SERIES)])

    def classes(self, count: int) -> list[str]:
        """The colours of so many classes."""
        return [getattr(self, name) for name in class_colours(count)]

    def names(self) -> dict[str, str]:
        """The name of each colour."""
        return {getattr(self, field.name): field.name for field in fields(Palette)}

    def css(self) -> str:
        """The colours as variables of a style sheet: ``--ink: #1b1f24; ...``."""
        return " ".join(f"--{name}: {colour};" for colour, name in self.names().items())


LIGHT = Palette(
    background="#ffffff",
    ink="#1b1f24",
    faint="#6a737d",
    grid="#e4e7eb",
    blue="#0072b2",
    orange="#d55e00",
    green="#00825f",
    purple="#a5497f",
)
DARK = Palette(
    background="#14171c",
    ink="#e8eaed",
    faint="#98a1ab",
    grid="#2b3038",
    blue="#56b4e9",
    orange="#f0973f",
    green="#3cc79c",
    purple="#dc9cc4",
)


def with_palettes(style_sheet: str) -> str:
    """A style sheet with ``@LIGHT@`` and ``@DARK@`` replaced by the variables of either ground."""
    return style_sheet.replace("@LIGHT@", LIGHT.css()).replace("@DARK@", DARK.css())
