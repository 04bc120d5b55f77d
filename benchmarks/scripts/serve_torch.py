"""The iris lesson's network behind FastAPI, run by PyTorch. ``python serve_torch.py PORT``."""

import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from torch import nn

CLASSES = ["setosa", "versicolor", "virginica"]


class Row(BaseModel):  # type: ignore[misc]
    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float


app = FastAPI()
torch.manual_seed(0)
torch.set_num_threads(1)
shift, scale = torch.rand(4) * 5 + 1, torch.rand(4) + 0.5
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=1)).eval()


@app.post("/predict")  # type: ignore[untyped-decorator]
def predict(rows: list[Row]) -> list[dict[str, object]]:
    x = torch.tensor([[row.sepal_length, row.sepal_width, row.petal_length, row.petal_width] for row in rows])
    with torch.inference_mode():
        y = model((x - shift) * scale)
    return [
        {"label": CLASSES[best], "probabilities": dict(zip(CLASSES, shares, strict=True))}
        for best, shares in zip(y.argmax(dim=1).tolist(), y.tolist(), strict=True)
    ]


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
