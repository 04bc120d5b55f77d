"""Texts with all that makes it hard to find their words, and a model whose outputs are what becomes of a text."""

import random
from pathlib import Path

from subjects import model_of_cells

from mltrain.inference.model import Model

_LEARNED = [
    "don't don’t a b c'd wine 1 123 1234567890 ! £ %",
    "naïve über straße οδος οδοσ σ'α x² ² ²² i stanbul k å",
    "日本 слово words '' _ n/a na #1 http www zz",
]

_PIECES = [
    *(
        "don't",
        "DON’T",
        "don't't",
        "a'b'c'd'e",
        "'a'",
        "a''b",
        "WINE",
        "wine.",
        "wine_b",
        "x",
        "x2",
        "2x",
        "x²",
        "²",
        "²²",
    ),
    *("1", "12", "123", "1,234", "1234567890", "12345678901234", "٣", "१२३", "½", "Ⅷ", "!", "!!", "£5", "%", "?a", "$"),
    *("naïve", "NAÏVE", "nai\u0308ve", "Über", "STRASSE", "straße", "ẞ", "ΟΔΟΣ", "ΟΔΟΣ.", "ΟΔΟΣ'Α", "ΟΔΟΣ\u0301", "Σ"),
    *(
        "Σ'Α",
        "ΑΣ",
        "'Σ",
        "aΣ",
        "ſ",
        "\u212a",
        "Å",
        "\u212b",
        "İstanbul",
        "İ",
        "iİi'İ'b",
        "I",
        "ı",
        "日本",
        "日本語",
        "СЛОВО",
    ),
    *(
        "n/a",
        "NA",
        "na",
        "#1",
        "zz",
        "z",
        "",
        "_",
        "-",
        "😀",
        "a😀b",
        "\u00a0",
        "\u2028",
        "\u200d",
        "ʰ",
        "\u0345",
        "𝒜",
        "𝟙",
    ),
]


def model_of_texts(folder: Path) -> Model:
    """A model that learned words of several scripts, digits, signs and apostrophes."""
    options = {"columns": {"a": "text"}, "missing_values": ["", "NA", "n/a", "no word"]}
    return model_of_cells(folder, {"a": _LEARNED * 4}, options)


def texts(*, step: int) -> list[str]:
    """Texts of the pieces in random order, and texts with each ``step``-th code point and all of the first 3,000."""
    rng = random.Random(0)
    found = ["", " ", "NA", " n/a", "NA NA", "no word", "no words", "wine " * 50, *_PIECES]
    found += ["".join(rng.choices([*_PIECES, " ", " ", "'", "’"], k=rng.randrange(20))) for _ in range(200)]
    codes = [*range(1, 3_000), *range(3_000, 0x110000, step)]
    characters = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    for start in range(0, len(characters), 500):
        found.append(" ".join(f"a{one}b a'{one} {one}'b Σ{one}Σ" for one in characters[start : start + 500]))
    return found
