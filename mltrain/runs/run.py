"""The run directory: ``model.npz``, ``config.yaml``, ``history.csv`` and ``frames.npz`` of one training.

Where a validation set or early stopping determines a best epoch, ``best.npz`` and ``last.npz`` are the models of those
two epochs, and ``model.npz`` equals one of them. ``checkpoint.npz`` serves to resume; see `mltrain.runs.checkpoint`.

Where several networks were trained, ``model.npz`` is their ensemble, and ``members.csv`` has a line for each, in place
of a history. ``out_of_fold.csv`` are the predictions for the rows that folds held out.
"""

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.dump import to_yaml
from mltrain.data.base import DatasetSpec
from mltrain.errors import ConfigError, ModelFileError, StorageError, UsageError, Worded, reason
from mltrain.inference.model import Model
from mltrain.names.nearest import did_you_mean
from mltrain.runs.frames import Frames
from mltrain.runs.run_folders import Claim, claim_folder, claim_number
from mltrain.runs.sweep_folder import is_sweep
from mltrain.system.atomic_folder import current_file, leads_out, read_together, settle, together
from mltrain.system.files import write_text
from mltrain.training.epoch_report import EpochReport

RUNS = Path("runs")
MODEL, CONFIG, HISTORY, FRAMES = "model.npz", "config.yaml", "history.csv", "frames.npz"
BEST, LAST, CHECKPOINT = "best.npz", "last.npz", "checkpoint.npz"
MEMBERS, OUT_OF_FOLD = "members.csv", "out_of_fold.csv"
FILES = (MODEL, BEST, LAST, CONFIG, HISTORY, MEMBERS, OUT_OF_FOLD, FRAMES, CHECKPOINT)
"""Every file that training may write to a run directory, in the order in which they are listed."""

PLOTS, REPORT = "plots", "report.html"
"""The folder of `mltrain plot` and the file of `mltrain report` in a run directory."""


class Run:
    """A folder for the results of one training, created and locked before it begins.

    While it is open, no other process trains there or removes it. The context manager closes it and, if nothing was
    saved, deletes the empty folders that it created.
    """

    def __init__(self, claim: Callable[[], Claim], wish: Path):
        self._wish = wish
        self._claim = self._claimed(claim)

    @classmethod
    def claim(cls, name: str, out: Path | None = None, runs: Path = RUNS) -> "Run":
        """The next free ``runs/<name>-<NNN>``, or exactly ``out``. Raises `StorageError`."""
        if out is not None:
            run = cls(partial(claim_folder, out, FILES), out)
            try:
                settle(out, FILES)
            except BaseException:
                run.__exit__()
                raise
            return run
        return cls(partial(claim_number, runs, name, FILES), runs)

    @classmethod
    def again(cls, folder: Path) -> "Run":
        """The run in ``folder``, to be resumed. Raises `UsageError` if it has no checkpoint."""
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "is not there"
            raise UsageError(f"{folder}: {what}; name the folder of a run, as in --resume runs/NAME-001")
        if current_file(folder, CHECKPOINT) is None:
            lacks = f"{folder}: holds no {CHECKPOINT}, so there is nothing to go on from"
            advice = f"; start a new run from its weights with --init-from {folder}"
            raise UsageError(lacks + (advice if current_file(folder, MODEL) else ""))
        return cls.claim("", folder)

    @property
    def folder(self) -> Path:
        return self._claim.folder

    def stands(self) -> bool:
        """Whether the folder is still there, and not another one in its place."""
        return self._claim.stands()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *exception: object) -> None:
        self._claim.give_up()

    def save(
        self,
        model: Model,
        history: Sequence[EpochReport] | None,
        folder: Path,
        frames: Frames | None = None,
        *,
        others: Mapping[str, Model] | None = None,
        checkpoint: Callable[[Path], None] | None = None,
        tables: Mapping[str, str] | None = None,
    ) -> Path:
        """Write all files of the run; the model's path. ``folder`` is where the config stood. Raises `StorageError`.

        ``others`` are the models `BEST` and `LAST`; ``checkpoint`` writes a checkpoint to the path that it gets.
        ``tables`` are texts by the names of their files.
        The run's old files stay until all new ones are on the disk. Then the new files replace them, and old files
        that this training did not write are deleted, in one transaction.
        """
        if not self.stands():
            self._claim_another()
        with together(self.folder, FILES) as files:
            write_text(files / CONFIG, to_yaml(with_absolute_paths(model.config, folder)))
            if history is not None:
                write_text(files / HISTORY, history_csv(history))
            for name, text in (tables or {}).items():
                write_text(files / name, text)
            if frames is not None:
                frames.save(files / FRAMES)
            for name, other in (others or {}).items():
                other.save(files / name)
            if checkpoint is not None:
                checkpoint(files / CHECKPOINT)
            model.save(files / MODEL)
        return self.folder / MODEL

    def _claim_another(self) -> None:
        """The folder was deleted while the network was training: make it again or, if there is a new one, number it."""
        folder = self.folder
        self._claim.give_up()
        if folder != self._wish:
            folder = self._wish / folder.name.rpartition("-")[0]
        elif not folder.exists():
            self._claim = self._claimed(partial(claim_folder, folder, FILES))
            return
        self._claim = self._claimed(partial(claim_number, folder.parent, folder.name, FILES))

    def _claimed(self, claim: Callable[[], Claim]) -> Claim:
        try:
            return claim()
        except BlockingIOError:
            raise StorageError(f"{self._wish}: another mltrain is training there right now") from None
        except OSError as error:
            raise StorageError(
                f"{self._wish}: the run cannot be written there: {_why_not(self._wish, error)}"
            ) from error


def find_model(name: Path | None, runs: Path = RUNS) -> Path:
    """The model file of a run or model, named as for `find_run`; without a name, that of the newest finished run.

    Links that lead out of a run directory are not followed, neither here nor for the other files of a run.

    Raises `UsageError` if there is no run yet, and `ModelFileError` if there is no run of that name.
    """
    if name is None or is_latest(name):
        return _newest(runs, MODEL) / MODEL
    try:
        path = find_run(name, runs)
    except UsageError as error:
        raise ModelFileError(str(error)) from None
    if path.is_dir():
        if current_file(path, MODEL) is None:
            if leads_out(path / MODEL):
                raise ModelFileError(
                    f"{path / MODEL}: is a link that leads out of its folder; name the file that is meant"
                )
            if is_sweep(path):
                raise ModelFileError(
                    f"{path}: is a sweep, and holds no {MODEL}; its best network is a run: name that, or latest"
                )
            what = f"{path}: holds no {MODEL}, so it is not the folder of a finished run"
            if current_file(path, CHECKPOINT):
                advice = f"; finish it with: mltrain fit --resume {path}"
                raise ModelFileError(Worded(what, python="; its training was not finished", commands=advice))
            raise ModelFileError(what)
        return path / MODEL
    return path


LATEST = "latest"
"""The name of the newest run, unless a file or folder has that name."""


def find_run(name: Path, runs: Path = RUNS, *, holding: str = MODEL) -> Path:
    """Find a run or model by its path (a file or folder), its name below ``runs``, or `LATEST`.

    The latest run is the newest that has the file ``holding``. Raises `UsageError` if there is none of that name.
    """
    if is_latest(name):
        return _newest(runs, holding)
    if name.exists() or current_file(name.parent, name.name):
        return name
    if (runs / name).is_dir():
        return runs / name
    beside = [str(file) for file in name.parent.glob("*.npz")] if name.parent.is_dir() else []
    known = run_names(runs) if name.parent == Path() else [str(runs / run) for run in run_names(runs)]
    what = "" if name.suffix == ".npz" else f" or folder, and no run of that name below {runs}/"
    raise UsageError(f"{name}: there is no such file{what}{did_you_mean(str(name), [*known, *beside])}")


def is_latest(name: Path) -> bool:
    return name == Path(LATEST) and not name.exists()


def run_names(runs: Path = RUNS) -> list[str]:
    """The names of the runs, finished or not."""
    folders = sorted(runs.iterdir()) if runs.is_dir() else []
    return [folder.name for folder in folders if current_file(folder, MODEL) or current_file(folder, CHECKPOINT)]


def _newest(runs: Path, holding: str) -> Path:
    """The run whose file of that name is the newest."""
    found = []
    for folder in runs.iterdir() if runs.is_dir() else ():
        with contextlib.suppress(OSError):  # another process may delete it at the same time
            if file := current_file(folder, holding):
                found.append((file.stat().st_mtime_ns, folder.name, folder))
    if not found:
        raise UsageError(
            Worded(
                f"there is no run below {runs}/ yet; ",
                python="train one with the command: mltrain fit CONFIG, or name a model file",
                commands="train one with: mltrain fit CONFIG, or name one with --model",
            )
        )
    return max(found)[-1]


def with_absolute_paths(config: Config, folder: Path) -> Config:
    """The config with absolute paths, so that it is valid in every folder. ``folder`` is that of the config file."""
    return replace(config, dataset=config.dataset.with_absolute_paths(folder))


def read_model(file: Path) -> tuple[Model, DatasetSpec, Path]:
    """A model, its dataset, and the folder that the dataset's relative paths start from; see `dataset_of`."""

    def read(files: Mapping[str, Path]) -> tuple[Model, DatasetSpec, Path]:
        model = Model.load(files.get(file.name, file))
        return model, dataset_of(files.get(CONFIG), model), file.parent

    return read_together(file.parent, (file.name, CONFIG), read)


def dataset_of(config: Path | None, model: Model) -> DatasetSpec:
    """The dataset of a model; ``config`` is the config file in the same folder.

    The model file has no paths. The config of the run has them, and is used if it exists and describes the same
    dataset.
    """
    from mltrain.config.load import read_words  # imports YAML, which predict does not need

    with contextlib.suppress(ConfigError):  # a config.yaml beside a model may belong to another program
        if (
            config is not None
            and (with_absolute_paths := read_words(config).dataset).without_paths() == model.config.dataset
        ):
            return with_absolute_paths
    return model.config.dataset


def files_of(dataset: DatasetSpec, folder: Path) -> Iterator[Path]:
    """The files that a dataset is read from. ``folder`` is where its config stands."""
    yield from _paths(msgspec.to_builtins(dataset.with_absolute_paths(folder)))


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, str):
        if "\0" not in value and Path(value).is_absolute():
            yield Path(value)
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _paths(item)


def history_csv(history: Sequence[EpochReport]) -> str:
    """CSV text: a line for each epoch, with every number that it reported."""
    table = [
        {
            "epoch": report.epoch,
            "seconds": f"{report.seconds:.6f}",
            **report.values,
            **report.scheduled,
            **report.tracked,
        }
        for report in history
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]) if table else ["epoch", "seconds", "loss"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def _why_not(folder: Path, error: OSError) -> str:
    """Why a folder cannot be created or written to, as text for a message."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        for path in (folder, *folder.parents):
            if path.is_file():
                return f"{path} is a file; move it away, or name another folder with --out"
    return reason(error)
