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


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as file:
        return {name.removesuffix(".npy"): file.read(name) for name in file.namelist()}


def archive(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A model file with these members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as file:
        for name, member in members.items():
            file.writestr(f"{name}.npy", member)
    return content.getvalue()


def rewrite(path: Path, change: Callable[[Members], None], compression: int = zipfile.ZIP_STORED) -> None:
    """Change a model file's members (their content by name, without .npy)."""
    members = members_of(path)
    change(members)
    path.write_bytes(archive(members, compression))


def meta_of(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as file:
        return json.loads(str(file["meta"]))


def changed_meta(path: Path) -> Callable[[Callable[[Any], None]], bytes]:
    """The function that gives a model file's content with a change of its meta; the file is read once."""
    members, meta = members_of(path), json.dumps(meta_of(path))

    def with_meta(change: Callable[[Any], None]) -> bytes:
        changed = json.loads(meta)
        change(changed)
        return archive(members | {"meta": npy(np.array(json.dumps(changed)))})

    return with_meta


def rewrite_meta(path: Path, change: Callable[[Any], None]) -> None:
    """Change a model file's meta."""
    path.write_bytes(changed_meta(path)(change))
