"""The text of a module of JavaScript, and of its types."""

import re

from mltrain.data.encoding import ChoiceEncoding, DateEncoding, Encoding, NumberEncoding
from mltrain.export.base import Subject
from mltrain.export.web.describe import Description, as_javascript, data, filled, picture_of, script, scripts
from mltrain.inference.steps import InferenceSteps

_LONGEST_EXAMPLE = 100
"""Characters of the row that the head of a module shows."""


def module(subject: Subject, description: Description) -> str:
    """The text of the module."""
    row = "pixels"
    if picture_of(subject) is None:
        row = as_javascript(description.document["selfTest"]["rows"][0]).replace("\n", "")
    values = {
        "TITLE": _one_line(subject.title),
        "ORIGIN": _one_line(subject.origin),
        "FILE": _one_line(f"{subject.steps.name}.mjs"),
        "EXAMPLE": _one_line(row if len(row) <= _LONGEST_EXAMPLE else f"{row[:_LONGEST_EXAMPLE]}..."),
    }
    parts = filled(script("module.js"), values), scripts(subject), data(description), script("exports.js")
    return "\n".join(parts)


def types(subject: Subject) -> str:
    """The declarations of TypeScript for the module."""
    steps, answer = subject.steps, subject.steps.answer
    positions = "[]" * (len(steps.output.shape) - 1)
    if answer.probabilities:
        prediction = f"{{ label: Label{positions}; probabilities: Record<Label, number>{positions} }}"
    elif answer.classes:
        prediction = f"{{ label: Label{positions}; y: number[]{positions} }}"
    elif positions:
        prediction = f"{{ y: number[]{positions} }}"
    else:
        prediction = f"Record<{_union(answer.targets)}, number>"
    values = {
        "ROW": _row_type(steps, "ImageData" if picture_of(subject) else ""),
        "LABEL": _union(answer.classes or ()),
        "PREDICTION": prediction,
        "OUTPUTS": f"number[]{positions}",
    }
    return filled(script("types.d.ts"), values)


def _row_type(steps: InferenceSteps, image: str) -> str:
    if steps.columns is None:
        depth = len(steps.input.shape)
        numbers = "ArrayLike<number>" if depth == 1 else f"ArrayLike<number> | number{'[]' * depth}"
        return f"{numbers} | {image}" if image else numbers
    fields = "".join(f"  {as_javascript(name)}: {_cell_type(one[0])};\n" for name, one in steps.by_column.items())
    return f"{{\n{fields}}} | Cell[]"


def _cell_type(column: Encoding) -> str:
    """The type of a column's cells. Besides the names that were learned, texts of other spellings are taken, too."""
    gap: str | float | None = None
    match column:
        case NumberEncoding():
            found, gap = "number | string", column.fill
        case ChoiceEncoding():
            names = "boolean" if column.ignores_case else _union(column.choices)
            found, gap = f"{names} | number | (string & {{}})", column.gap
        case DateEncoding():
            found, gap = "string | Date", column.fill
        case _:
            found, gap = "string", ""
    return found if gap is None else f"{found} | null"


def _union(names: tuple[str, ...]) -> str:
    return " | ".join(map(as_javascript, dict.fromkeys(names))) or "never"


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
