"""A model as a C99 header: constants, functions for the operations that it has, and its self-test."""

from collections.abc import Iterator, Sequence

import numpy as np

from mltrain import __version__
from mltrain.engine.arrays import size
from mltrain.engine.operations import (
    Activation,
    Add,
    Affine,
    Concatenate,
    Convolution,
    DepthwiseConvolution,
    Embedding,
    LayerNormalization,
    Matmul,
    Multiply,
    Padding,
    Pooling,
    Reshape,
    Slice,
    Softmax,
    Step,
    Windowed,
)
from mltrain.export import c_text as text
from mltrain.export.base import Identifiers, Subject
from mltrain.export.c_columns import columns_in_c
from mltrain.export.lowering import Memory, Place, PooledConvolution, memory_of, pooled
from mltrain.export.quantization import by_channel, quantize
from mltrain.export.reference import run_steps
from mltrain.inference.steps import InferenceSteps


class HeaderWriter:
    """Writes the header of one model, and counts what it takes. ``prefix`` begins all of its names."""

    def __init__(self, subject: Subject, steps: InferenceSteps, *, is_small: bool):
        self.subject, self.is_small = subject, is_small
        self.exact, self.steps = steps, pooled(steps)
        self.bytes = subject.examples.x.dtype == np.uint8 and _take_bytes(steps)
        self.prefix = _identifier(steps.name)
        self.library = text.Library(self.prefix)
        self.constants = text.Constants(self.prefix, Identifiers())
        self.memory: Memory = memory_of(self.steps)
        self.columns = columns_in_c(steps.by_column, self.prefix)
        self.ram = 4 * (self.memory.size + (size(steps.input.shape) if steps.columns else 0))

    def header(self) -> str:
        """The text of the file."""
        run = self._run()
        guard = f"{self.prefix.upper()}_H"
        parts = [
            [
                self._introduction(),
                f"#ifndef {guard}",
                f"#define {guard}",
                "",
                "#include <math.h>",
                "#include <stdint.h>",
            ],
            self._sizes(),
            self._class_names(),
        ]
        inputs = self._inputs()
        parts += [[block] for block in self.library.blocks]
        parts += [
            self._row(),
            self.constants.lines,
            run,
            inputs,
            self._answer(),
            self._self_test(),
            [f"#endif /* {guard} */"],
        ]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def _introduction(self) -> str:
        subject, prefix, answer = self.subject, self.prefix, self.steps.answer
        lines = [f"{subject.title}.", "", f"Written by mltrain {__version__}: {subject.origin}.", ""]
        result = "the number of the class" if answer.classes else "0"
        if self.steps.columns is not None:
            cells = subject.examples.cells or [{}]
            values = [column.literal(cells[0].get(column.name)) for column in self.columns]
            lines += [
                f"    {prefix}_row row = {{{', '.join(values)}}};",
                f"    float output[{prefix.upper()}_OUTPUTS];",
                f"    int result = {prefix}_predict(&row, output);",
                "",
                f"The result is {result}, or -1 where a column has no value that can be used.",
            ]
        else:
            lines += [
                f"    {self._input_type} input[{prefix.upper()}_INPUTS];",
                f"    float output[{prefix.upper()}_OUTPUTS];",
                f"    int result = {prefix}_predict(input, output);",
                "",
                f"The result is {result}.",
            ]
        if answer.classes:
            told = "the probability of the second class" if len(answer.classes) > size(self.steps.output.shape) else ""
            told = told or "a probability for each class"
            lines += [f"{prefix}_class_names has the names; output is {told if answer.probabilities else 'a number'}."]
        else:
            unit = answer.before or answer.after
            lines += [f"output is {', '.join(answer.targets)}{f', in {unit}' if unit else ''}."]
        lines += [
            "",
            f"The memory of {self.ram:,} bytes is static, so one call at a time may run; with {prefix.upper()}_STORAGE",
            "defined as nothing it lies on the stack. Compile this file with -DMLTRAIN_SELF_TEST -x c to test it.",
        ]
        return "\n".join(["/*", *(f" * {text.comment(line)}".rstrip() for line in lines), " */"])

    def _sizes(self) -> list[str]:
        upper, classes = self.prefix.upper(), self.steps.answer.classes
        counts = {"INPUTS": size(self.steps.input.shape), "OUTPUTS": size(self.steps.output.shape)}
        lines = [f"#define {upper}_{name} {count}" for name, count in counts.items()]
        lines += [f"#define {upper}_CLASSES {len(classes)}"] if classes else []
        return [*lines, "", f"#ifndef {upper}_STORAGE", f"#define {upper}_STORAGE static", "#endif"]

    def _class_names(self) -> list[str]:
        classes = self.steps.answer.classes
        if not classes:
            return []
        self.constants.bytes += sum(len(name.encode()) + 1 + text.POINTER for name in classes)
        head = f"static const char *const {self.prefix}_class_names[{len(classes)}] = {{"
        return [head, *text.values(map(text.string, classes)), "};"]

    def _row(self) -> list[str]:
        """The struct of a row; for a model of a table without columns, the places of the inputs."""
        if self.steps.columns is not None:
            lines = [line for column in self.columns for line in column.declaration]
            fields = [f"    {column.kind}{column.field}; /* {text.comment(column.told)} */" for column in self.columns]
            return [*lines, "/* The columns of a row. */", "typedef struct {", *fields, f"}} {self.prefix}_row;"]
        if self.steps.features:
            names = Identifiers()
            places = [names(f"{self.prefix}_INPUT_{name}".upper()) for name in self.steps.features]
            return ["/* The places of the inputs. */", "enum {", *text.values(places), "};"]
        return []

    @property
    def _input_type(self) -> str:
        return "uint8_t" if self.bytes and self.steps.columns is None else "float"

    def _run(self) -> list[str]:
        """The function that computes the network."""
        lines, layer = list[str](), ""
        for step in self.steps.steps:
            code = list(self._step(step))
            if code and step.layer != layer:
                layer = step.layer
                lines.append(f"    /* {text.comment(layer)} */")
            lines += [f"    {line}" for line in code]
        place = self.memory.places[self.steps.output.name]
        if place.base != "output":
            count = size(self.steps.output.shape)
            copy = self.library.function("copy", *self._type_at(place))
            lines.append(f"    {copy}({self._at(place)}, 1, {count}, {count}, output);")
        if self.memory.size:
            storage = f"    {self.prefix.upper()}_STORAGE float memory[{self.memory.size}];"
            lines = [storage, *lines]
        return [
            "/* The network: outputs for inputs. */",
            f"static inline void {self.prefix}_run(const {self._input_type} *input, float *output)",
            "{",
            *lines,
            "}",
        ]

    def _type_at(self, place: Place) -> tuple[str, ...]:
        return (self._input_type,) if place.base == "input" else ()

    def _at(self, place: Place) -> str:
        return f"{place.base} + {place.offset}" if place.offset else place.base

    def _step(self, step: Step) -> Iterator[str]:
        """The statements that compute a step; none where a value is seen as it lies."""
        operation, shape = step.operation, step.inputs[0].shape
        places = [self.memory.places[value.name] for value in step.inputs]
        x, y = self._at(places[0]), self._at(self.memory.places[step.output.name])
        kind = self._input_type if places[0].base == "input" else "float"
        function = self.library.function
        count, width = size(shape), shape[-1]
        match operation:
            case Reshape() | Slice():
                return
            case Matmul():
                weights, arguments = self._weights(step)
                sizes = f"{count // width}, {width}, {len(operation.bias)}"
                yield f"{function('matmul', kind, weights)}({x}, {sizes}, {arguments}, {y});"
            case Convolution() | DepthwiseConvolution():
                weights, arguments = self._weights(step)
                at, outputs = self._windows(step, operation, shape), len(operation.bias)
                yield f"{function(operation.name, kind, weights)}({x}, &{at}, {outputs}, {arguments}, {y});"
            case PooledConvolution():
                weights, arguments = self._weights(step)
                at = self._windows(step, operation.convolution, shape)
                over = self._windows(step, operation.pooling, operation.convolution.output_shape(shape))
                name = function("pooled_convolution", kind, weights)
                yield f"{name}({x}, &{at}, &{over}, {len(operation.convolution.bias)}, {arguments}, {y});"
            case Pooling():
                yield f"{function(operation.reduce, kind)}({x}, &{self._windows(step, operation, shape)}, {y});"
            case Padding():
                sizes = ", ".join(map(str, [*shape, *operation.pads[0], *operation.pads[1]]))
                yield f"{function('padding', kind)}({x}, {sizes}, {y});"
            case Affine():
                parts = [
                    f"{self.constants.array('float', f'{step.layer}_{name}', value)}, {value.size}"
                    for name, value in operation.constants.items()
                ]
                yield f"{function('affine', kind)}({x}, {count}, {', '.join(parts)}, {y});"
            case Embedding():
                weights, arguments = self._weights(step)
                ids, length = operation.table.shape
                yield f"{function('embedding', kind, weights)}({x}, {count}, {ids}, {length}, {arguments}, {y});"
            case LayerNormalization():
                learned = ", ".join(
                    self.constants.array("float", f"{step.layer}_{name}", value)
                    for name, value in operation.constants.items()
                )
                places_ = f"{count // width}, {width}"
                name = function("layer_normalization")
                yield f"{name}({self._floats(step)}, {places_}, {learned}, {text.number(operation.epsilon)}, {y});"
            case Softmax():
                yield f"{function('softmax')}({x}, {count // width}, {width}, {y});"
            case Activation():
                more = {"leaky_relu": operation.slope, "elu": operation.alpha}.get(operation.function)
                option = "" if more is None else f"{text.number(more)}, "
                yield f"{function(operation.function)}({x}, {count}, {option}{y});"
            case Concatenate():
                parts_, start = size(shape[: operation.axis]), 0
                distance = size(step.output.shape) // parts_
                for value, place in zip(step.inputs, places, strict=True):
                    length = size(value.shape) // parts_
                    target = f"{y} + {start}" if start else y
                    copy = function("copy", *self._type_at(place))
                    yield f"{copy}({self._at(place)}, {parts_}, {length}, {distance}, {target});"
                    start += length
            case Add() | Multiply():
                yield from self._merge(step, [self._at(place) for place in places], y)
            case _:
                raise NotImplementedError(f"{operation.name} has no function in C")

    def _floats(self, step: Step) -> str:
        return self._at(self.memory.places[step.inputs[0].name])

    def _merge(self, step: Step, xs: Sequence[str], y: str) -> Iterator[str]:
        """Loops over the output; an axis along which an input is repeated does not move its place."""
        sign = " + " if isinstance(step.operation, Add) else " * "
        shape, strides = step.output.shape, list[tuple[int, ...]]()
        if all(value.shape == shape for value in step.inputs):
            shape, strides = (size(shape),), [(1,)] * len(xs)
        else:
            strides = [_strides(value.shape, shape) for value in step.inputs]
        names = [f"i{axis}" for axis in range(len(shape))]
        yield "{"
        yield f"    int32_t {', '.join(names)};"
        for axis, (name, length) in enumerate(zip(names, shape, strict=True)):
            yield f"{'    ' * (axis + 1)}for ({name} = 0; {name} < {length}; {name}++) {{"
        terms = [f"({x})[{_index(names, one)}]" for x, one in zip(xs, strides, strict=True)]
        own = f"({y})[{_index(names, _strides(shape, shape))}]"
        yield f"{'    ' * (len(shape) + 1)}{own} = {sign.join(f'(float){term}' for term in terms)};"
        for axis in reversed(range(len(shape))):
            yield f"{'    ' * (axis + 1)}}}"
        yield "}"

    def _weights(self, step: Step) -> tuple[str, str]:
        """The type of the weights, and the arguments of the function for them."""
        operation = step.operation.convolution if isinstance(step.operation, PooledConvolution) else step.operation
        weights, names = by_channel(operation), operation.constants
        assert weights is not None
        bias = [self.constants.array("float", f"{step.layer}_bias", names["bias"])] if "bias" in names else []
        if not self.is_small:
            return "float", ", ".join([self.constants.array("float", f"{step.layer}_kernel", weights), *bias])
        small = quantize(weights)
        arguments = [
            self.constants.array("int8_t", f"{step.layer}_kernel", small.weights),
            self.constants.array("float", f"{step.layer}_scale", small.scale),
            *bias,
        ]
        return "int8_t", ", ".join(arguments)

    def _windows(self, step: Step, operation: Windowed, image: tuple[int, ...]) -> str:
        """A constant that says how windows lie over an image."""
        self.library.function("windows")
        numbers = [*image, *operation.output_shape(image)[:2], *operation.window, *operation.strides]
        numbers += [operation.pads[0][0], operation.pads[1][0]]
        return self.constants.struct("windows", f"{step.layer}_windows", numbers, 4 * len(numbers))

    def _inputs(self) -> list[str]:
        """The function that makes inputs of the columns."""
        if self.steps.columns is None:
            return []
        lines, at = list[str](), 0
        by_name = {column.name: column for column in self.columns}
        for encoding in self.steps.columns:
            lines += [
                f"    {line}" for line in by_name[encoding.column].code(encoding, at, self.library, self.constants)
            ]
            at += len(encoding.inputs)
        return [
            "/* The inputs for a row; 0 where a column has no value that can be used. */",
            f"static inline int {self.prefix}_inputs(const {self.prefix}_row *row, float *input)",
            "{",
            "    int32_t i;",
            f"    for (i = 0; i < {at}; i++) {{",
            "        input[i] = 0.0f;",
            "    }",
            *lines,
            "    return 1;",
            "}",
        ]

    def _answer(self) -> list[str]:
        prefix, answer, outputs = self.prefix, self.steps.answer, self.steps.output.shape[-1]
        lines = []
        if answer.classes is not None and outputs > 1:
            lines += [
                "/* The class with the largest output. */",
                f"static inline int {prefix}_class(const float *output)",
                "{",
                "    int i, largest = 0;",
                f"    for (i = 1; i < {outputs}; i++) {{",
                "        largest = output[i] > output[largest] ? i : largest;",
                "    }",
                "    return largest;",
                "}",
                "",
            ]
        elif answer.classes is not None:
            lines += [
                "/* The second class for an output above the threshold. */",
                f"static inline int {prefix}_class(const float *output)",
                "{",
                f"    return output[0] > {text.number(answer.threshold)};",
                "}",
                "",
            ]
        result = f"{prefix}_class(output)" if answer.classes is not None else "0"
        if self.steps.columns is None:
            return [
                *lines,
                f"static inline int {prefix}_predict(const {self._input_type} *input, float *output)",
                "{",
                f"    {prefix}_run(input, output);",
                f"    return {result};",
                "}",
            ]
        return [
            *lines,
            f"static inline int {prefix}_predict(const {prefix}_row *row, float *output)",
            "{",
            f"    {prefix.upper()}_STORAGE float input[{prefix.upper()}_INPUTS];",
            f"    if (!{prefix}_inputs(row, input)) {{",
            "        return -1;",
            "    }",
            f"    {prefix}_run(input, output);",
            f"    return {result};",
            "}",
        ]

    def _self_test(self) -> list[str]:
        """Rows and outputs, and a program that compares them."""
        prefix, examples, upper = self.prefix, self.subject.examples, self.prefix.upper()
        expected = run_steps(self.exact, examples.x) if self.is_small else examples.y
        rows = len(expected)
        scale = max(1.0, float(np.abs(expected).max()))
        if self.steps.columns is not None and examples.cells is not None:
            kind, row = f"{prefix}_row", "&rows[row]"
            given = [
                f"    {{{', '.join(one.literal(cells[one.name]) for one in self.columns)}}},"
                for cells in examples.cells
            ]
            data = [f"static const {kind} rows[{rows}] = {{", *given, "};"]
        else:
            kind, row = self._input_type, f"rows + row * {upper}_INPUTS"
            x = examples.x if self._input_type == "uint8_t" else examples.x.astype(np.float32)
            data = text.array(kind, "rows", x)
        told = f'"{prefix}: row %d is answered by %s\\n", row + 1, {prefix}_class_names[result]'
        show = [f"            printf({told});"] if self.steps.answer.classes else []
        return [
            "#ifdef MLTRAIN_SELF_TEST",
            "#include <stdio.h>",
            "",
            *data,
            *text.array("float", "expected", expected),
            "",
            "int main(void)",
            "{",
            "    int row, i, wrong = 0;",
            f"    float output[{upper}_OUTPUTS];",
            f"    for (row = 0; row < {rows}; row++) {{",
            f"        int result = {prefix}_predict({row}, output), before = wrong;",
            f"        for (i = 0; i < {upper}_OUTPUTS; i++) {{",
            f"            float difference = fabsf(output[i] - expected[row * {upper}_OUTPUTS + i]);",
            f"            wrong += result < 0 || !(difference <= {text.number(1e-4 * scale)});",
            "        }",
            "        if (wrong > before) {",
            *(show or ['            printf("row %d is answered otherwise\\n", row + 1);']),
            "        }",
            "    }",
            f'    printf("self-test %s: {rows} rows %s the answers of the model\\n", wrong ? "FAILED" : "passed",',
            '           wrong ? "have not" : "have");',
            "    return wrong != 0;",
            "}",
            "#endif",
        ]


def _take_bytes(steps: InferenceSteps) -> bool:
    """Whether all operations that read the input, as it lies or reshaped, have functions for bytes."""
    seen = {steps.input.name}
    for step in steps.steps:
        if any(value.name in seen for value in step.inputs):
            if isinstance(step.operation, Reshape | Slice):
                seen.add(step.output.name)
            elif isinstance(step.operation, Activation | Softmax | LayerNormalization):
                return False
    return True


def _identifier(name: str) -> str:
    """A prefix for names: what begins with a digit or an underscore gets a letter in front."""
    word = Identifiers(text.KEYWORDS)(name)
    return f"model{word}" if word.startswith("_") else word


def _strides(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """How far apart neighbours along each axis of the target lie in an input; 0 where the input is repeated."""
    padded = (1,) * (len(target) - len(shape)) + shape
    return tuple(0 if length == 1 else size(padded[axis + 1 :]) for axis, length in enumerate(padded))


def _index(names: Sequence[str], strides: Sequence[int]) -> str:
    terms = [
        name if stride == 1 else f"{name} * {stride}" for name, stride in zip(names, strides, strict=True) if stride
    ]
    return " + ".join(terms) or "0"
