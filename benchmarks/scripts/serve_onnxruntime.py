"""The iris lesson's network behind FastAPI, run by onnxruntime. ``python serve_onnxruntime.py PORT``."""

import sys
from itertools import pairwise

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from onnx import TensorProto, checker, helper, numpy_helper
from pydantic import BaseModel

CLASSES = ["setosa", "versicolor", "virginica"]
SIZES = [4, 16, 3]


class Row(BaseModel):  # type: ignore[misc]
    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float


def network() -> bytes:
    """Standardized inputs, a hidden layer, softmax; with weights drawn at random."""
    rng = np.random.default_rng(0)
    arrays = {"shift": rng.uniform(1, 6, 4), "scale": rng.uniform(0.5, 2, 4)}
    nodes = [
        helper.make_node("Sub", ["x", "shift"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["h0"]),
    ]
    for number, (inputs, outputs) in enumerate(pairwise(SIZES)):
        arrays |= {f"w{number}": rng.normal(0, 0.3, (inputs, outputs)), f"b{number}": np.zeros(outputs)}
        last = number == len(SIZES) - 2
        nodes.append(helper.make_node("Gemm", [f"h{number}", f"w{number}", f"b{number}"], [f"z{number}"]))
        nodes.append(
            helper.make_node("Softmax", [f"z{number}"], ["y"])
            if last
            else helper.make_node("Relu", [f"z{number}"], [f"h{number + 1}"])
        )
    graph = helper.make_graph(
        nodes,
        "iris",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 3])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model.SerializeToString()


app = FastAPI()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(network(), options)


@app.post("/predict")  # type: ignore[untyped-decorator]
def predict(rows: list[Row]) -> list[dict[str, object]]:
    x = np.array([[row.sepal_length, row.sepal_width, row.petal_length, row.petal_width] for row in rows], np.float32)
    (y,) = session.run(None, {"x": x})
    return [
        {"label": CLASSES[best], "probabilities": dict(zip(CLASSES, shares, strict=True))}
        for best, shares in zip(y.argmax(axis=1).tolist(), y.tolist(), strict=True)
    ]


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
