"""Checks an ONNX file of mltrain: the rows that it carries must have the answers that the model gave for them.

It needs NumPy and onnxruntime (pip install onnxruntime), and shows how the file is used from Python.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(string)": np.object_,
    "tensor(int32)": np.int32,
}


def answers(session: Any, inputs: Any) -> dict[str, Any]:
    """The outputs by name, as arrays, for the inputs by name: rows first, None or NaN for a missing number."""
    given = {one.name: np.array(inputs[one.name], TYPES[one.type]) for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))


def difference(found: Any, expected: Any) -> float:
    """By how much outputs differ at most; relative to the largest number of an output, if that is more than 1."""
    largest = 0.0
    for name, wanted in expected.items():
        if found[name].dtype == object:
            largest = max(largest, 0.0 if np.array_equal(found[name], np.array(wanted, np.object_)) else np.inf)
            continue
        numbers = np.array(wanted, np.float64)
        differences = np.abs(found[name] - numbers) / max(1.0, np.abs(numbers).max(initial=0))
        largest = max(largest, float(np.nan_to_num(differences, nan=np.inf).max(initial=0)))
    return largest


def main() -> int:
    """Run the rows in the file, and say whether their answers are right."""
    if len(sys.argv) != 2:
        print(f"usage: python {sys.argv[0]} MODEL.onnx", file=sys.stderr)
        return 2
    try:
        import onnxruntime
    except ImportError:
        print("error: this needs the package onnxruntime; install it with: pip install onnxruntime", file=sys.stderr)
        return 1
    session = onnxruntime.InferenceSession(Path(sys.argv[1]).read_bytes(), providers=["CPUExecutionProvider"])
    test = json.loads(session.get_modelmeta().custom_metadata_map["self_test"])
    largest, rows = difference(answers(session, test["inputs"]), test["outputs"]), test["rows"]
    if largest <= 1e-4:
        print(f"self-test passed: {rows} rows have the answers of the model")
        return 0
    print(f"self-test FAILED: {rows} rows differ from the answers of the model, by up to {largest:g}")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
