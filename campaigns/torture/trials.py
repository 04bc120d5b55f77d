"""What is killed at every moment, and what must be true after each: see `torture.moments`.

After each death a folder holds the old state or the new one, whole, as every command that reads it sees it; and doing
the work once more, undisturbed, gives the new state and leaves nothing else behind.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from campaigns.torture.mirror import COMPRESSED, CONTENT, mirror
from campaigns.torture.moments import die_at_bytes, die_at_every_call, refuse_bytes
from mltrain.api import fit
from mltrain.config.load import parse_config
from mltrain.data.download import download
from mltrain.data.published import File
from mltrain.engine.arrays import Floats
from mltrain.errors import StorageError, UsageError
from mltrain.inference.model import Model
from mltrain.runs.frames import Frames
from mltrain.runs.removal import remove_run
from mltrain.runs.run import BEST, FILES, MODEL, OUT_OF_FOLD, Run, find_model
from mltrain.runs.saved_run import SavedRun
from mltrain.system.atomic_folder import current_file
from mltrain.system.files import write_text

CONFIG = """
name: line
dataset: {type: linear, slope: 3, intercept: 2, x: [0, 1, 2]}
layers: [{type: dense, units: 3}, {type: dense, units: 1}]
loss: mse
"""

OF_FOLDS = "repeat,fold,row,true_y,predicted_y\n1,1,1,2,2.5\n1,2,2,5,4.5\n1,3,3,8,8\n"


@dataclass(frozen=True)
class Trial:
    """``prepare`` makes the folder as it is before, ``act`` is what is killed; ``check`` looks at what is left."""

    name: str
    prepare: Callable[[], None]
    act: Callable[[], object]
    check: Callable[[str], None]


def run_trial(trial: Trial, every: int) -> dict[str, int]:
    """Kill it at every moment, in writing at every so manieth byte; how often.

    Raises AssertionError where something is lost or left over.
    """
    trial.prepare()
    trial.act()  # what is imported or opened at the first time only must not count
    return {
        "killed before a call": die_at_every_call(trial.act, trial.prepare, trial.check),
        "killed in writing": die_at_bytes(trial.act, trial.prepare, trial.check, every),
        "refused in writing": refuse_bytes(trial.act, StorageError, trial.prepare, trial.check, every),
    }


@contextmanager
def all_trials(folder: Path) -> Iterator[list[Trial]]:
    """All trials, in folders of their own below ``folder``."""
    old, new = (fit(parse_config(f"{CONFIG}seed: {seed}", "line.yaml")) for seed in (1, 2))
    with mirror() as address:
        yield [
            one_file(folder / "file"),
            save_new(folder / "new", new),
            save_over(folder / "over", old, new),
            fetch(folder / "download", address),
            remove(folder / "remove", new),
        ]


def one_file(folder: Path) -> Trial:
    """A text is written over another one."""
    path, old, new = folder / "a.txt", "old" * 100, "new" * 200
    act = partial(write_text, path, new)

    def prepare() -> None:
        empty(folder)
        path.write_text(old, encoding="utf-8")

    def check(moment: str) -> None:
        assert path.read_text("utf-8") in (old, new), f"{moment}: the file is torn"
        act()
        assert content(folder) == {"a.txt": new.encode()}, f"{moment}: something is left over"

    return Trial("writing over a file", prepare, act, check)


def save_new(folder: Path, model: Model) -> Trial:
    """A run is saved to the next number."""
    runs = folder / "runs"

    def act() -> None:
        with Run.claim("line", runs=runs) as run:
            _save(run, model)

    empty(folder)
    act()
    state = content(runs / "line-001")

    def check(moment: str) -> None:
        try:
            run = SavedRun.read(find_model(None, runs)).folder
        except UsageError:
            pass  # none was saved
        else:
            assert visible(run) == state, f"{moment}: the run is incomplete"
        act()
        *before, last = sorted(runs.iterdir())
        assert content(last) == state, f"{moment}: the next run is incomplete"
        # A number may be lost, but no file is.
        assert all(content(run) in ({}, state) for run in before), f"{moment}: something is left over"

    return Trial("saving a new run", partial(empty, folder), act, check)


def save_over(folder: Path, old: Model, new: Model) -> Trial:
    """A run is saved over another one, as by ``--out``.

    Only the old one has a model of its best epoch, and what folds said of the rows that they left out.
    """
    folder = folder / "run"

    def save(model: Model) -> dict[str, bytes]:
        with Run.claim("line", folder) as run:
            if model is old:
                _save(run, model, {BEST: model.network.parameters}, {OUT_OF_FOLD: OF_FOLDS})
            else:
                _save(run, model)
        return content(folder)

    empty(folder)
    states = [save(old), save(new)]
    assert all(states[0][name] != states[1].get(name) for name in states[0]), "nobody could tell which state it is"

    def prepare() -> None:
        empty(folder)
        for name, text in states[0].items():
            (folder / name).write_bytes(text)

    def check(moment: str) -> None:
        SavedRun.read(folder)
        assert visible(folder) in states, f"{moment}: the run is neither the old one nor the new one"
        assert save(new) == states[1], f"{moment}: something is left over"

    return Trial("saving over a run", prepare, partial(save, new), check)


def fetch(folder: Path, address: str) -> Trial:
    """A file is downloaded."""
    path = folder / "file.gz"
    expected = File(path.name, len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), (), of_content=True)
    act = partial(download, [address], path, expected)

    def check(moment: str) -> None:
        assert not path.exists() or path.read_bytes() == COMPRESSED, f"{moment}: the file is torn"
        act()
        assert content(folder) == {"file.gz": COMPRESSED}, f"{moment}: something is left over"

    return Trial("downloading a file", partial(empty, folder), act, check)


def remove(folder: Path, model: Model) -> Trial:
    """A run is removed."""
    run = folder / "runs" / "line-001"
    act = partial(remove_run, run)

    def prepare() -> None:
        empty(folder)
        with Run.claim("line", runs=run.parent) as claimed:
            _save(claimed, model)

    def check(moment: str) -> None:
        if current_file(run, MODEL):
            SavedRun.read(run)  # without what only adds to the model, at worst
        if run.exists():
            act()
        assert not run.exists(), f"{moment}: something is left over"

    return Trial("removing a run", prepare, act, check)


def empty(folder: Path) -> None:
    """Make the folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def content(folder: Path) -> dict[str, bytes]:
    """All files of a folder; those of folders below it, too."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def visible(folder: Path) -> dict[str, bytes]:
    """The files of a run as readers see them."""
    return {name: path.read_bytes() for name in FILES if (path := current_file(folder, name))}


def _save(
    run: Run, model: Model, others: Mapping[str, Floats] | None = None, tables: Mapping[str, str] | None = None
) -> None:
    frames = Frames()
    frames.keep(0, model.network.parameters)
    models = {name: model.with_parameters(parameters) for name, parameters in (others or {}).items()}
    run.save(model, model.history, Path(), frames, others=models, tables=tables)
