"""``mltrain sweep``: many trainings with other options, to find the best ones."""

import dataclasses
import math
import os
import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mltrain.commands.train_and_save import best_and_last, held_out_tables, next_command, prepared
from mltrain.config.dump import to_yaml
from mltrain.config.load import read_config
from mltrain.config.search_space import trial_config, without_search
from mltrain.errors import ConfigError, MltrainError, Problem, TrainingInterrupted, UsageError, WorkerLost
from mltrain.inference.prediction_files import csv_text
from mltrain.job import TrainingJob, prepare
from mltrain.runs.run import CONFIG, MODEL, RUNS, Run, with_absolute_paths
from mltrain.runs.saved_sweep import SavedSweep
from mltrain.runs.sweep_folder import BEST_CONFIG, BEST_RUN, JOURNAL, SWEEP, TRIALS, column_of, resumable, sweep_folder
from mltrain.search.processes import in_processes
from mltrain.search.storage import Sweep, Trial
from mltrain.search.sweeping import Worker, sweep_problems
from mltrain.search.trainings import jobs_for
from mltrain.system.atomic_folder import current_file
from mltrain.system.files import write_text
from mltrain.system.interrupts import interruptible
from mltrain.views.insight.sweep_insight import SweepInsight
from mltrain.views.terminal.loss_curve import Scale, blocks, sampled
from mltrain.views.terminal.number_format import duration, number, plural
from mltrain.views.terminal.sweep_display import SweepDisplay, sweep_display
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.trials_table import TrialRow, value_text
from mltrain.views.terminal.views import verbatim

_FEWEST_PICTURED, _COURSE, _MOST_SHARES = 3, 32, 4
"""The fewest trials of which the course is shown, its columns, and the largest number of parameters."""

_WRITE = 5.0
"""Seconds between two tables of trials that are written meanwhile."""

_LOOK = 0.5
"""Seconds between two looks at the trials of other workers."""


@dataclass(frozen=True)
class Where:
    """Where a sweep is kept, and who works on it.

    ``out`` or ``resume`` names its folder. ``storage`` is the URL or file of the trials, by default a journal in that
    folder. ``jobs`` trials are trained at a time. A trial of which nothing was heard for ``lost_after`` seconds is
    taken again.
    """

    out: Path | None = None
    resume: Path | None = None
    storage: str | None = None
    jobs: int | None = None
    lost_after: float = 60.0


def run(terminal: Terminal, config: Path | None, changes: Sequence[str], where: Where) -> None:
    """Try the configs that the search of ``config`` describes, and train the best one once more, as a run."""
    resumed = resumable(where.resume) if where.resume is not None else None
    if resumed is not None:
        config = resumed / SWEEP
    if config is None:
        raise UsageError("say what to search: a CONFIG, or --resume with the folder of the sweep to go on with")
    if where.storage == "":
        raise UsageError("--storage is empty; expected a URL, or the path of a file")
    source = read_config(config, changes, keeps_raw=True)
    search = source.config.search
    if search is None:
        raise source.locate(
            [Problem((), "there is no search in this config; list the options to vary under search.parameters")]
        )
    try:
        config_of_all = with_absolute_paths(source.config, source.folder)
        base = without_search(config_of_all)
        job = prepared(terminal, base, source.folder, source.data, source.nodes)
        raw = source.data.raw if search.folds else None
        if problems := sweep_problems(config_of_all, job, raw):
            raise ConfigError(problems)
        with sweep_folder(str(base.name), where.out, resumed) as folder:
            storage = where.storage or str(folder / JOURNAL)
            worker_name = f"{os.getpid()}-{secrets.token_hex(4)}"
            sweep = Sweep(config_of_all, storage, worker_name, where.lost_after, where.storage is not None)
            write_text(folder / SWEEP, to_yaml(config_of_all))
            try:
                sweep.begin()
            except MltrainError:
                if resumed is None:
                    (folder / SWEEP).unlink()
                raise
            if where.storage is None:  # the folder is locked: whoever trained there has ended
                sweep.give_back([one for one in sweep.trials() if one.state == "running"])
            if not all(one.is_finished for one in sweep.trials()):
                worker = Worker(sweep, source.folder, job, raw)
                _work(terminal, worker, jobs_for(job, where.jobs or 1), folder, where)
            _write(sweep, folder, sweep.trials())
            _conclude(terminal, sweep, source.folder, folder)
    except ConfigError as error:
        raise source.locate(error.problems) from None


def _work(terminal: Terminal, worker: Worker, jobs: int, folder: Path, where: Where) -> None:
    """Let ``jobs`` workers finish all trials; the table of trials is written when they are stopped."""
    sweep = worker.sweep
    if 0 < sweep.count < sweep.points:
        terminal.note(f"the grid has {sweep.points:,} points, of which the first {sweep.count:,} are tried: see trials")
    terminal.note(f"{plural(sweep.count, 'trial')}, {'one after the other' if jobs == 1 else f'{jobs} at a time'}")
    workers = [worker] if jobs == 1 else [dataclasses.replace(worker, sweep=dataclasses.replace(sweep))] * jobs
    go_on = f"go on with: mltrain sweep --resume {shlex.quote(str(folder))}"
    if where.storage:
        go_on += f" --storage {shlex.quote(where.storage) if '://' not in where.storage else 'URL'}"
    with interruptible() as stop:
        try:
            with sweep_display(terminal, sweep.metric, sweep.count) as display:
                show = _shower(sweep, display, folder)
                show(0, 1.0)
                for _ in in_processes(workers, jobs, stop, show):
                    pass
                _shower(sweep, display, folder)(0, 1.0)
            if stop():
                raise TrainingInterrupted("stopped")
        except (TrainingInterrupted, WorkerLost) as error:
            trials = sweep.trials()
            sweep.give_back(sweep.own(trials))
            _write(sweep, folder, trials)
            done = sum(one.is_finished for one in trials)
            terminal.note(f"{done} of {plural(sweep.count, 'trial')} are finished; {go_on}")
            if isinstance(error, WorkerLost):
                raise
            raise TrainingInterrupted(f"stopped after {done} of {plural(sweep.count, 'trial')}") from None


def _shower(sweep: Sweep, display: SweepDisplay, folder: Path) -> Callable[[int, float], None]:
    """A function that shows the trials when one is finished, and from time to time those of other machines.

    It also writes the table of trials now and then: a sweep can be looked at while it runs, and after it was killed.
    """
    due, written = 0.0, time.monotonic()

    def show(_: int, share: float) -> None:
        nonlocal due, written
        if (share < 1 or sweep.is_shared) and time.monotonic() < due:
            return
        trials = sweep.trials()
        best = sweep.best(trials)
        display.show([_row(one) for one in trials if one.is_finished], None if best is None else _row(best))
        due = time.monotonic() + _LOOK
        if due - written > _WRITE:
            _write(sweep, folder, trials)
            written = time.monotonic()

    return show


def _row(one: Trial) -> TrialRow:
    return TrialRow(one.number + 1, one.state, one.value, one.values)


def _write(sweep: Sweep, folder: Path, trials: Sequence[Trial]) -> None:
    """The table of trials, and the config of the best one."""
    rows = [_facts(one) for one in trials if one.is_finished]
    names = list(dict.fromkeys(name for row in rows for name in row))
    write_text(folder / TRIALS, csv_text([names, *([row.get(name, "") for name in names] for row in rows)]))
    if (best := sweep.best(trials)) is not None:
        write_text(folder / BEST_CONFIG, to_yaml(trial_config(sweep.config, best.values)))


def _facts(one: Trial) -> dict[str, Any]:
    numbers = one.result.get("metrics", {})
    return {
        "trial": one.number + 1,
        "state": one.state,
        **{column_of(path): value for path, value in one.values.items()},
        "epochs": one.result.get("epochs", 0),
        "seconds": f"{one.result.get('seconds', 0.0):.6f}",
        **numbers,
        **({"error": one.result["error"]} if "error" in one.result else {}),
    }


def _conclude(terminal: Terminal, sweep: Sweep, folder: Path, out: Path) -> None:
    trials = sweep.trials()
    best = sweep.best(trials)
    if best is None or best.value is None:
        errors = [str(one.result["error"]) for one in trials if "error" in one.result]
        raise UsageError(f"no trial was finished: {errors[0] if errors else 'all were pruned'}; see {out / TRIALS}")
    job = prepare(trial_config(sweep.config, best.values), folder)
    following, run = next_command(job), _best_run_before(job, folder, out)
    if run is not None:
        following += f" --model {shlex.quote(str(run))}"  # a newer run may be there
        terminal.note(f"nothing is left to do: {run} has the network of trial {best.number + 1}, the best one")
    else:
        terminal.note(f"training the network of trial {best.number + 1}, the best one, once more")
        run = _best_run(terminal, job, folder)
        write_text(out / BEST_RUN, f"{run.name}\n")
    failed, pruned = (sum(one.state == state for one in trials) for state in ("failed", "pruned"))
    document = {
        "sweep": str(out),
        "trials": [{"trial": one.number + 1, "state": one.state, "value": one.value, "parameters": one.values,
                    **one.result} for one in trials],
        "metric": sweep.metric,
        "best": {"trial": best.number + 1, "value": best.value, "parameters": best.values},
        "best_config": str(out / BEST_CONFIG),
        "run": str(run),
        "model": str(run / MODEL),
    }  # fmt: skip
    if terminal.json:
        terminal.result(verbatim(""), document)
        return
    if terminal.quiet:
        terminal.result(verbatim(str(run)), {})
        return
    for one in [one for one in trials if one.state == "failed"][:3]:
        terminal.warning(f"trial {one.number + 1} failed: {one.result.get('error', 'no reason was written')}")
    seconds = sum(float(one.result.get("seconds", 0)) for one in trials)
    others = [f"{count} {what}" for count, what in ((pruned, "pruned"), (failed, "failed")) if count]
    told = f" ({', '.join(others)})" if others else ""
    lines = [
        f"tried    {plural(len(trials), 'trial')}{told} in {duration(seconds)} of training",
        f"best     trial {best.number + 1}: {sweep.metric} {number(best.value)}",
        *(f"         {path}: {value_text(value)}" for path, value in best.values.items()),
        *_pictured(out),
        f"saved    {out}: {BEST_CONFIG}, {TRIALS}; {run}: the best network",
        f"next     {following}",
        f"         mltrain plot {shlex.quote(str(out))}",
    ]
    for line in lines:
        terminal.err.print(verbatim(line))


def _pictured(folder: Path) -> Iterator[str]:
    """The best so far and the importance of the parameters, a line each."""
    saved = SavedSweep.at(folder)
    assert saved is not None
    insight = SweepInsight(saved)
    course = [value for value in insight.course if math.isfinite(value)]
    if len(course) >= _FEWEST_PICTURED and course[0] != course[-1]:
        line = blocks(sampled(course, min(len(course), _COURSE)), Scale(course))
        yield f"course   {line} {number(course[0])} to {number(course[-1])}, the best so far"
    if isinstance(insight.importances, dict):
        shares = [f"{path} {share:.0%}" for path, share in insight.importances.items()]
        yield f"counts   {', '.join(shares[:_MOST_SHARES])}{', ...' if len(shares) > _MOST_SHARES else ''}"


def _best_run_before(job: TrainingJob, folder: Path, out: Path) -> Path | None:
    """The run that the sweep in ``out`` ended with before, if it is still there and its config is the best one now."""
    try:
        run = RUNS / (out / BEST_RUN).read_text(encoding="utf-8").strip()
        model, config = (current_file(run, name) for name in (MODEL, CONFIG))
        if model is not None and config is not None:
            is_same = config.read_text(encoding="utf-8") == to_yaml(with_absolute_paths(job.config, folder))
            return run if is_same else None
    except (OSError, UnicodeDecodeError):
        pass
    return None


def _best_run(terminal: Terminal, job: TrainingJob, folder: Path) -> Path:
    """Train the network of the best trial once more, and save it as a run."""
    with interruptible() as stop, Run.claim(str(job.config.name)) as run:
        history = list(job.train(stop))
        model = job.model(history)
        tables = held_out_tables(terminal, job, model, folder)
        run.save(model, history, folder, others=best_and_last(job), tables=tables)
        return run.folder
