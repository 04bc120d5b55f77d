"""One ONNX file: the network with its preprocessing, for onnxruntime, onnxruntime-web and other runtimes."""

import importlib.util
import inspect
from typing import Any, ClassVar

from mltrain.export.base import Exported, Format, Subject


class Onnx(Format):
    """One ONNX file: an input for each column, and `label` and `probabilities`, or the numbers, as outputs.

    onnxruntime runs it in Python, C++, C#, Java and on phones, onnxruntime-web in browsers. Names and dates are texts,
    texts in words are their code points, a missing number is NaN, a missing text is empty. When onnxruntime is
    installed, it predicts 32 rows here, and the difference is printed. A script beside the file runs its self-test.
    """

    suffix: ClassVar[str] = ".onnx"
    package: ClassVar[tuple[str, str] | None] = ("onnx", "onnx")

    def write(self, subject: Subject) -> Exported:
        from mltrain.export.onnx_file import IR_VERSION, OPSET, OnnxFile
        from mltrain.export.runtime import onnx_check

        model = OnnxFile(subject)
        content = model.content()
        inputs, outputs = (", ".join(port.name for port in ports[:8]) for ports in (model.inputs, model.outputs))
        more = f", ... ({len(model.inputs)} in all)" if len(model.inputs) > 8 else ""
        notes = [
            f"opset {OPSET} of ai.onnx, IR version {IR_VERSION}; metadata: {', '.join(model.metadata)}",
            f"inputs   {inputs}{more}",
            f"outputs  {outputs}",
        ]
        facts: dict[str, Any] = {
            "opset": OPSET,
            "ir_version": IR_VERSION,
            "inputs": [port.name for port in model.inputs],
            "outputs": [port.name for port in model.outputs],
        }
        if importlib.util.find_spec("onnxruntime") is None:
            notes.append("its answers were not compared; to have that done: pip install onnxruntime")
        else:
            runtime, rows, largest = model.compared(content)
            notes.append(f"onnxruntime {runtime}: {rows} rows differ from the model by {largest:.1g} at most")
            facts["compared"] = {"onnxruntime": runtime, "rows": rows, "difference": largest}
        script = inspect.getsource(onnx_check)
        return Exported({".onnx": content, "_check.py": script.encode()}, "python {stem}_check.py {file}", notes, facts)
