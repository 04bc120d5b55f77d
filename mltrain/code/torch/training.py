"""The training of a PyTorch script: `LOSSES`, `OPTIMIZERS` and the loop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mltrain.code.loops import Loop, first_rate, indented, loop_code, schedule_code, update_depth
from mltrain.code.plan import Plan
from mltrain.code.text import call, comment_lines, statement
from mltrain.code.torch.network import TorchNetwork
from mltrain.engine.losses.base import Loss
from mltrain.engine.schedules.base import Schedule
from mltrain.engine.schedules.reduce_on_plateau import ReduceOnPlateau


def _cross_entropy(smoothing: float, how: str) -> str:
    given = [f"label_smoothing={smoothing!r}"] if smoothing else []
    return f"nn.CrossEntropyLoss({', '.join([*given, *([how] if how else [])])})"


LOSSES: dict[str, Callable[[Any, str], str]] = {
    # The second argument is the reduction, where it is not the mean.
    "binary_crossentropy": lambda _, how: f"nn.BCEWithLogitsLoss({how})",
    "categorical_crossentropy": lambda own, how: _cross_entropy(own.label_smoothing, how),
    "hinge": lambda *_: "hinge",
    "huber": lambda own, how: f"nn.HuberLoss(delta={own.delta!r}{', ' if how else ''}{how})",
    "mean_absolute_error": lambda _, how: f"nn.L1Loss({how})",
    "mean_squared_error": lambda _, how: f"nn.MSELoss({how})",
    "perceptron": lambda *_: "perceptron",
    "sparse_categorical_crossentropy": lambda _, how: f"nn.CrossEntropyLoss({how})",
}
_OF_ELEMENTS = {"hinge", "perceptron"}
"""Losses that are functions, which give the loss of each row."""


@dataclass(frozen=True)
class _Rule:
    """An optimizer: its class and options, what changes from step to step, or the change of a parameter written out.

    PyTorch's own has a name in ``made``; a rule that PyTorch has in another form is written out with ``states``.
    """

    made: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    each_step: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    change: tuple[str, ...] = ()
    why: str = ""


def _sgd(own: Any) -> _Rule:
    changes = isinstance(own.learning_rate, Schedule)
    if own.momentum and changes:
        look = "p += {m} * v - rate * p.grad" if own.nesterov else "p += v"
        return _Rule(
            states={"velocity": "torch.zeros_like(p)"},
            change=(f"v.mul_({own.momentum!r}).sub_(rate * p.grad)", look.format(m=repr(own.momentum))),
            why="In Keras the momentum holds steps, in PyTorch gradients: not the same where the rate changes.",
        )
    options = {"momentum": repr(own.momentum)} if own.momentum else {}
    return _Rule("SGD", options | ({"nesterov": "True"} if own.momentum and own.nesterov else {}))


def _adam(own: Any) -> _Rule:
    decay = {"weight_decay": repr(own.weight_decay)} if own.weight_decay else {}
    return _Rule(
        "AdamW" if decay else "Adam",
        _betas(own) | decay,
        (
            "# Keras adds epsilon before v is corrected, PyTorch behind that.",
            f'settings["eps"] = {own.epsilon!r} / math.sqrt(1 - {own.beta_2!r}**step)',
        ),
    )


def _nadam(own: Any) -> _Rule:
    return _Rule("NAdam", {**_betas(own), "eps": repr(own.epsilon), "momentum_decay": "1"})


def _betas(own: Any) -> dict[str, str]:
    return {} if (own.beta_1, own.beta_2) == (0.9, 0.999) else {"betas": f"({own.beta_1!r}, {own.beta_2!r})"}


def _rmsprop(own: Any) -> _Rule:
    return _Rule(
        states={"mean_square": "torch.zeros_like(p)"},
        change=(
            f"v.mul_({own.rho!r}).add_({1 - own.rho:.10g} * p.grad**2)",
            f"p -= rate * p.grad / torch.sqrt(v + {own.epsilon!r})",
        ),
        why="Keras adds epsilon under the root, PyTorch behind it: so the rule is written out.",
    )


def _adagrad(own: Any) -> _Rule:
    return _Rule(
        states={"squares": f"torch.full_like(p, {own.initial_accumulator_value!r})"},
        change=("v += p.grad**2", f"p -= rate * p.grad / torch.sqrt(v + {own.epsilon!r})"),
        why="Keras adds epsilon under the root, PyTorch behind it: so the rule is written out.",
    )


def _lion(own: Any) -> _Rule:
    return _Rule(
        states={"running_mean": "torch.zeros_like(p)"},
        change=(
            f"p -= rate * torch.sign({own.beta_1!r} * v + {1 - own.beta_1:.10g} * p.grad)",
            f"v.mul_({own.beta_2!r}).add_({1 - own.beta_2:.10g} * p.grad)",
        ),
        why="PyTorch has no Lion: the rule is written out.",
    )


OPTIMIZERS: dict[str, Callable[[Any], _Rule]] = {
    "adagrad": _adagrad,
    "adam": _adam,
    "adamw": _adam,
    "lion": _lion,
    "nadam": _nadam,
    "rmsprop": _rmsprop,
    "sgd": _sgd,
}


def as_labels(plan: Plan) -> str:
    """PyTorch takes labels of 64 bits."""
    return ".long()" if plan.config.loss.targets == "labels" else ""


def mean(plan: Plan) -> str:
    return ".mean()" if _gives_elements(plan) else ""


def _gives_elements(plan: Plan) -> bool:
    return plan.class_weights is not None or plan.config.loss.type_name() in _OF_ELEMENTS


def loss_code(plan: Plan) -> list[str]:
    """The loss, ``loss_function``: its mean, or with class weights that of each row."""
    weights = plan.class_weights
    lines = [f"loss_function = {loss_expression(plan.config.loss, each_row=weights is not None)}"]
    if weights is not None:
        lines += statement(call("torch.tensor", weights), "class_weight = ")
    return lines


def loss_expression(own: Loss, *, each_row: bool) -> str:
    """A loss; functions give that of each row in any case."""
    return LOSSES[own.type_name()](own, 'reduction="none"' if each_row else "")


def penalty_code(network: TorchNetwork) -> list[str]:
    """A function ``penalty(model)`` where there are regularizers."""
    if not (terms := network.penalties):
        return []
    body = [f"total = {terms[0]}", *(f"total += {term}" for term in terms[1:]), "return total"]
    title = '    """What large weights add to the loss."""'
    return ["", "", "def penalty(model):", title, *indented(body), "", ""]


def penalty_of(network: TorchNetwork, averaged: str) -> str:
    """Code that adds to a loss the penalty of the network that it was measured on, ``model`` or ``ema``."""
    module = "ema.module" if averaged == "ema" else averaged
    return f" + penalty({module}).item()" if network.penalties else ""


def optimizer_code(plan: Plan, network: TorchNetwork) -> list[str]:
    """The optimizer with its schedule; nothing where there are no epochs.

    For two trainings, the optimizer stands in their loop.
    """
    optimizer, lines = plan.config.optimizer, list[str]()
    if not plan.config.training.epochs:
        return lines
    if not any(parameter.trainable for node in plan.nodes for parameter in node.parameters.values()):
        plan.cannot(("layers",), "nothing here is trainable, and PyTorch refuses that; set training.epochs=0")
    lines += schedule_code(optimizer.learning_rate)
    if network.has_frozen:
        lines.append("parameters = [p for p in model.parameters() if p.requires_grad]")
    else:
        lines.append("parameters = list(model.parameters())")
    if not plan.refits:
        lines += _new_optimizer(plan)
    if optimizer.use_ema:
        lines += [
            f"average = torch.optim.swa_utils.get_ema_multi_avg_fn({optimizer.ema_momentum!r})",
            "ema = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=average)",
        ]
        if plan.folds:
            lines.append("both = nn.ModuleList([model, ema])")
    return lines


def _new_optimizer(plan: Plan) -> list[str]:
    """The optimizer, and the numbers that it begins with."""
    optimizer, lines, indent = plan.config.optimizer, list[str](), 4 * plan.refits
    rule, rate = OPTIMIZERS[optimizer.type_name()](optimizer), optimizer.learning_rate
    is_formula = isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)
    if isinstance(rate, ReduceOnPlateau):
        lines.append(f"rate = {first_rate(plan)}")
    if plan.steps > 1 and (is_formula or rule.each_step):
        lines.append("step = 0")
    if rule.made:
        first = "learning_rate(0)" if is_formula else "rate" if isinstance(rate, Schedule) else repr(rate)
        made = call(f"torch.optim.{rule.made}", "parameters", lr=first, **rule.options)
        lines += [line[indent:] for line in statement(made, "optimizer = ", indent=indent)]
        if rule.each_step or isinstance(rate, Schedule):
            lines.append("settings = optimizer.param_groups[0]")
    else:
        lines += [line[indent:] for line in comment_lines(rule.why, indent)]
        lines += [f"{name} = [{start} for p in parameters]" for name, start in rule.states.items()]
        if not isinstance(rate, Schedule):
            lines.append(f"rate = {rate!r}")
    return lines


def training_code(plan: Plan, network: TorchNetwork) -> list[str]:
    """The loop; nothing where there are no epochs."""
    if not plan.config.training.epochs:
        return []
    rows = [] if plan.refits else [_tensors(plan)]
    return [*rows, *loop_code(plan, _loop(plan, network))]


def _tensors(plan: Plan) -> str:
    return f"x, y = torch.tensor(x_train), torch.tensor(y_train){as_labels(plan)}"


def update_code(plan: Plan) -> list[str]:
    """The lines of a step, which change ``parameters`` by their gradients."""
    optimizer, rate = plan.config.optimizer, plan.config.optimizer.learning_rate
    rule = OPTIMIZERS[optimizer.type_name()](optimizer)
    is_formula = isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)
    update = list[str]()
    if optimizer.clip_norm is not None:
        bound = repr(optimizer.clip_norm)
        update += [
            "# clip_norm, without the 1e-6 that nn.utils.clip_grad_norm_ adds to the norm",
            "norm = math.sqrt(sum(float((p.grad**2).sum()) for p in parameters))",
            "for p in parameters:",
            f"    p.grad *= {bound} / max(norm, {bound})",
        ]
    if is_formula:
        update.append("rate = learning_rate(step)")
    if rule.made and isinstance(rate, Schedule):
        update.append('settings["lr"] = rate')
    if is_formula or rule.each_step:
        update.append("step += 1")
    update += rule.each_step
    decays = optimizer.weight_decay and "weight_decay" not in rule.options
    shrink = (
        f"p *= 1 - {'rate' if isinstance(rate, Schedule) or not rule.made else repr(rate)} * {optimizer.weight_decay!r}"
    )
    if decays and rule.made:
        update += ["with torch.no_grad():  # weight_decay", "    for p in parameters:", f"        {shrink}"]
    if rule.made:
        update += ["optimizer.step()", "optimizer.zero_grad()"]
    else:
        (state,) = rule.states
        inner = [*([f"{shrink}  # weight_decay"] if decays else []), *rule.change, "p.grad = None"]
        update += ["with torch.no_grad():", f"    for p, v in zip(parameters, {state}):", *indented(inner, 2)]
    return [*update, *(["ema.update_parameters(model)"] if optimizer.use_ema else [])]


def _loop(plan: Plan, network: TorchNetwork) -> Loop:
    optimizer = plan.config.optimizer
    weights = ""
    if plan.class_weights is not None:
        column = "" if plan.one_loss_a_row else "[:, None]"
        weights = f" * class_weight[{plan.class_numbers('y[rows]', '.long()')}]{column}"
    batch = [f"loss = loss_function(model(x[rows]), y[rows]){weights}"]
    if weights:
        batch = [f"losses = loss_function(model(x[rows]), y[rows]){weights}", "loss = losses.mean()"]
        if len(batch[0]) > 82 - 4 * update_depth(plan):
            batch[0:1] = ["losses = loss_function(model(x[rows]), y[rows])", f"losses = losses{weights}"]
    elif _gives_elements(plan):
        batch = ["loss = loss_function(model(x[rows]), y[rows]).mean()"]
    if network.penalties:
        batch.append("loss = loss + penalty(model)")
    accumulates = plan.config.training.gradient_accumulation > 1 and plan.steps > 1
    batch.append("(loss * len(rows) / len(group)).backward()" if accumulates else "loss.backward()")
    averaged = "ema" if optimizer.use_ema else "model"
    saved = "both" if optimizer.use_ema and plan.folds else "model"
    penalty = penalty_of(network, averaged)
    begin = [f"{module}.eval()  # trainable: false" for module in network.frozen_statistics]
    validation = [
        f"{averaged}.eval()",
        "with torch.no_grad():",
        f"    output, target = {averaged}(torch.tensor(x_val)), torch.tensor(y_val){as_labels(plan)}",
        f"    val_loss = loss_function(output, target){mean(plan)}.item(){penalty}",
    ]
    if plan.config.training.early_stopping is not None or "val" in plan.parts or begin:
        begin = ["model.train()", *begin]
    return Loop(
        batch,
        "loss.item()",
        update_code(plan),
        validation,
        keep=f"{{name: one.clone() for name, one in {averaged}.state_dict().items()}}",
        restore=[f"{averaged}.load_state_dict(kept)"],
        begin=begin,
        tracked=plan.tracked_code(network.array_code),
        copied=f"{{name: one.clone() for name, one in {saved}.state_dict().items()}}",
        again=lambda name: [
            f"{saved}.load_state_dict({name})",
            *(["ema.n_averaged.zero_()  # a new running mean"] if optimizer.use_ema and not plan.folds else []),
        ],
        fresh=[_tensors(plan), *_new_optimizer(plan)],
    )
