"""The page of a model: what it fills the template with."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, NamedTuple

from mltrain.data.encoding import ChoiceEncoding, DateEncoding, NumberEncoding, TextEncoding
from mltrain.export.base import Subject
from mltrain.export.examples import held_back_evaluation
from mltrain.export.web.describe import Description, as_javascript, data, describe, filled, picture_of, script, scripts
from mltrain.export.web.form import form_of
from mltrain.export.web.packing import as_text, deflated, pack
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.steps import InferenceSteps
from mltrain.views.palette import DARK, LIGHT, class_colours

_MOST_PLAIN = 900_000
"""Bytes of base64 that a page may have; more weights than that are packed."""

_MOST_COLOURS = 6
"""Classes up to which each has a colour of its own, in bars and curves."""

_MOST_NAMED = 8
"""Names of a column that the table of columns shows."""


class Page(NamedTuple):
    """A page as one text of HTML, and what is to be said about it, in sentences."""

    text: str
    notes: tuple[str, ...] = ()


def page(subject: Subject) -> Page:
    """The page of a model. Nothing from the data is markup in it."""
    description = describe(subject)
    document, picture = description.document, description.document["picture"]
    classes = subject.steps.answer.classes or ()
    document["colours"] = class_colours(len(classes)) if len(classes) <= _MOST_COLOURS else None
    if picture is None:
        document["form"] = form_of(subject)
    rows = len(document["selfTest"]["rows"])
    parts = script("page.js"), *map(script, ["drawing.js"] if picture else ["curve.js", "form.js"])
    code, notes, texts = _with_data(subject, description, parts)
    style = filled(script("page.css"), {"LIGHT": LIGHT.css(), "DARK": DARK.css()})
    text = filled(
        script("page.html"),
        {
            "TITLE": escape(subject.steps.name),
            "NAME": escape(subject.steps.name),
            "SUMMARY": escape(_summary(subject)),
            "STYLE": style,
            "ABOUT": "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in _facts(subject)),
            "COLUMNS_HEADING": "Columns" if subject.steps.columns else "Input",
            "COLUMNS": _columns(subject.steps) if subject.steps.columns else f"<p>{escape(_input(subject))}</p>",
            "TEST_ROWS": "1 row" if rows == 1 else f"{rows} rows",
            "PACKED": "\n".join(
                f'<script type="text/plain" id="{name}">{text}</script>' for name, text in texts.items()
            ),
            "SCRIPT": code,
        },
    )
    return Page(text, notes)


def _with_data(
    subject: Subject, description: Description, parts: Iterable[str]
) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """The script of the page, notes, and the texts by element that it unpacks, where the weights are large."""
    before = scripts(subject)
    if description.weights.nbytes * 4 / 3 > _MOST_PLAIN and (packed := pack(subject, description)) is not None:
        document = f"const DESCRIPTION = {as_javascript(description.document)};"
        code = deflated("\n".join([before, document, *parts]))
        layout = as_javascript({**packed.layout, "scripts": len(code)})
        texts = {"weights": packed.text, "scripts": as_text(code)}
        return filled(script("packed.js"), {"LAYOUT": layout}), (packed.note,), texts
    return "\n".join([before, data(description, escaped=True), *parts]), (), {}


def _summary(subject: Subject) -> str:
    answer, columns = subject.steps.answer, subject.steps.by_column
    what = " and ".join(answer.targets)
    of = f"from {len(columns)} column{'s' * (len(columns) > 1)}" if columns else "from an image"
    if not columns and picture_of(subject) is None:
        of = f"from {subject.steps.input.shape[0]} numbers" if subject.steps.input.shape != (1,) else "from a number"
    named = "" if what == "y" else f" {what}"
    if answer.classes is not None:
        return f"Tells {len(answer.classes)} classes{f' of {what}' if named else ''} apart, {of}."
    return f"Predicts{named or ' a number'}, {of}."


def _facts(subject: Subject) -> Iterator[tuple[str, str]]:
    """Name and text of each fact about the model."""
    model = subject.model
    yield "Model", f"{subject.source}, {model.parameter_count:,} parameters"
    layers = " → ".join(node.layer.type_name() for node in model.network.nodes)
    members = len(model.members) if isinstance(model, Ensemble) else 1
    yield "Layers", layers if members == 1 else f"{members} networks of {layers}, whose answers are averaged"
    yield "Loss", model.config.loss.type_name().replace("_", " ")
    if model.origin is not None:
        rows = ", ".join(f"{count:,} {name}" for name, count in model.origin.rows.items())
        yield "Rows", f"{rows} (fingerprint {model.origin.data[:12]})"
        yield "Made by", f"mltrain {model.origin.environment.mltrain}"
    yield from _measured(subject)
    if (classes := model.classes) is not None:
        yield "Classes", ", ".join(classes[:_MOST_NAMED]) + (", ..." if len(classes) > _MOST_NAMED else "")


def _measured(subject: Subject) -> Iterator[tuple[str, str]]:
    """The metrics on rows that training did not see, where there are any that can be read."""
    found = held_back_evaluation(subject.model, subject.dataset)
    if found is not None:
        metrics = found.evaluation.metrics or {"loss": found.evaluation.loss}
        told = ", ".join(f"{metric.replace('_', ' ')} {value:.4g}" for metric, value in metrics.items())
        yield f"On {found.rows:,} {found.part} rows", told
    elif subject.model.refit is not None:
        told = ", ".join(
            f"{name.replace('_', ' ')} {value:.4g}" for name, value in subject.model.refit.held_out.items()
        )
        yield "In its first training, on rows held out", told


def _input(subject: Subject) -> str:
    shape = " x ".join(map(str, subject.steps.input.shape))
    match picture_of(subject):
        case {"kind": "digit"}:
            return f"An image of one thing, which is cut out, scaled and centred by its mass to {shape} pixels."
        case {"fit": fit}:
            how = {"crop": "cropped and scaled", "pad": "scaled and padded"}.get(fit, "scaled")
            return f"An image, which is {how} to {shape} numbers from 0 to 255."
    return f"{shape} numbers."


def _columns(steps: InferenceSteps) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(_kind(columns[0]))}</td></tr>\n"
        for name, columns in steps.by_column.items()
    )
    return f'<div class="scroll"><table>\n<tr><th>column</th><th>what it is</th></tr>\n{rows}</table></div>'


def _kind(column: Any) -> str:
    match column:
        case NumberEncoding():
            gap = "" if column.fill is None else f"; where it is missing, {column.fill:g}"
            return f"a number{column.notation.in_words}{gap}"
        case ChoiceEncoding():
            names = ", ".join(column.choices[:_MOST_NAMED]) + (", ..." if len(column.choices) > _MOST_NAMED else "")
            return f"one of {len(column.choices)}: {names}"
        case DateEncoding():
            return f"a date; what counts is {', '.join(column.parts)}"
        case TextEncoding():
            return f"a text, of which {len(column.words)} words count"
    return str(column.name)
