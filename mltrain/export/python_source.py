"""A model as the text of a Python file: copied functions, constants, and a line for each operation."""

import keyword
from typing import Any

import numpy as np

from mltrain import __version__
from mltrain.data.encoding import ChoiceEncoding, DateEncoding, Encoding, NumberEncoding, TextEncoding
from mltrain.engine.arrays import size
from mltrain.engine.operations import (
    Add,
    Concatenate,
    Convolution,
    DepthwiseConvolution,
    Matmul,
    Multiply,
    Padding,
    Pooling,
    Reshape,
    Softmax,
    Step,
)
from mltrain.export import python_text as text
from mltrain.export.base import Identifiers, Subject
from mltrain.export.excerpt import Excerpt
from mltrain.export.reference import call
from mltrain.inference.steps import InferenceSteps

_RUNTIME = "mltrain.export.runtime"
_GIVEN = (
    "TARGETS",
    "CLASSES",
    "THRESHOLD",
    "PROBABILITIES",
    "COLUMNS",
    "MISSING",
    "INPUT_SHAPE",
    "OUTPUT_SHAPE",
    "EXAMPLES",
    "EXPECTED",
    "network",
    "outputs",
)
"""What the file defines for its model; the copied functions read it."""


class _Numpy:
    """Computes with arrays: rows are the first axis of every value."""

    operations, model = f"{_RUNTIME}.numpy_operations", f"{_RUNTIME}.numpy_model"
    literal = "numbers({})"
    told = "rows of numbers"

    def call(self, step: Step) -> tuple[str, dict[str, Any]]:
        """The function that computes a step, and its arguments besides the inputs."""
        return call(step.operation)

    def shape(self, steps: InferenceSteps) -> str:
        return ", ".join(["rows", *map(str, steps.input.shape)])


class _Plain(_Numpy):
    """Computes with flat lists of floats, one row at a time. A value that is only reshaped stays the same list."""

    operations, model = f"{_RUNTIME}.plain_operations", f"{_RUNTIME}.plain_model"
    literal = "{}"
    told = "the numbers of a row"

    def call(self, step: Step) -> tuple[str, dict[str, Any]]:
        operation, shape = step.operation, step.inputs[0].shape
        function, arguments = call(operation)
        match operation:
            case Matmul():
                return function, {"kernel": operation.kernel.T, "bias": operation.bias}
            case Convolution() | DepthwiseConvolution():
                filters = np.moveaxis(operation.kernel, 3, 0)
                if isinstance(operation, DepthwiseConvolution):
                    filters = np.transpose(operation.kernel, (2, 3, 0, 1))
                arguments["kernel"] = filters.reshape(len(operation.bias), -1)
                return function, {**arguments, "image": shape, "window": operation.window}
            case Pooling():
                window = arguments.pop("size")
                return function, {**arguments, "image": shape, "window": window}
            case Padding():
                return function, {"image": shape, **arguments}
            case Concatenate():
                return function, {"parts": size(shape[: operation.axis])}
            case Softmax():
                return function, {"width": shape[-1]}
        return function, arguments

    def shape(self, steps: InferenceSteps) -> str:
        return f"{size(steps.input.shape)},"


def python_source(subject: Subject, *, no_numpy: bool) -> str:
    """The text of the file."""
    engine = _Plain() if no_numpy else _Numpy()
    steps = subject.steps
    excerpt = Excerpt(_GIVEN)
    constants, network = _network(steps, excerpt, engine)
    columns = _columns(steps, excerpt)
    excerpt.add(engine.model, "outputs", "decode")
    excerpt.add(f"{_RUNTIME}.model", "predict", "main")
    answer = steps.answer
    facts = [
        text.assignment("TARGETS", list(answer.targets)),
        text.assignment("CLASSES", None if answer.classes is None else list(answer.classes)),
        text.assignment("THRESHOLD", answer.threshold),
        text.assignment("PROBABILITIES", answer.probabilities),
        text.assignment("INPUT_SHAPE", steps.input.shape),
        *([text.assignment("OUTPUT_SHAPE", steps.output.shape)] if isinstance(engine, _Plain) else []),
    ]
    tests = _examples(subject)
    if any(" = numbers(" in line for line in constants):
        excerpt.add(engine.model, "numbers")
    copied = list(excerpt.definitions.values())
    functions = [code for code in copied if code.startswith(("def ", "class ", "@"))]
    values = [code for code in copied if code not in functions]
    parts = [
        "\n".join(excerpt.imports),
        "\n".join(facts + values) + "\n",
        *(code + "\n" for code in functions),
        "\n".join([columns, *constants]) + "\n",
        network + "\n",
        "\n".join(tests) + "\n",
        'if __name__ == "__main__":\n    raise SystemExit(main())',
    ]
    head, *others = parts
    return f"#!/usr/bin/env python3\n{_docstring(subject)}\n\n{head}\n\n" + "\n\n".join(others) + "\n"


def _docstring(subject: Subject) -> str:
    steps, answer = subject.steps, subject.steps.answer
    lines = [f"{subject.title}.", "", f"Written by mltrain {__version__}: {subject.origin}.", ""]
    if steps.columns is not None:
        lines += ["A row is a dict with these columns:", ""]
        lines += [f"    {name}: {_told(columns[0])}" for name, columns in steps.by_column.items()]
    else:
        shape = " x ".join(map(str, steps.input.shape))
        named = f": {', '.join(steps.features)}" if steps.features else ""
        lines += [f"A row is a list of {shape} numbers, as the dataset has them{named}."]
    if answer.classes is not None:
        lines += ["", f"Classes: {', '.join(answer.classes)}"]
    elif answer.before or answer.after:
        lines += ["", f"The numbers predicted are in {answer.before or answer.after}."]
    body = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{body}\n"""'


def _told(column: Encoding) -> str:
    """What a cell of the column is, for the docstring."""
    match column:
        case NumberEncoding():
            unit = column.notation.before or column.notation.after
            told = "a number" + (f", as a text also with {unit}" if unit else "")
            gap = column.fill is not None
        case ChoiceEncoding():
            some = ", ".join(column.choices[:12]) + (", ..." if len(column.choices) > 12 else "")
            told, gap = some, column.gap is not None
        case DateEncoding():
            told, gap = "a date, such as 2024-01-31", column.fill is not None
        case _:
            told, gap = "a text", True
    return told + ("; None where it is missing" if gap else "")


def _columns(steps: InferenceSteps, excerpt: Excerpt) -> str:
    """``COLUMNS``: the name of each column, the function that encodes its cells, and that function's options."""
    if steps.columns is None:
        return text.assignment("COLUMNS", None)
    entries, missing = [], steps.columns[0].missing
    for column in steps.columns:
        function, options = _encoding(column)
        excerpt.add(f"{_RUNTIME}.cells", function)
        if column.missing == missing:
            options["missing"] = text.Code("MISSING")
        entries.append((column.column, text.Code(function), options))
    return "\n".join([text.assignment("MISSING", missing), text.assignment("COLUMNS", entries)])


def _encoding(column: Encoding) -> tuple[str, dict[str, Any]]:
    """The function of the runtime that computes an encoding, and its options."""
    common = {"missing": column.missing}
    match column:
        case NumberEncoding():
            notation = column.notation
            return "number_inputs", {
                **common,
                "notation": (notation.decimal, notation.thousands, notation.before, notation.after),
                "origin": column.origin,
                "fill": column.fill,
                "gap_input": column.gap_input,
            }
        case ChoiceEncoding():
            return "choice_inputs", {
                **common,
                "codes": column.codes,
                "vectors": column.vectors,
                "width": len(column.inputs),
                "gap": column.gap,
                "unknown": column.unknown,
                "ignores_case": column.ignores_case,
            }
        case DateEncoding():
            return "date_inputs", {
                **common,
                "order": column.order,
                "compact": column.compact,
                "parts": column.parts,
                "first": column.first,
                "fill": column.fill,
                "gap_input": column.gap_input,
            }
        case TextEncoding():
            places = {word: place for place, word in enumerate(column.words)}
            return "text_inputs", {**common, "words": places, "weights": column.weights, "size": column.size}
        case _:
            raise NotImplementedError(f"{column.name} has no function")


def _network(steps: InferenceSteps, excerpt: Excerpt, engine: _Numpy) -> tuple[list[str], str]:
    """The constants, and the function ``network``: a line for each operation."""
    is_chain = all(
        [value.name for value in step.inputs] == [before.name]
        for step, before in zip(steps.steps, steps.values, strict=False)
    )
    variables, identifiers, names = {steps.input.name: "x"}, Identifiers(keyword.kwlist), Identifiers(_GIVEN)
    constants, calls = list[str](), list[tuple[str, str, str, list[str]]]()
    is_flat = isinstance(engine, _Plain)
    for step in steps.steps:
        words = [variables[value.name] for value in step.inputs]
        if is_flat and isinstance(step.operation, Reshape):
            variables[step.output.name] = words[0]
            continue
        function, arguments = engine.call(step)
        excerpt.add(engine.operations, function)
        if is_flat and isinstance(step.operation, Add | Multiply):
            target = step.output.shape
            repeated = [value.shape != target for value in step.inputs]
            excerpt.add(engine.operations, *["repeat"] * any(repeated))
            words = [
                f"repeat({word}, {text.one_line(value.shape)}, {text.one_line(target)})" if again else word
                for word, value, again in zip(words, step.inputs, repeated, strict=True)
            ]
        for name, value in arguments.items():
            if isinstance(value, np.ndarray):
                constant = names(f"{step.layer}_{name}".upper())
                constants.append(text.array(constant, value, "decode", engine.literal))
                words.append(f"{name}={constant}")
            else:
                words.append(f"{name}={text.one_line(value)}")
        variable = "x" if is_chain else identifiers(f"{step.output.name}_y")
        variables[step.output.name] = variable
        calls.append((step.layer, variable, function, words))
    lines, layer = list[str](), ""
    result = variables[steps.output.name]
    for number, (owner, variable, function, words) in enumerate(calls):
        if owner != layer:
            lines.append(f"    # {owner}")
            layer = owner
        is_last = number == len(calls) - 1 and variable == result
        lines.append(text.call("return " if is_last else f"{variable} = ", function, words))
    if not calls or calls[-1][1] != result:
        lines.append(f"    return {result}")
    head = ["def network(x: Any) -> Any:", f'    """The outputs for {engine.told}, ({engine.shape(steps)})."""']
    excerpt.need("typing", "Any")
    return constants, "\n".join([*head, *lines])


def _examples(subject: Subject) -> list[str]:
    """The rows of the self-test, and the outputs that are expected for them."""
    examples = subject.examples
    if subject.steps.columns is not None and examples.cells is not None:
        rows = text.assignment("EXAMPLES", [dict(row) for row in examples.cells])
    else:
        rows = text.array("EXAMPLES", examples.x.astype(np.float32), "decode")
    return [rows, text.array("EXPECTED", examples.y, "decode")]
