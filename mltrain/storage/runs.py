"""The run directory: ``model.npz``, ``config.yaml``, ``history.csv`` and ``frames.npz`` of one training.

Where something tells good epochs from bad ones, ``best.npz`` and ``last.npz`` are models of those two epochs, and
``model.npz`` is the same as one of them. ``checkpoint.npz`` is what going on takes; see `mltrain.storage.checkpoint`.
"""

import contextlib
import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.dump import to_yaml
from mltrain.data import DatasetSpec
from mltrain.engine.arrays import Floats
from mltrain.errors import ConfigError, DataError, ModelFileError, StorageError, UsageError
from mltrain.storage.files import reason, remove, remove_leftovers, write_text
from mltrain.storage.frames import Frames
from mltrain.storage.lock import only_writer
from mltrain.storage.model import Model
from mltrain.training.report import EpochReport

RUNS = Path("runs")
MODEL, CONFIG, HISTORY, FRAMES = "model.npz", "config.yaml", "history.csv", "frames.npz"
BEST, LAST, CHECKPOINT = "best.npz", "last.npz", "checkpoint.npz"
FILES = (MODEL, BEST, LAST, CONFIG, HISTORY, FRAMES, CHECKPOINT)
"""What a run may hold, in the order in which people are told."""


class Run:
    """A folder for the results of one training, claimed before it begins so that a full disk is no surprise at the end.

    As a context manager it keeps other processes from writing there, too (entering it may raise `StorageError`), and
    takes an empty folder away again if nothing was saved to it.
    """

    def __init__(self, folder: Path, *, new: bool):
        self.folder, self._new = folder, new
        self._lock = only_writer(folder)

    @classmethod
    def claim(cls, name: str, out: Path | None = None, runs: Path = RUNS) -> "Run":
        """The next free ``runs/<name>-<NNN>``, or exactly ``out``. Raises `StorageError`.

        Two that claim at once get different numbers: making a folder is what claims it, and only one can make it.
        """
        if out is not None:
            try:
                new = not out.exists()
                out.mkdir(parents=True, exist_ok=True)
                _try_to_write(out)
            except OSError as error:
                raise StorageError(f"{out}: the run cannot be written there: {reason(error)}") from error
            return cls(out, new=new)
        try:
            runs.mkdir(parents=True, exist_ok=True)
            number = _highest_number(runs, name)
            while True:
                number += 1
                folder = runs / f"{name}-{number:03d}"
                with contextlib.suppress(FileExistsError):
                    folder.mkdir()
                    return cls(folder, new=True)
        except OSError as error:
            raise StorageError(f"{runs}: the run cannot be written there: {reason(error)}") from error

    @classmethod
    def again(cls, folder: Path) -> "Run":
        """The run in ``folder``, to go on with. Raises `UsageError` if there is nothing to go on from."""
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "is not there"
            raise UsageError(f"{folder}: {what}; name the folder of a run, as in --resume runs/NAME-001")
        if not (folder / CHECKPOINT).is_file():
            lacks = f"{folder}: holds no {CHECKPOINT}, so there is nothing to go on from"
            advice = f"; start a new run from its weights with --init-from {folder}"
            raise UsageError(lacks + (advice if (folder / MODEL).is_file() else ""))
        return cls(folder, new=False)

    def __enter__(self) -> "Run":
        self._lock.__enter__()
        for name in FILES:
            remove_leftovers(self.folder / name)
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.__exit__(None, None, None)
        if self._new:
            with contextlib.suppress(OSError):
                self.folder.rmdir()  # fails, as it should, where something was saved

    def save(
        self,
        model: Model,
        history: Sequence[EpochReport],
        folder: Path,
        frames: Frames | None = None,
        others: Mapping[str, Floats] | None = None,
    ) -> Path:
        """Write all files of the run; the model's path. ``folder`` is where the config stood. Raises `StorageError`.

        ``others`` are parameters of `BEST` and `LAST`. What an earlier training left of these goes away.
        """
        write_text(self.folder / CONFIG, to_yaml(located(model.config, folder)))
        write_text(self.folder / HISTORY, history_csv(history))
        if frames is not None:
            frames.save(self.folder / FRAMES)
        for name in (BEST, LAST):
            if others and name in others:
                model.with_parameters(others[name]).save(self.folder / name)
            else:
                remove(self.folder / name)
        model.save(self.folder / MODEL)
        return self.folder / MODEL


def find_model(path: Path | None, runs: Path = RUNS) -> Path:
    """The model file that ``path`` (a file or a run directory) means; without it, that of the newest run.

    Raises `UsageError` where there is none.
    """
    if path is None:
        models = sorted(runs.glob(f"*/{MODEL}"), key=lambda file: (file.stat().st_mtime_ns, file.parent.name))
        if not models:
            raise UsageError(
                f"there is no run below {runs}/ yet; train one with: mltrain fit CONFIG, or name one with --model"
            )
        return models[-1]
    if path.is_dir():
        if not (path / MODEL).is_file():
            advice = f"; finish it with: mltrain fit --resume {path}" if (path / CHECKPOINT).is_file() else ""
            raise ModelFileError(f"{path}: holds no {MODEL}, so it is not the folder of a finished run{advice}")
        return path / MODEL
    return path


def located(config: Config, folder: Path) -> Config:
    """The config, so that its files are found from anywhere on this machine. ``folder`` is where it stood."""
    return replace(config, dataset=config.dataset.located(folder))


def dataset_of(file: Path, model: Model) -> tuple[DatasetSpec, Path]:
    """What a model was trained on, and the folder from which to look for it.

    The run's config knows where the files are on this machine; the model alone only knows what they hold. So the config
    is asked, if it is there and about the same dataset.
    """
    from mltrain.config.load import load_config  # with YAML, which predict does not need

    config = file.parent / CONFIG
    with contextlib.suppress(ConfigError, DataError):  # what lies beside a model may be some other program's config
        if config.is_file() and (located := load_config(config).dataset).placeless() == model.config.dataset:
            return located, file.parent
    return model.config.dataset, file.parent


def history_csv(history: Sequence[EpochReport]) -> str:
    """A line an epoch: every number that it reported."""
    table = [
        {
            "epoch": report.epoch,
            "seconds": f"{report.seconds:.6f}",
            **report.values,
            **report.tracked,
        }
        for report in history
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]) if table else ["epoch", "seconds", "loss"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def _highest_number(runs: Path, name: str) -> int:
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    return max((int(found[1]) for entry in runs.iterdir() if (found := pattern.fullmatch(entry.name))), default=0)


def _try_to_write(folder: Path) -> None:
    probe = folder / ".mltrain-probe"
    probe.touch()
    probe.unlink()
