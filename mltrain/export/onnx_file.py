"""The ONNX file of a model: what its inputs and outputs are, its metadata, and what onnxruntime makes of it."""

import importlib
import json
from typing import Any

import numpy as np

from mltrain import __version__
from mltrain.data.encoding import ChoiceEncoding
from mltrain.export import onnx_columns as columns
from mltrain.export.base import Subject
from mltrain.export.examples import Examples, examples_of
from mltrain.export.onnx_graph import Array, Graph, Port
from mltrain.export.onnx_operations import network
from mltrain.export.runtime import onnx_check
from mltrain.inference.steps import InferenceSteps
from mltrain.system.extras import needed

OPSET, IR_VERSION = 20, 9
"""The operators and the form of the file: the oldest that can compare and split texts. onnxruntime 1.17 has both."""

CHECKED_ROWS = 32
"""Rows that onnxruntime predicts when the file is written."""


class OnnxFile:
    """The graph of a model, with its inputs, outputs and metadata; ``content`` makes the file."""

    def __init__(self, subject: Subject):
        self.subject, self.steps = subject, subject.steps
        self.encodings = self.steps.by_column
        self.inputs = [Port(self.steps.input.name, "float", self.steps.input.shape, _told_row(self.steps))]
        if self.steps.columns is not None:
            self.inputs = [columns.port(encodings) for encodings in self.encodings.values()]
        self.graph = Graph({port.name for port in self.inputs})
        self.outputs = self._compute()
        self.metadata = self._metadata()

    def _compute(self) -> list[Port]:
        """Add all nodes; the outputs."""
        graph, row, good = self.graph, self.inputs[0].name, ""
        if self.steps.columns is not None:
            by_name = {port.name: port for port in self.inputs}
            parts = [columns.encoded(graph, one, by_name[one.column]) for one in self.steps.columns]
            graph.scope = self.steps.input.name
            row = graph("Concat", *parts, axis=1)
            good = columns.usable(graph, row)
            row = graph("Where", good, row, np.float32(0))
        y = network(graph, self.steps, row)
        graph.scope = "answer"
        outputs = []
        for wanted, value in self._answer(y):
            port = wanted._replace(name=graph.free(wanted.name))
            if good:
                rows = graph("Reshape", good, np.array([0, *(1,) * len(port.shape)])) if len(port.shape) != 1 else good
                graph("Where", rows, value, [""] if port.kind == "string" else np.float32(np.nan), named=port.name)
            else:
                graph("Identity", value, named=port.name)
            outputs.append(port)
        return outputs

    def _answer(self, y: str) -> list[tuple[Port, str]]:
        """What the outputs of the network say: each output of the graph with its value, as `Answer` has it."""
        graph, answer, shape = self.graph, self.steps.answer, self.steps.output.shape
        raw = Port("y", "float", shape, "the numbers that the network gives"), y
        if answer.classes is None:
            if self._is_whole:
                return [raw]
            unit = answer.before or answer.after
            return [
                (
                    Port(name, "float", (1,), f"a number in {unit}" if unit else "a number"),
                    graph("Slice", y, np.array([at]), np.array([at + 1]), np.array([1])) if shape[0] > 1 else y,
                )
                for at, name in enumerate(answer.targets)
            ]
        is_single = shape[-1] == 1
        if is_single:
            above = graph("Cast", graph("Greater", y, np.float32(answer.threshold)), to="int64")
            number = graph("Squeeze", above, np.array([-1]))
        else:
            number = graph("ArgMax", y, axis=-1, keepdims=0)
        label = graph("Gather", graph.constant([*answer.classes], "classes"), number)
        found = [(Port("label", "string", shape[:-1], "the name of the class"), label)]
        if not answer.probabilities:
            return [*found, raw]
        shares = graph("Concat", graph("Sub", np.float32(1), y), y, axis=-1) if is_single else y
        about = "of each class, in the order of the classes in the metadata"
        return [*found, (Port("probabilities", "float", (*shape[:-1], len(answer.classes)), about), shares)]

    @property
    def _is_whole(self) -> bool:
        """Whether the numbers predicted are one output: they have no names, as those of a table have."""
        steps = self.steps
        return steps.output.shape != (1 if steps.columns is None else len(steps.answer.targets),)

    def _metadata(self) -> dict[str, str]:
        """What a user of the file has to know, as texts; lists and tables are JSON."""
        subject, answer = self.subject, self.steps.answer
        examples = subject.examples
        test = {
            "rows": len(examples.y),
            "inputs": {name: _plain(value) for name, value in self._given(examples).items()},
            "outputs": {name: _plain(value) for name, value in self._expected(examples).items()},
        }
        inputs: list[dict[str, Any]] = [{"name": port.name, "kind": port.about} for port in self.inputs]
        for one, encodings in zip(inputs, self.encodings.values(), strict=False):
            one["may_be_missing"] = columns.takes_gaps(encodings)
            choices = [name for column in encodings if isinstance(column, ChoiceEncoding) for name in column.choices]
            one.update({"choices": [*dict.fromkeys(choices)]} if choices else {})
        documents: dict[str, Any] = {
            "inputs": inputs,
            "features": [*self.steps.features],
            "outputs": [{"name": port.name, "kind": port.about} for port in self.outputs],
            "targets": list(answer.targets),
            "classes": list(answer.classes or ()),
            "self_test": test,
        }
        return {
            "mltrain": __version__,
            "name": self.steps.name,
            "title": subject.title,
            "origin": subject.origin,
            **{name: json.dumps(value, ensure_ascii=False) for name, value in documents.items() if value},
        }

    def _given(self, examples: Examples) -> dict[str, Array]:
        """The inputs for some rows."""
        if self.steps.columns is None:
            return {self.inputs[0].name: examples.x.astype(np.float32)}
        assert examples.cells is not None
        return {
            port.name: columns.as_input([columns.given_cell(one[0], row[port.name]) for row in examples.cells], port)
            for port, one in zip(self.inputs, self.encodings.values(), strict=True)
        }

    def _expected(self, examples: Examples) -> dict[str, Array]:
        """The outputs that the model has for some rows."""
        y, answer, found = examples.y, self.steps.answer, list[Array]()
        if answer.classes is None:
            found = [y] if self._is_whole else [y[:, at : at + 1] for at in range(y.shape[1])]
        else:
            shares = np.concatenate([1 - y, y], axis=-1) if answer.probabilities and y.shape[-1] == 1 else y
            found = [np.array(examples.labels, np.object_), shares]
        return {port.name: value for port, value in zip(self.outputs, found, strict=True)}

    def content(self) -> bytes:
        """The file. It has passed the checks of onnx, which include the shapes of all values."""
        onnx = needed("onnx", "export --to onnx", "onnx")
        types = {
            kind: getattr(onnx.TensorProto, kind.upper())
            for kind in ("float", "double", "string", "int32", "int64", "bool")
        }

        def described(port: Port) -> Any:
            shape = ["rows", *port.shape]
            return onnx.helper.make_tensor_value_info(port.name, types[port.kind], shape, doc_string=port.about)

        def tensor(name: str, array: Array) -> Any:
            if array.dtype == object:
                texts = [text.encode() for text in array.ravel().tolist()]
                return onnx.helper.make_tensor(name, types["string"], array.shape, texts)
            return onnx.numpy_helper.from_array(array, name)

        nodes = [
            onnx.helper.make_node(
                node.operator,
                node.inputs,
                node.outputs,
                name=node.outputs[0],
                **{key: types[value] if key == "to" else value for key, value in node.attributes.items()},
            )
            for node in self.graph.nodes
        ]
        graph = onnx.helper.make_graph(
            nodes,
            self.steps.name,
            [described(port) for port in self.inputs],
            [described(port) for port in self.outputs],
            [tensor(name, array) for name, array in self.graph.constants.items()],
            doc_string=self.subject.title,
        )
        model = onnx.helper.make_model(
            graph,
            opset_imports=[onnx.helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="mltrain",
            producer_version=__version__,
            doc_string=f"{self.subject.title}; {self.subject.origin}",
        )
        onnx.helper.set_model_props(model, self.metadata)
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())

    def compared(self, content: bytes) -> tuple[str, int, float]:
        """The version of onnxruntime, how many rows it has predicted, and by how much they differ from the model's."""
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # errors
        session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        rows = examples_of(self.subject.model, self.subject.dataset, CHECKED_ROWS)
        if len(rows.y) < CHECKED_ROWS:  # few rows are held back, so some are made up
            rows = max(rows, self.subject.examples, examples_of(self.subject.model, None, CHECKED_ROWS), key=_count)
        found = onnx_check.answers(session, self._given(rows))
        return runtime.__version__, len(rows.y), onnx_check.difference(found, self._expected(rows))


def _count(examples: Examples) -> int:
    return len(examples.y)


def _told_row(steps: InferenceSteps) -> str:
    if steps.image is not None:
        return "pixels from 0 to 255"
    return "the numbers of a row, as the dataset has them, before they are scaled"


def _plain(array: Array) -> Any:
    """Nested lists for JSON: None for NaN, and of float32 no more digits than it has."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        if not isinstance(value, float):
            return value
        return None if np.isnan(value) else float(f"{value:.9g}") if array.dtype == np.float32 else value

    return plain(array.tolist())
