"""The training loop of scripts that write it out, for PyTorch and NumPy: epochs, batches, schedules, early stopping."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mltrain.code.plan import Plan
from mltrain.code.text import WIDTH, call, fitted, literal, statement
from mltrain.engine.schedules.base import Schedule
from mltrain.engine.schedules.cosine_decay import CosineDecay
from mltrain.engine.schedules.exponential_decay import ExponentialDecay
from mltrain.engine.schedules.piecewise import Piecewise
from mltrain.engine.schedules.reduce_on_plateau import ReduceOnPlateau


@dataclass(frozen=True)
class Loop:
    """What a framework does in each place of the loop, in lines.

    ``batch`` computes the ``measured`` loss of ``rows`` and its gradients; ``update`` changes the weights.
    ``validation`` computes ``val_loss``. ``keep`` makes ``kept`` of the weights, and ``restore`` takes them back.
    ``begin`` comes before the first batch of an epoch; ``tracked`` prints parameters at its end.

    For several trainings, ``copied`` is code for a copy of the weights, ``again`` gives the lines that take one back,
    and ``fresh`` makes what every training begins with: the state of the optimizer, and what it draws from.
    """

    batch: list[str]
    measured: str
    update: list[str]
    validation: list[str]
    keep: str
    restore: list[str]
    begin: list[str]
    tracked: list[str]
    copied: str
    again: Callable[[str], list[str]]
    fresh: list[str]


def loop_code(plan: Plan, loop: Loop) -> list[str]:
    """The whole loop, behind what has to be there before it."""
    if plan.refits:
        return _two_trainings(plan, loop)
    stopping, count = plan.config.training.early_stopping, str(plan.parts["train"])
    lines = _before(plan)
    if stopping is not None:
        lines.append("best, patience = np.inf, 0")
    lines.append(f"for epoch in range(1, {plan.config.training.epochs + 1}):")
    lines += indented(_batches(plan, loop, count))
    after = [*loop.tracked, *_plateau(plan), *stopping_code(plan, loop.keep)]
    shown = "loss {loss:.6f}"
    if plan.steps > 1:
        mean = f"total / {count}"
        if any(re.search(r"\bloss\b", line) for line in after):
            lines.append(f"    loss = {mean}")
        else:
            shown = f"loss {{{mean}:.6f}}"
    if "val" in plan.parts:
        lines += indented(loop.validation)
        shown += ", val_loss {val_loss:.6f}"
    lines.append(f'    print(f"epoch {{epoch}}: {shown}")')
    lines += indented(after)
    if stopping is not None and stopping.restore_best:
        lines += loop.restore
    return lines


def _two_trainings(plan: Plan, loop: Loop) -> list[str]:
    """The epochs as a generator, which early stopping reads up to its end, and a refit up to the best epoch.

    The generators of folds take turns with the one network: each keeps its weights from epoch to epoch. It begins
    with the first ones.
    """
    plateau, has_batches = _plateau(plan), plan.steps > 1
    begin, epoch, mean = [*loop.fresh], _batches(plan, loop, "count"), "loss"
    if has_batches:
        begin.append("count = len(x_train)")
        mean = "total / count"
    if has_batches and plateau:
        epoch.append(f"loss = {mean}")
        mean = "loss"
    rows = "x_train, y_train, " if plan.folds else ""
    turn = loop.again("own") if plan.folds else []
    kept = [f"own = {loop.copied}"] if plan.folds else []
    refit = [
        f"for epoch, loss in run_epochs({rows}best_epoch):",
        '    print(f"refit, epoch {epoch}: loss {loss:.6f}")',
    ]
    return [
        f"first = {loop.copied}",
        "",
        "",
        f"def run_epochs({rows}epochs{f', seed={plan.config.seed}' if _takes_seed(plan, loop) else ''}):",
        '    """Train on x_train with a new optimizer; yields each epoch with its loss."""',
        *indented(
            [
                *begin,
                *_before(plan),
                *(["own = first  # weights: trainings take turns with the network"] if plan.folds else []),
            ]
        ),
        "    for epoch in range(1, epochs + 1):",
        *indented([*turn, *epoch, *plateau, *kept, f"yield epoch, {mean}"], 2),
        "",
        "",
        *(_dealt(plan, loop) if plan.folds else []),
        "best, best_epoch, patience = np.inf, 0, 0",
        *(_epoch_of_folds(plan, loop) if plan.folds else _epoch(plan, loop)),
        '    print(f"epoch {epoch}: loss {loss:.6f}, val_loss {val_loss:.6f}")',
        *indented([*([] if plan.folds else loop.tracked), *stopping_code(plan, loop.keep)]),
        *([plan.best_of_folds(watched(plan))] if plan.folds else []),
        *plan.with_validation_rows,
        *([] if plan.folds else again_if("best_epoch", loop.again("first"))),
        *refit,
    ]


def again_if(found: str, lines: list[str]) -> list[str]:
    """Lines for a second training, if an epoch was best: where no number was finite, mltrain keeps the last weights."""
    return [f"if {found}:  # else the last weights stay", *indented(lines)]


def _takes_seed(plan: Plan, loop: Loop) -> bool:
    """Whether the trainings of folds draw, so that each has a seed of its own."""
    return bool(plan.folds) and (plan.shuffled or any(", seed)" in line for line in loop.fresh))


def _epoch(plan: Plan, loop: Loop) -> list[str]:
    """The beginning of an epoch of the one training before a refit: its losses."""
    return [f"for epoch, loss in run_epochs({plan.config.training.epochs}):", *indented(loop.validation)]


def _dealt(plan: Plan, loop: Loop) -> list[str]:
    """The trainings of the folds, ``folds``, each with its rows."""
    seed = f", {plan.seed_of_fold}" if _takes_seed(plan, loop) else ""
    return [
        "# folds: each row validates the one of these trainings that leaves it out",
        *plan.dealt,
        "folds = []",
        f"for number in range({plan.folds}):",
        f"    fold = order[number::{plan.folds}]",
        "    rest = np.setdiff1d(order, fold)",
        f"    training = run_epochs(x_train[rest], y_train[rest], {plan.config.training.epochs}{seed})",
        "    folds.append((x_train[fold], y_train[fold], training))",
    ]


def _epoch_of_folds(plan: Plan, loop: Loop) -> list[str]:
    """The beginning of an epoch: one of each fold, and the means of their losses."""
    others = plan.folds - 1
    each = [
        "_, loss = next(training)",
        *loop.validation,
        f"totals += loss * (len(order) - len(x_val)){f' / {others}' if others > 1 else ''}, val_loss * len(x_val)",
        *loop.tracked,
    ]
    return [
        f"for epoch in range(1, {plan.config.training.epochs + 1}):",
        "    totals = np.zeros(2)",
        "    for x_val, y_val, training in folds:",
        *indented(each, 2),
        "    loss, val_loss = totals / len(order)",
    ]


def _before(plan: Plan) -> list[str]:
    """What the loop counts from and draws from."""
    shuffle = [f'shuffle = random("shuffle"{", seed" if plan.folds else ""})'] if plan.shuffled else []
    return [*shuffle, *_plateau_start(plan)]


def _batches(plan: Plan, loop: Loop, count: str) -> list[str]:
    """The steps of one epoch; ``count`` is code for the number of rows."""
    group, rows = plan.config.training.gradient_accumulation, plan.batch_size
    if plan.steps == 1:
        whole = [line.replace("[rows]", "") for line in loop.batch]
        update = [line.replace("learning_rate(step)", "learning_rate(epoch - 1)") for line in loop.update]
        update = [re.sub(r"(?<![.\w])step\b", "epoch", line) for line in update if line != "step += 1"]
        return [*loop.begin, *whole, f"loss = {loop.measured}", *update]
    room = WIDTH - 4 * (update_depth(plan) + (group > 1))
    batch = [*(broken for line in loop.batch for broken in fitted(line, room)), f"total += {loop.measured} * len(rows)"]
    lines = [f"total, order = 0.0, {_order(plan, count)}", *loop.begin]
    if min(plan.rows_trained_on) <= rows and plan.shuffled:  # then mltrain does not shuffle in the first training
        lines.insert(1, f"order = order if {count} > {rows} else np.arange({count})")
    if group > 1:
        return [
            *lines,
            f"for first in range(0, {count}, {group * rows}):",
            f"    group = order[first : first + {group * rows}]",
            f"    for start in range(0, len(group), {rows}):",
            f"        rows = group[start : start + {rows}]",
            *indented(batch, 2),
            *indented(loop.update),
        ]
    return [
        *lines,
        f"for start in range(0, {count}, {rows}):",
        *indented([f"rows = order[start : start + {rows}]", *batch, *loop.update]),
    ]


def update_depth(plan: Plan) -> int:
    """How deep the lines of an update are indented at most."""
    return 3 if plan.refits else 2


def _order(plan: Plan, count: str) -> str:
    return f"shuffle.permutation({count})" if plan.shuffled else f"np.arange({count})"


def indented(lines: list[str], depth: int = 1) -> list[str]:
    """Lines moved to the right."""
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


def _rests(plan: Plan, own: ReduceOnPlateau) -> bool:
    """Whether ``resting`` is counted: where nothing rests, it would be a local variable that nothing reads."""
    return bool(own.cooldown) or not plan.refits


def _plateau_start(plan: Plan) -> list[str]:
    own = plan.config.optimizer.learning_rate
    if not isinstance(own, ReduceOnPlateau):
        return []
    return ["lowest, waited, resting = np.inf, 0, 0" if _rests(plan, own) else "lowest, waited = np.inf, 0"]


def _plateau(plan: Plan) -> list[str]:
    own = plan.config.optimizer.learning_rate
    if not isinstance(own, ReduceOnPlateau):
        return []
    name = plan.monitored(own.monitor, ("optimizer", "learning_rate", "monitor"))
    lines = []
    if own.cooldown:
        lines.append("resting, waited = max(0, resting - 1), 0 if resting else waited")
    changed, values = "rate, waited", f"max(rate * {own.factor!r}, {own.min_learning_rate!r}), 0"
    if _rests(plan, own):
        changed, values = f"{changed}, resting", f"{values}, {own.cooldown}"
    lines += [
        f"if {name} < lowest - {own.min_delta!r}:",
        f"    lowest, waited = {name}, 0",
        "elif not resting:" if own.cooldown else "else:",
        "    waited += 1",
        f"    if waited >= {own.patience}:",
        f"        {changed} = {values}",
    ]
    return lines


def stopping_code(plan: Plan, keep: str) -> list[str]:
    """The lines at the end of an epoch that count its patience; ``keep`` is code for a copy of the weights."""
    stopping = plan.config.training.early_stopping
    if stopping is None:
        return []
    name = watched(plan)
    kept = [f"    kept = {keep}"] if stopping.restore_best and not plan.refits else []
    found = f"best, best_epoch, patience = {name}, epoch, 0" if plan.refits else f"best, patience = {name}, 0"
    better = f"{name} < best - {stopping.min_delta!r}" if stopping.min_delta else f"{name} < best"
    return [
        f"if {better}:",
        f"    {found}",
        *kept,
        "else:",
        "    patience += 1",
        f"    if patience >= {max(1, stopping.patience)}:",
        "        break",
    ]


def watched(plan: Plan) -> str:
    """The number that early stopping watches."""
    stopping = plan.config.training.early_stopping
    default = "val_loss" if "val" in plan.parts or plan.folds else "loss"
    return plan.monitored((stopping and stopping.monitor) or default, ("training", "early_stopping", "monitor"))


def first_rate(plan: Plan) -> str:
    """The learning rate of the first step, where one that reacts to epochs starts."""
    rate = plan.config.optimizer.learning_rate
    return repr(rate.initial_learning_rate) if isinstance(rate, ReduceOnPlateau) else repr(rate)


def schedule_code(rate: float | Schedule) -> list[str]:
    """A function ``learning_rate(step)`` with the formula of a schedule; no lines for a number."""
    formula = SCHEDULES[rate.type_name()](rate) if isinstance(rate, Schedule) else []
    if not formula:
        return []
    title = f'    """The rate after so many steps: {rate.type_name()}."""' if isinstance(rate, Schedule) else ""
    return ["", "", "def learning_rate(step):", title, *indented(formula), "", ""]


def _cosine_decay(own: CosineDecay) -> list[str]:
    first, highest = own.initial_learning_rate, own.warmup_target
    lines = []
    if highest is not None and own.warmup_steps:
        climb = f"{highest - first!r} * step / {own.warmup_steps}"
        lines = [f"if step < {own.warmup_steps}:", f"    return {f'{first!r} + ' if first else ''}{climb}"]
    peak = first if highest is None else highest
    done = f"(step - {own.warmup_steps})" if own.warmup_steps else "step"
    lines.append(f"done = min(1, {done} / {own.decay_steps})")
    wave = "(1 + math.cos(math.pi * done)) / 2"
    if own.alpha:
        return [*lines, f"return {peak!r} * ({own.alpha!r} + {1 - own.alpha!r} * {wave})"]
    return [*lines, f"return {peak!r} * {wave}"]


def _exponential_decay(own: ExponentialDecay) -> list[str]:
    sign = "//" if own.staircase else "/"
    return [f"return {own.initial_learning_rate!r} * {own.decay_rate!r} ** (step {sign} {own.decay_steps})"]


def _piecewise(own: Piecewise) -> list[str]:
    passed = call("sum", f"step > boundary for boundary in {literal(tuple(own.boundaries))}")
    return [
        *statement(literal(list(own.values)), "values = "),
        *statement(passed, "passed = "),
        "return values[passed]",
    ]


SCHEDULES: Mapping[str, Callable[[Any], list[str]]] = {
    "cosine_decay": _cosine_decay,
    "exponential_decay": _exponential_decay,
    "piecewise": _piecewise,
    "reduce_on_plateau": lambda _: [],  # the loop has it: see `loop_code`
}
"""The formula of each schedule, as the body of a function of the step."""
