import copy
import io
import json
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from msgspec.structs import replace

from campaigns.fuzzing.archives import changed_archive, members_of, npy, zipped
from campaigns.fuzzing.mutations import change_tree
from campaigns.fuzzing.targets import Target
from mltrain.config.differences import for_epochs
from mltrain.config.load import parse_config
from mltrain.errors import TrainingDiverged
from mltrain.job import TrainingJob, prepare
from mltrain.runs.checkpoint import Background, Checkpoint, write_checkpoint
from mltrain.runs.frames import FrameKeeper
from mltrain.runs.run import history_csv
from mltrain.training.checkpointing import TrainingRun

_CONFIGS = (
    """
name: noisy
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 12, validation_split: 0.25}
layers: [{type: dense, units: 2, activation: tanh}, {type: dropout, rate: 0.1}, {type: dense, units: 1}]
loss: mse
optimizer: {type: adam, learning_rate: {type: reduce_on_plateau, initial_learning_rate: 0.01}, use_ema: true}
metrics: [mae]
training: {batch_size: 4, track: [dense.bias], early_stopping: {patience: 2}}
""",
    """
name: plain
dataset: {type: linear, slope: 3, intercept: 1, x: [0, 1, 2]}
layers: [{type: dense, units: 1}]
loss: mse
""",
    """
name: folds
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 9}
layers: [{type: dropout, rate: 0.1}, {type: dense, units: 1}]
loss: mse
optimizer: adam
training: {batch_size: 2, gradient_accumulation: 2, early_stopping: {patience: 2, folds: 3}}
""",
)


_DONE, _PLANNED = 2, 3
"""Epochs of the training of a checkpoint, and of one that goes on with it."""


class CheckpointTarget(Target):
    """checkpoint.npz, changed as model.npz is; what is not refused is trained and saved"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._path = folder / "checkpoint.npz"
        self._files, self._members = [], []
        for text in _CONFIGS:
            job, run, keeper = self._job(text, _DONE), TrainingRun(), FrameKeeper(2, _DONE)
            keeper.keep_if_chosen(0, job.network.parameters)
            for report in job.train(training_run=run):
                keeper.keep_if_chosen(report.epoch, job.network.parameters)
            assert run.newest is not None
            history = [replace(report, seconds=0.5) for report in run.history]
            of = Background(job.config, job.origin.data, 2)
            write_checkpoint(self._path, of, run.newest, history, keeper.frames)
            self._files.append(self._path.read_bytes())
            self._members.append(members_of(self._files[-1]))
        self._metas = [json.loads(str(np.load(io.BytesIO(members["meta.npy"])))) for members in self._members]

    def mutated(self, rng: Random) -> dict[str, bytes]:
        which = rng.randrange(len(self._files))
        if rng.random() < 0.4:
            content = changed_archive(rng, self._files[which], self._members[which], self._files)
        else:
            meta = copy.deepcopy(self._metas[which])
            meta["checkpoint"] = change_tree(rng, meta["checkpoint"])
            content = zipped({**self._members[which], "meta.npy": npy(np.array(json.dumps(meta)))})
        return {self._path.name: content}

    def read(self) -> None:
        checkpoint = Checkpoint(self._path)
        text = next((text for text in _CONFIGS if checkpoint.config == self._job(text, _DONE).config), None)
        if text is None:
            return  # the config is another one than the run's, which is told before anything is read
        job = self._job(text, _PLANNED)
        history = checkpoint.history(job.blank_report)
        checkpoint.frames(self.folder / "frames.npz", job.network.parameters.size)
        run = TrainingRun(
            epoch=checkpoint.epoch,
            history=history,
            parallelism=checkpoint.parallelism,
            restore=partial(checkpoint.restore, history, job.steps),
        )
        try:
            with np.errstate(all="ignore"):  # weights may be of any size
                list(job.train(training_run=run))
        except TrainingDiverged:
            return
        assert history_csv(run.history).count("\n") == len(run.history) + 1
        job.model(run.history).save(self.folder / "model.npz")

    def _job(self, text: str, epochs: int) -> TrainingJob:
        return prepare(for_epochs(parse_config(text, self.folder / "config.yaml"), epochs), self.folder)
