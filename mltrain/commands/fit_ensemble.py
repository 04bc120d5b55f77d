"""``mltrain fit --folds`` and ``fit --members``: several networks of one config, saved as one model."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mltrain.commands.train_and_save import next_command, prepared
from mltrain.config.load import read_config
from mltrain.data.splitting import rows_in_words
from mltrain.errors import ConfigError, UsageError
from mltrain.inference.ensemble import Role
from mltrain.inference.means import means_of
from mltrain.job import TrainingJob
from mltrain.runs.overwriting import refuse_foreign
from mltrain.runs.run import FILES, MEMBERS, MODEL, OUT_OF_FOLD, Run, files_of
from mltrain.search.files import members_csv, out_of_fold_csv
from mltrain.search.folds import ensemble_of, fold_tasks, unseen_classes
from mltrain.search.trainings import Task, Trained, jobs_for, train_all
from mltrain.system.interrupts import interruptible
from mltrain.views.terminal.members_display import members_display
from mltrain.views.terminal.messages import EnsembleOutcome, ensemble_closing
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


@dataclass(frozen=True)
class Plan:
    """What to train: ``members`` networks with different seeds, or a network for each of ``folds``, ``repeats`` times.

    ``jobs`` is how many to train at a time; by default as many as cores and memory allow.
    """

    members: int = 0
    folds: int = 0
    repeats: int = 1
    jobs: int | None = None

    @property
    def count(self) -> int:
        return self.members or self.folds * self.repeats

    @property
    def name(self) -> str:
        """What one of the trainings is called."""
        return "fold" if self.folds else "member"


def run(terminal: Terminal, config: Path, changes: Sequence[str], plan: Plan, *, out: Path | None = None) -> None:
    """Train the networks of ``plan``, save them as one model, and say how good each is."""
    source = read_config(config, changes, keeps_raw=bool(plan.folds))
    if plan.repeats > 1 and source.config.dataset.split == "chronological":
        raise UsageError(
            "--repeats: rows in the order of time are cut in one way only, so there is nothing to repeat; leave it "
            "out, or leave out split: chronological"
        )
    if out is not None:
        refuse_foreign(out, FILES, [config, *files_of(source.config.dataset, source.folder)])
    try:
        job = prepared(terminal, source.config, source.folder, source.data, source.nodes)
        for warning in job.warnings():
            terminal.warning(source.locate_warning(warning).in_words)
        if plan.folds:
            job.model([]).check_storable(plan.count)
        tasks = fold_tasks(source.data.raw, job, plan.folds, plan.repeats) if plan.folds else _members(job, plan)
        for sentence in unseen_classes(tasks, source.data.raw, job) if plan.folds else ():
            terminal.warning(sentence)
        jobs = jobs_for(job, plan.jobs)
        with Run.claim(str(job.config.name), out) as run, interruptible() as stop:
            trained = []
            terminal.note(_beginning(plan, jobs))
            if plan.folds and job.dataset.test is not None:
                rows = rows_in_words(len(job.dataset.test.x))
                terminal.note(f"the {rows} of the test are in no fold; mltrain evaluate measures on them")
            with members_display(terminal, plan.name, plan.count) as display:
                work = train_all(
                    job.config, source.folder, tasks, jobs=jobs, name=plan.name, stop=stop, told=display.told
                )
                for one in work:
                    trained.append(one)
                    display.done(_values(one), one.epochs)
            model = ensemble_of(job, trained, source.data.raw if plan.folds else None)
            tables = {MEMBERS: members_csv(trained)}
            if plan.folds:
                tables[OUT_OF_FOLD] = out_of_fold_csv(model, trained)
            run.save(model, None, source.folder, tables=tables)
            _conclude(terminal, job, run, trained, plan, is_newest=out is None)
    except ConfigError as error:
        raise source.locate(error.problems) from None


def _beginning(plan: Plan, jobs: int) -> str:
    what = f"cross-validating with {plan.folds} folds" if plan.folds else f"training {plan.members} members"
    repeats = f", {plan.repeats} times" if plan.repeats > 1 else ""
    at_a_time = min(jobs, plan.count)
    return f"{what}{repeats}, {'one after the other' if at_a_time == 1 else f'{at_a_time} at a time'}"


def _members(job: TrainingJob, plan: Plan) -> list[Task]:
    return [(Role(seed=job.config.seed + number), job.dataset) for number in range(plan.members)]


def _values(one: Trained) -> Mapping[str, float]:
    """The loss and metrics by which a training is judged: of the rows that it held out, or of its epoch."""
    if one.held_out is not None:
        return one.held_out.values
    return one.report.values if one.report else {}


def _conclude(
    terminal: Terminal, job: TrainingJob, run: Run, trained: Sequence[Trained], plan: Plan, *, is_newest: bool
) -> None:
    means = means_of([_values(one) for one in trained], plan.folds or plan.members)
    seconds = sum(one.seconds for one in trained)
    document = {
        "run": str(run.folder),
        "model": str(run.folder / MODEL),
        f"{plan.name}s": [_document(one) for one in trained],
        "mean": {name: mean.value for name, mean in means.items()},
        "standard_error": {name: mean.error for name, mean in means.items()},
        "parameters": sum(one.parameters.size for one in trained),
        "seconds": seconds,
        **({"out_of_fold": str(run.folder / OUT_OF_FOLD)} if plan.folds else {}),
    }
    if terminal.json:
        terminal.result(verbatim(""), document)
    elif terminal.quiet:
        terminal.result(verbatim(str(run.folder)), {})
    else:
        command = next_command(job, held_back=("test",) if plan.folds else ("validation", "test"))
        terminal.err.print(
            ensemble_closing(
                EnsembleOutcome(
                    what=_what(trained, plan),
                    seconds=seconds,
                    means={name: (mean.value, mean.error) for name, mean in means.items()},
                    folder=str(run.folder),
                    files=[name for name in FILES if (run.folder / name).exists()],
                    next_command=command + ("" if is_newest else f" --model {shlex.quote(str(run.folder))}"),
                )
            )
        )


def _what(trained: Sequence[Trained], plan: Plan) -> str:
    if not plan.folds:
        return f"{plural(plan.members, 'member')}, seeds {trained[0].role.seed} to {trained[-1].role.seed}"
    rows = sum(len(one.held_out.row_numbers) for one in trained if one.held_out and one.role.repeat == 1)
    repeats = f", {plan.repeats} times" if plan.repeats > 1 else ""
    return f"{plan.folds} folds of {rows_in_words(rows)}{repeats}"


def _document(one: Trained) -> dict[str, Any]:
    held, report = one.held_out, one.report
    return {
        **{name: value for name, value in (("repeat", one.role.repeat), ("fold", one.role.fold)) if value is not None},
        "seed": one.role.seed,
        "epochs": one.epochs,
        "seconds": one.seconds,
        **(
            {"rows": len(held.row_numbers), "loss": held.evaluation.loss, "metrics": held.evaluation.metrics}
            if held
            else {}
        ),
        "training": report.values if report else {},
    }
