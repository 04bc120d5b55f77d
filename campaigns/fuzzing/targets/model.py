import copy
import dataclasses
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from campaigns.fuzzing.archives import changed_archive, members_of, npy, zipped
from campaigns.fuzzing.mutations import change_tree
from campaigns.fuzzing.targets import Target
from mltrain.config.load import parse_config
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.inference.model import Model, Refitted
from mltrain.job import prepare

_CONFIGS = (
    """
dataset: {type: inline, x: [[0, 1], [1, 0], [1, 1]], y: [iris, rose, rose]}
layers:
  - {type: dense, units: 3, activation: relu}
  - {type: dense, units: 2, activation: softmax}
loss: sparse_categorical_crossentropy
metrics: [accuracy]
""",
    """
dataset: {type: csv, path: cats.csv, target: weight}
layers:
  - {type: reshape, target_shape: [2, 2]}
  - flatten
  - {type: dropout, rate: 0.1}
  - {type: dense, name: out, units: 1, kernel_initializer: {type: constant, value: 0.5}}
loss: mse
optimizer: {type: adam, learning_rate: {type: cosine_decay, initial_learning_rate: 0.1, decay_steps: 9}}
training: {track: [out.bias]}
""",
)
_CATS = "kind,age,tail,weight\ncat,3,1.5,4\ndog,4,2.5,6\ncat,5,1,5\ndog,6,3,9\n"

_MOST = 10_000
"""Numbers in a row of input up to which a model that was loaded is asked for a prediction, too."""


class ModelTarget(Target):
    """model.npz of one network or several, changed in its bytes, zip records, array headers, arrays and meta"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "cats.csv").write_text(_CATS)
        self._path = folder / "model.npz"
        self._files, self._members = [], []
        alone = [prepare(parse_config(config, folder / "config.yaml"), folder).model([]) for config in _CONFIGS]
        again = dataclasses.replace(alone[0], refit=Refitted(3, {"loss": 0.5, "accuracy": 0.75}))
        both = Ensemble.of(again.config, [again] * 2, [Role(seed=0), Role(seed=1)], again.origin)
        for model in (*alone, again, both):
            model.save(self._path)
            self._files.append(self._path.read_bytes())
            self._members.append(members_of(self._files[-1]))
        self._metas = [json.loads(str(np.load(io.BytesIO(members["meta.npy"])))) for members in self._members]

    def mutated(self, rng: Random) -> dict[str, bytes]:
        which = rng.randrange(len(self._files))
        if rng.random() < 0.6:
            content = changed_archive(rng, self._files[which], self._members[which], self._files)
        else:
            meta = change_tree(rng, copy.deepcopy(self._metas[which]))
            content = zipped({**self._members[which], "meta.npy": npy(np.array(_json(rng, meta)))})
        return {self._path.name: content}

    def read(self) -> None:
        model = Model.load(self._path)
        shape = model.row_spec.input_shape
        if np.prod(shape, dtype=float) <= _MOST:
            with np.errstate(all="ignore"):  # weights may be of any size
                y = model.predict(np.ones((2, *shape), np.float32))
            if model.classes is not None:
                model.labels(y)


def _json(rng: Random, meta: Any) -> str:
    text = json.dumps(meta, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1:
        place = rng.randrange(len(text))
        text = (
            text[:place]
            + rng.choice(("[" * 2000, "1" * 5000, "NaN", '"', "\\ud800", ""))
            + text[place + rng.randrange(9) :]
        )
    return text
