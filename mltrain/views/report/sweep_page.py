"""A sweep -> the text of its page."""

import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

from mltrain.config.dump import to_yaml
from mltrain.config.search_space import Parameter, trial_config
from mltrain.runs.saved_sweep import SavedSweep
from mltrain.runs.sweep_folder import TRIALS
from mltrain.views.pictures.gallery import Gallery
from mltrain.views.report.again import config_as_commands
from mltrain.views.report.html import document, pictures, pre, table
from mltrain.views.terminal.number_format import duration, number, plural
from mltrain.views.terminal.trials_table import value_text

_MOST_TRIALS, _MOST_ERRORS = 100, 10
"""The largest numbers of listed trials, the best ones, and of reasons why some failed."""


def sweep_page(sweep: SavedSweep, gallery: Gallery) -> str:
    """The whole document. It has no dates and no paths, so the same sweep gives the same bytes on one machine."""
    best = sweep.best
    sections = [
        ("results", "Results", _results(sweep)),
        ("pictures", "Pictures", pictures(gallery)),
        ("trials", "Trials", _trials(sweep)),
    ]
    if best is not None:
        config = trial_config(sweep.portable_config, best.values)
        sections.append(("config", "Config of the best trial", pre(to_yaml(config))))
    sections.append(("again", "Do it again", pre("\n".join(_commands(sweep)))))
    return document(sweep.folder.resolve().name, "a sweep", _in_one_sentence(sweep), sections)


def _in_one_sentence(sweep: SavedSweep) -> str:
    search = sweep.search
    judged = f" over {search.folds} folds" if search.folds else ""
    return (
        f"{plural(len(sweep.trials), 'trial')} of {plural(len(sweep.parameters), 'parameter')} by {search.sampler}, "
        f"{duration(sweep.seconds)} of training, judged by {sweep.metric}{judged}, "
        f"{'higher' if sweep.rises else 'lower'} is better."
    )


def _results(sweep: SavedSweep) -> str:
    """What was varied, and what is best."""
    best = sweep.best
    values: Mapping[str, Any] = {} if best is None else best.values
    rows = [(one.path, _searched(one), value_text(values.get(one.path, ""))) for one in sweep.parameters]
    if best is not None and best.value is not None:
        rows.append((sweep.metric, "", number(best.value)))
    counts = [(state, f"{len(found):,}") for state in ("complete", "pruned", "failed")
              if (found := sweep.trials_of(state))]  # fmt: skip
    title = "best" if best is None else f"best: trial {best.number}"
    return table(("", "searched", title), rows) + "<h3>Trials</h3>\n" + table((), counts)


def _searched(one: Parameter) -> str:
    if one.range is None:
        return ", ".join(one.texts)
    how = (
        " on a log scale" if one.range.scale == "log" else f" in steps of {one.range.step:g}" if one.range.step else ""
    )
    return f"{one.range.min:g} to {one.range.max:g}{how}"


def _trials(sweep: SavedSweep) -> str:
    """The best trials first, then those that ended early or failed; and the reasons."""
    shown = [sweep.trials[place] for place in sweep.ranked[:_MOST_TRIALS]]
    paths = [one.path for one in sweep.parameters]
    rows = [
        (
            str(one.number),
            number(one.value) if one.value is not None else "",
            *(value_text(one.values.get(path, "")) for path in paths),
            f"{one.epochs:,}",
            duration(one.seconds).replace(" ", "\N{NO-BREAK SPACE}"),
            one.state,
        )
        for one in shown
    ]
    errors = [f"<li>trial {one.number}: {escape(one.error.splitlines()[0])}</li>" for one in shown if one.error]
    why = f"<h3>Why trials failed</h3>\n<ul>{''.join(errors[:_MOST_ERRORS])}</ul>" if errors else ""
    left = len(sweep.trials) - len(shown)
    more = f'<p class="faint">and {plural(left, "other trial")}; all are in {TRIALS}</p>' if left else ""
    return table(("trial", sweep.metric, *paths, "epochs", "time", "state"), rows) + more + why


def _commands(sweep: SavedSweep) -> list[str]:
    folder = shlex.quote(f"sweeps/{sweep.config.name}")
    return [
        *config_as_commands(sweep.portable_config),
        f"mltrain sweep config.yaml --out {folder}",
        "mltrain evaluate",
        f"mltrain plot {folder}",
        f"mltrain report {folder}",
    ]
