"""Rows of totals, which spreadsheet programs and statistical offices write below or above the rows that they sum up."""

from mltrain.data.columns import Held, Odd

_TOTALS = (
    *("total", "totals", "grand total", "overall total", "subtotal", "total general", "totale", "totaal", "totalt"),
    *("gesamt", "insgesamt", "gesamtsumme", "zwischensumme", "summe", "razem", "ogółem", "celkem", "összesen"),
    *("yhteensä", "toplam", "итого", "всего", "разом", "усього", "合計", "总计", "合计", "합계"),
)
_SUMS = ("sum", "somme", "suma", "summa", "soma", "somma", "сумма", "сума")
"""Words that are also names of other things, such as functions: they count in the last row only."""


def row_of_totals(held: Held) -> Odd | None:
    """The cell that says that its row holds totals; ``held`` is the first column of a table.

    That is a word for it that stands there once, and in the last row or among texts that are all different.
    """
    all_differ = held.all_kept and len(held.counts) == held.present
    for text, rows in held.counts.items():
        is_last = held.first[text] == held.rows
        words = (*_TOTALS, *_SUMS) if is_last else _TOTALS if all_differ else ()
        if rows == 1 and text.strip(" :*").casefold() in words:
            return Odd(text, rows, held.first[text])
    return None


def about_totals(found: Odd) -> str:
    """What to say of such a row, behind its place."""
    return f"{found.text!r} looks like the label of a row of totals; delete this row from the file, as it is no example"
