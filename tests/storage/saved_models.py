"""Models to save, and files to break."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mltrain.config.load import parse_config
from mltrain.inference.model import Model
from mltrain.job import prepare

CLASSIFIER = """
name: petals
dataset: {type: inline, x: [[0, 1], [1, 0], [1, 1]], y: [iris, rose, rose]}
layers:
  - {type: dense, units: 3, activation: relu}
  - {type: dense, units: 2, activation: softmax}
loss: sparse_categorical_crossentropy
metrics: [accuracy]
"""


def model_of(text: str) -> Model:
    """The untrained model of a config."""
    return prepare(parse_config(text, "petals.yaml"), Path()).model([])


def npy(array: Any, **options: Any) -> bytes:
    """An array as a .npy file."""
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


Members = dict[str, bytes]


def rewrite(path: Path, change: Callable[[Members], None], compression: int = zipfile.ZIP_STORED) -> None:
    """Change a model file's members (their content by name, without .npy)."""
    with zipfile.ZipFile(path) as file:
        members = {name.removesuffix(".npy"): file.read(name) for name in file.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)


def meta_of(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as file:
        return json.loads(str(file["meta"]))


def rewrite_meta(path: Path, change: Callable[[Any], None]) -> None:
    """Change a model file's meta."""
    meta = meta_of(path)
    change(meta)
    rewrite(path, lambda members: members.update(meta=npy(np.array(json.dumps(meta)))))
