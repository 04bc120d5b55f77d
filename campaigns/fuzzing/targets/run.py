from pathlib import Path
from random import Random

import numpy as np

from campaigns.fuzzing.archives import changed_archive, members_of
from campaigns.fuzzing.mutations import TEXTS, change_bytes, change_text
from campaigns.fuzzing.targets import Target
from mltrain.config.load import load_config
from mltrain.inference.scores import score
from mltrain.job import prepare
from mltrain.runs.catalogue import run_summary
from mltrain.runs.frames import FrameKeeper
from mltrain.runs.run import CONFIG, FRAMES, HISTORY, MODEL, OUT_OF_FOLD, Run
from mltrain.runs.saved_run import SavedRun
from mltrain.search.files import out_of_fold_csv
from mltrain.search.folds import validating_folds

_CONFIG = """
dataset: {type: linear, slope: 3, intercept: 1, x: [-1, 0, 1, 2]}
layers: [{type: dense, units: 1}]
loss: mse
training: {epochs: 3, track: {W: dense.kernel}, early_stopping: {folds: 2}}
"""


class RunTarget(Target):
    """a run's folder: config.yaml, history.csv, out_of_fold.csv, frames.npz or model.npz changed beside the others"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / CONFIG).write_text(_CONFIG)
        job = prepare(load_config(folder / CONFIG), folder)
        keeper = FrameKeeper(2, 3)
        keeper.keep_if_chosen(0, job.network.parameters)
        history = list(job.train())
        keeper.keep_if_chosen(3, job.network.parameters)
        with Run.claim("", folder) as run:
            model = job.model(history)
            tables = {OUT_OF_FOLD: out_of_fold_csv(model, validating_folds(job, folder))}
            run.save(model, history, folder, keeper.frames, tables=tables)
        self._files = {name: (folder / name).read_bytes() for name in (CONFIG, HISTORY, OUT_OF_FOLD, FRAMES, MODEL)}

    def mutated(self, rng: Random) -> dict[str, bytes]:
        name = rng.choice((CONFIG, HISTORY, HISTORY, OUT_OF_FOLD, OUT_OF_FOLD, FRAMES, FRAMES, MODEL))
        content = self._files[name]
        if name in (CONFIG, HISTORY, OUT_OF_FOLD):
            words = (*TEXTS, ",", "epoch", "fold", "nan", "inf", "1e999", '"', "\r")
            changed = change_text(rng, content.decode(), words) if rng.random() < 0.7 else change_bytes(rng, content)
        else:
            changed = changed_archive(rng, content, members_of(content), [content])
        return {**self._files, name: changed}

    def read(self) -> None:
        run_summary(self.folder)
        record = SavedRun.read(self.folder)
        assert record.epochs >= 0
        assert len(record.frames_to_the_end.epochs) == len(record.frames_to_the_end.vectors)
        assert record.name
        if record.out_of_fold is not None and (said := record.out_of_fold.predictions(record.model)) is not None:
            with np.errstate(all="ignore"):  # numbers may be of any size
                score(said, record.model.config.metrics)
