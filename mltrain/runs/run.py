"""The run directory: ``model.npz``, ``config.yaml``, ``history.csv`` and ``frames.npz`` of one training.

Where something tells good epochs from bad ones, ``best.npz`` and ``last.npz`` are models of those two epochs, and
``model.npz`` is the same as one of them. ``checkpoint.npz`` is what going on takes; see `mltrain.runs.checkpoint`.
"""

import contextlib
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.dump import to_yaml
from mltrain.data.base import DatasetSpec
from mltrain.engine.arrays import Floats
from mltrain.errors import ConfigError, ModelFileError, StorageError, UsageError
from mltrain.inference.model import Model
from mltrain.names.nearest import did_you_mean
from mltrain.runs.atomic_folder import SAVED, settle, together
from mltrain.runs.frames import Frames
from mltrain.runs.links import is_own_file, leads_out
from mltrain.runs.only_trainer import only_trainer
from mltrain.runs.run_folders import Claim, claim_folder, claim_number
from mltrain.system.atomic_write import delete_unfinished
from mltrain.system.files import reason, write_text
from mltrain.training.epoch_report import EpochReport

RUNS = Path("runs")
MODEL, CONFIG, HISTORY, FRAMES = "model.npz", "config.yaml", "history.csv", "frames.npz"
BEST, LAST, CHECKPOINT = "best.npz", "last.npz", "checkpoint.npz"
FILES = (MODEL, BEST, LAST, CONFIG, HISTORY, FRAMES, CHECKPOINT)
"""Every file that training may write to a run directory, in the order in which people are told."""

PLOTS, REPORT = "plots", "report.html"
"""What `mltrain plot` and `mltrain report` add to it: a folder and a file."""


class Run:
    """A folder for the results of one training, claimed before it begins so that a full disk is no surprise at the end.

    As a context manager it keeps other processes from training there, too (entering it may raise `StorageError`), and
    takes empty folders that it has made away again if nothing was saved.
    """

    def __init__(self, claim: Callable[[], Claim], wish: Path):
        self._make_claim, self._wish = claim, wish
        self._claim = self._claimed()
        self._lock = only_trainer(self.folder)

    @classmethod
    def claim(cls, name: str, out: Path | None = None, runs: Path = RUNS) -> "Run":
        """The next free ``runs/<name>-<NNN>``, or exactly ``out``. Raises `StorageError`."""
        if out is not None:
            return cls(partial(claim_folder, out), out)
        return cls(partial(claim_number, runs, name), runs)

    @classmethod
    def again(cls, folder: Path) -> "Run":
        """The run in ``folder``, to go on with. Raises `UsageError` if there is nothing to go on from."""
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "is not there"
            raise UsageError(f"{folder}: {what}; name the folder of a run, as in --resume runs/NAME-001")
        settle(folder)
        if not is_own_file(folder / CHECKPOINT):
            lacks = f"{folder}: holds no {CHECKPOINT}, so there is nothing to go on from"
            advice = f"; start a new run from its weights with --init-from {folder}"
            raise UsageError(lacks + (advice if (folder / MODEL).is_file() else ""))
        return cls(partial(claim_folder, folder), folder)

    @property
    def folder(self) -> Path:
        return self._claim.folder

    def __enter__(self) -> "Run":
        self._lock.__enter__()
        delete_unfinished(self.folder / CHECKPOINT)
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.__exit__(None, None, None)
        self._claim.give_up()

    def save(
        self,
        model: Model,
        history: Sequence[EpochReport],
        folder: Path,
        frames: Frames | None = None,
        *,
        others: Mapping[str, Floats] | None = None,
        checkpoint: Callable[[Path], None] | None = None,
    ) -> Path:
        """Write all files of the run; the model's path. ``folder`` is where the config stood. Raises `StorageError`.

        ``others`` are parameters of `BEST` and `LAST`, and ``checkpoint`` writes the file that it is given. Whatever
        was in the run's folder before stays until all of them are on the disk; what is not of this training goes with
        it, in the same moment.
        """
        if not self._claim.stands():  # somebody has deleted the folder, but what was learned is worth another one
            self._claim.give_up()
            self._claim = self._claimed()
        with together(self.folder, FILES) as files:
            write_text(files / CONFIG, to_yaml(with_absolute_paths(model.config, folder)))
            write_text(files / HISTORY, history_csv(history))
            if frames is not None:
                frames.save(files / FRAMES)
            for name, parameters in (others or {}).items():
                model.with_parameters(parameters).save(files / name)
            if checkpoint is not None:
                checkpoint(files / CHECKPOINT)
            model.save(files / MODEL)
        return self.folder / MODEL

    def _claimed(self) -> Claim:
        try:
            return self._make_claim()
        except OSError as error:
            raise StorageError(
                f"{self._wish}: the run cannot be written there: {_why_not(self._wish, error)}"
            ) from error


def find_model(name: Path | None, runs: Path = RUNS) -> Path:
    """The model file that a run or model goes by: see `find_run`; without a name, that of the newest finished run.

    Links that lead out of a run directory are not followed, here and in what else is read from one.

    Raises `UsageError` where there is no run yet, and `ModelFileError` where none is called so.
    """
    if name is None or is_latest(name):
        return _newest(runs, MODEL) / MODEL
    try:
        path = find_run(name, runs)
    except UsageError as error:
        raise ModelFileError(str(error)) from None
    settle(path if path.is_dir() else path.parent)
    if path.is_dir():
        if leads_out(path / MODEL):
            raise ModelFileError(f"{path / MODEL}: is a link that leads out of its folder; name the file that is meant")
        if not (path / MODEL).is_file():
            advice = f"; finish it with: mltrain fit --resume {path}" if is_own_file(path / CHECKPOINT) else ""
            raise ModelFileError(f"{path}: holds no {MODEL}, so it is not the folder of a finished run{advice}")
        return path / MODEL
    return path


LATEST = "latest"
"""What the newest run is called, unless something else is."""


def find_run(name: Path, runs: Path = RUNS, *, holding: str = MODEL) -> Path:
    """What a run or model goes by: its path (a file or folder), its name below ``runs``, or `LATEST`.

    The latest run is the newest that has the file ``holding``. Raises `UsageError` where nothing is called so.
    """
    if is_latest(name):
        return _newest(runs, holding)
    if not name.exists() and (name.parent / SAVED).exists():
        settle(name.parent)
    if name.exists():
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
    return sorted({file.parent.name for name in (MODEL, CHECKPOINT) for file in runs.glob(f"*/{name}")})


def _newest(runs: Path, holding: str) -> Path:
    for saved in runs.glob(f"*/{SAVED}"):
        settle(saved.parent)
    found = (file for file in runs.glob(f"*/{holding}") if is_own_file(file))
    files = sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.parent.name))
    if not files:
        raise UsageError(
            f"there is no run below {runs}/ yet; train one with: mltrain fit CONFIG, or name one with --model"
        )
    return files[-1].parent


def with_absolute_paths(config: Config, folder: Path) -> Config:
    """The config, so that its files are found from anywhere on this machine. ``folder`` is where it stood."""
    return replace(config, dataset=config.dataset.with_absolute_paths(folder))


def dataset_of(file: Path, model: Model) -> tuple[DatasetSpec, Path]:
    """What a model was trained on, and the folder from which to look for it.

    The run's config knows where the files are on this machine; the model alone only knows what they hold. So the config
    is asked, if it is there and about the same dataset.
    """
    from mltrain.config.load import read_words  # with YAML, which predict does not need

    config = file.parent / CONFIG
    with contextlib.suppress(ConfigError):  # what lies beside a model may be some other program's config
        if (
            is_own_file(config)
            and (with_absolute_paths := read_words(config).dataset).without_paths() == model.config.dataset
        ):
            return with_absolute_paths, file.parent
    return model.config.dataset, file.parent


def history_csv(history: Sequence[EpochReport]) -> str:
    """A line an epoch: every number that it reported."""
    table = [
        {
            "epoch": report.epoch,
            "seconds": f"{report.seconds:.6f}",
            **report.values,
            **({} if report.learning_rate is None else {"learning_rate": report.learning_rate}),
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
    """Why a folder cannot be made, or not be written to, in words."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        for path in (folder, *folder.parents):
            if path.is_file():
                return f"{path} is a file; move it away, or name another folder with --out"
    return reason(error)
