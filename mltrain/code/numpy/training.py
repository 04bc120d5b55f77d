"""The training of a NumPy script: `LOSSES`, `REGULARIZERS`, `OPTIMIZERS` and the loop."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltrain.code.loops import Loop, first_rate, loop_code, schedule_code, update_depth
from mltrain.code.numpy.layers import Layers
from mltrain.code.numpy.weights import parameters_of
from mltrain.code.plan import Plan
from mltrain.code.text import WIDTH, call, flat, listed, statement
from mltrain.engine.schedules.base import Schedule
from mltrain.engine.schedules.reduce_on_plateau import ReduceOnPlateau


def _cross_entropy(before: Sequence[str]) -> list[str]:
    return [
        '"""Cross-entropy of a softmax of z, and its gradient: probabilities less targets."""',
        *before,
        "z = z - z.max(1, keepdims=True)  # against overflow",
        "log_p = z - np.log(np.exp(z).sum(1, keepdims=True))",
        "return -(target * log_p).sum(1), np.exp(log_p) - target",
    ]


LOSSES: dict[str, Callable[[Any], list[str]]] = {
    # The body of a function of what the network computes, and the targets: losses, and the gradient of each.
    "binary_crossentropy": lambda _: [
        '"""Cross-entropy of a sigmoid of z, and its gradient by z."""',
        "losses = np.logaddexp(0, (1 - 2 * target) * z)",
        "return losses, sigmoid(z) - target",
    ],
    "categorical_crossentropy": lambda own: _cross_entropy(
        [f"target = target * (1 - {own.label_smoothing!r}) + {own.label_smoothing!r} / z.shape[1]"]
        if own.label_smoothing
        else []
    ),
    "hinge": lambda _: [
        '"""What is lost where z is not on its side of 0 by at least 1, and its gradient."""',
        "side = 2 * target - 1",
        "losses = np.maximum(1 - side * z, 0)",
        "return losses, -side * (losses > 0)",
    ],
    "huber": lambda own: [
        '"""Squared errors up to a bound, and straight lines from there; and their slopes."""',
        "errors = z - target",
        f"slopes = np.clip(errors, -{own.delta!r}, {own.delta!r})",
        "return slopes * (errors - slopes / 2), slopes",
    ],
    "mean_absolute_error": lambda _: [
        '"""Absolute errors, and their slopes."""',
        "return abs(z - target), np.sign(z - target)",
    ],
    "mean_squared_error": lambda _: [
        '"""Squared errors, and their slopes."""',
        "return (z - target) ** 2, 2 * (z - target)",
    ],
    "perceptron": lambda _: [
        '"""What a wrong answer costs, and its gradient: Rosenblatt\'s rule."""',
        "slopes = (z > 0) - target",
        "return slopes * z, slopes",
    ],
    "sparse_categorical_crossentropy": lambda _: _cross_entropy(
        ["target = np.eye(z.shape[1], dtype=np.float32)[target]  # one-hot"]
    ),
}


REGULARIZERS: dict[str, Callable[[Any, str], tuple[str, str]]] = {
    # What a parameter costs, and the slope of that.
    "l1": lambda own, p: (f"{own.l1!r} * abs({p}).sum()", f"{own.l1!r} * np.sign({p})"),
    "l1_l2": lambda own, p: (
        f"{own.l1!r} * abs({p}).sum() + {own.l2!r} * ({p}**2).sum()",
        f"{own.l1!r} * np.sign({p}) + {2 * own.l2!r} * {p}",
    ),
    "l2": lambda own, p: (f"{own.l2!r} * ({p}**2).sum()", f"{2 * own.l2!r} * {p}"),
}


@dataclass(frozen=True)
class _Rule:
    """An optimizer: the arrays that it keeps for each parameter, lines before each update, and the update itself.

    ``start`` are numbers with which the steps begin. In the update, ``p`` is a parameter, ``g`` its gradient, and the
    letters of ``states`` are what is kept.
    """

    change: Sequence[str]
    states: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    start: Mapping[str, str] = field(default_factory=dict)
    counts: bool = False


_ZEROS = "np.zeros_like(p)"


def _sgd(own: Any) -> _Rule:
    if not own.momentum:
        return _Rule(["p -= rate * g"])
    step = f"p += {own.momentum!r} * v - rate * g" if own.nesterov else "p += v"
    return _Rule([f"v[...] = {own.momentum!r} * v - rate * g", step], {"v": _ZEROS})


def _adam(own: Any) -> _Rule:
    corrected = f"rate * math.sqrt(1 - {own.beta_2!r}**step) / (1 - {own.beta_1!r}**step)"
    return _Rule(
        [*_moments(own), f"p -= corrected * m / (np.sqrt(v) + {own.epsilon!r})"],
        {"m": _ZEROS, "v": _ZEROS},
        ["# both means began at 0, for which the rate makes up", f"corrected = {corrected}"],
        counts=True,
    )


def _moments(own: Any) -> list[str]:
    return [f"m += {_rest(own.beta_1)} * (g - m)", f"v += {_rest(own.beta_2)} * (g**2 - v)"]


def _rest(share: float) -> str:
    return f"{1 - share:.10g}"


def _nadam(own: Any) -> _Rule:
    return _Rule(
        [
            *_moments(own),
            "mean = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)",
            f"p -= rate * mean / (np.sqrt(v / (1 - {own.beta_2!r}**step)) + {own.epsilon!r})",
        ],
        {"m": _ZEROS, "v": _ZEROS},
        [
            f"now = {own.beta_1!r} * (1 - 0.5 * 0.96**step)",
            f"ahead = {own.beta_1!r} * (1 - 0.5 * 0.96 ** (step + 1))",
            "product *= now",
        ],
        {"product": "1.0"},
        counts=True,
    )


def _rmsprop(own: Any) -> _Rule:
    change = [f"v += {_rest(own.rho)} * (g**2 - v)", f"p -= rate * g / np.sqrt(v + {own.epsilon!r})"]
    return _Rule(change, {"v": _ZEROS})


def _adagrad(own: Any) -> _Rule:
    change = ["v += g**2", f"p -= rate * g / np.sqrt(v + {own.epsilon!r})"]
    return _Rule(change, {"v": f"np.full_like(p, {own.initial_accumulator_value!r})"})


def _lion(own: Any) -> _Rule:
    change = [
        f"p -= rate * np.sign({own.beta_1!r} * m + {_rest(own.beta_1)} * g)",
        f"m += {_rest(own.beta_2)} * (g - m)",
    ]
    return _Rule(change, {"m": _ZEROS})


OPTIMIZERS: dict[str, Callable[[Any], _Rule]] = {
    "adagrad": _adagrad,
    "adam": _adam,
    "adamw": _adam,
    "lion": _lion,
    "nadam": _nadam,
    "rmsprop": _rmsprop,
    "sgd": _sgd,
}


def regularized(plan: Plan) -> list[tuple[str, tuple[str, str]]]:
    """The parameters that have a regularizer, with what they cost and its slope."""
    return [
        (name, REGULARIZERS[parameter.regularizer.type_name()](parameter.regularizer, name))
        for name, _, parameter in parameters_of(plan)
        if parameter.regularizer is not None and parameter.trainable
    ]


def loss_code(plan: Plan) -> list[str]:
    body = LOSSES[plan.config.loss.type_name()](plan.config.loss)
    lines = ["def loss_function(z, target):", *(f"    {line}" for line in body), "", ""]
    if costs := [cost for _, (cost, _) in regularized(plan)]:
        lines += ["def penalty():", '    """What large weights add to the loss."""', f"    total = {costs[0]}"]
        lines += [*(f"    total += {cost}" for cost in costs[1:]), "    return total", "", ""]
    return lines


def optimizer_code(plan: Plan, at: Layers) -> list[str]:
    """The schedule, the parameters, and what the optimizer keeps; nothing where there are no epochs.

    For two trainings, what it keeps stands in their loop.
    """
    if not plan.config.training.epochs:
        return []
    lines = [
        *schedule_code(plan.config.optimizer.learning_rate),
        *statement(listed(at.parameters), "parameters = "),
    ]
    return lines if plan.refits else [*lines, *_kept(plan)]


def _kept(plan: Plan) -> list[str]:
    """What the optimizer keeps from step to step, as it begins."""
    optimizer, rate, training = plan.config.optimizer, plan.config.optimizer.learning_rate, plan.config.training
    rule = OPTIMIZERS[optimizer.type_name()](optimizer)
    lines = [f"{_STATES[letter]} = [{start} for p in parameters]" for letter, start in rule.states.items()]
    is_formula = isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)
    numbers = {} if is_formula else {"rate": first_rate(plan)}
    if plan.steps > 1 and (rule.counts or is_formula):
        numbers["step"] = "0"
    numbers |= rule.start
    if optimizer.use_ema:
        if "val" in plan.parts or training.early_stopping is not None:
            plan.cannot(("optimizer", "use_ema"), "the NumPy script has running means at its end only")
        lines.append("averages = [p.copy() for p in parameters]")
        numbers["began"] = "0"
    if numbers:
        lines.append(f"{', '.join(numbers)} = {', '.join(numbers.values())}")
    return lines


def training_code(plan: Plan, at: Layers, values: Sequence[str]) -> list[str]:
    """The loop; nothing where there are no epochs."""
    optimizer, lines = plan.config.optimizer, list[str]()
    if not plan.config.training.epochs:
        return lines
    if (weights := plan.class_weights) is not None:
        lines += statement(call("np.array", weights, "np.float32"), "class_weight = ")
    if not plan.refits:
        lines += _noise(plan, at)
    rule = OPTIMIZERS[optimizer.type_name()](optimizer)
    lines += loop_code(plan, _loop(plan, at, values, rule, [(name, slope) for name, (_, slope) in regularized(plan)]))
    if optimizer.use_ema:
        lines += ["for p, average in zip(parameters, averages):", "    p[...] = average"]
    return lines


def _noise(plan: Plan, at: Layers) -> list[str]:
    """The generator that random layers draw from in a training."""
    return [f'noise = random("dropout"{", seed" if plan.folds else ""})'] if at.random else []


_STATES = {"m": "means", "v": "squares"}


def _loop(plan: Plan, at: Layers, values: Sequence[str], rule: _Rule, penalized: Sequence[tuple[str, str]]) -> Loop:
    optimizer, rate = plan.config.optimizer, plan.config.optimizer.learning_rate
    last = values[-1]
    batch = ["x, y = x_train[rows], y_train[rows]"]
    batch.append(f"{', '.join(values)} = forward(x{', noise' if at.random else ''})")
    batch.append(f"losses, slopes = loss_function({last}, y)")
    if plan.class_weights is not None:
        column = "" if plan.one_loss_a_row else "[:, None]"
        batch.append(f"weight = class_weight[{plan.class_numbers('y')}]{column}")
        batch.append(f"losses, slopes = losses * weight, slopes * weight{'[:, None]' if plan.one_loss_a_row else ''}")
    batch.append("# backward: the gradient of the loss by each value, from the last to the first")
    batch.append(f"d{last} = slopes / losses.size")
    batch += [line for lines in reversed(at.backward) for line in lines]
    batch += [f"d{name} += {slope}" for name, slope in penalized]
    listed_gradients = listed(f"d{name}" for name in at.parameters)
    gradients = statement(listed_gradients, "gradients = ")
    letters, kept = "".join(f", {one}" for one in rule.states), "".join(f", {_STATES[one]}" for one in rule.states)
    each = f"for p, g{letters} in zip(parameters, {flat(listed_gradients)}{kept}):"
    begin, update = list[str](), list[str]()
    if plan.config.training.gradient_accumulation > 1 and plan.steps > 1:
        begin.append("sums = [0.0] * len(parameters)")
        batch += gradients
        batch.append("share = len(rows) / len(group)")
        batch.append("sums = [s + share * g for s, g in zip(sums, gradients)]")
        update += ["gradients, sums = sums, [0.0] * len(parameters)"]
    elif optimizer.clip_norm is not None or len(each) > WIDTH - 4 * update_depth(plan):
        update += gradients
    if optimizer.clip_norm is not None:
        update.append("norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))")
        bound = repr(optimizer.clip_norm)
        update.append(f"gradients = [g * ({bound} / max(norm, {bound})) for g in gradients]")
    if isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau):
        update.append("rate = learning_rate(step)")
    if rule.counts or (isinstance(rate, Schedule) and not isinstance(rate, ReduceOnPlateau)):
        update.append("step += 1")
    update += rule.before
    named = any(line.startswith("gradients") for line in update)
    update.append(f"for p, g{letters} in zip(parameters, gradients{kept}):" if named else each)
    if optimizer.weight_decay:
        update.append(f"    p *= 1 - rate * {optimizer.weight_decay!r}  # weight_decay")
    update += [f"    {line}" for line in rule.change]
    if optimizer.use_ema:
        update.append("for p, average in zip(parameters, averages):")
        update.append(f"    average += (1 - {optimizer.ema_momentum!r} * began) * (p - average)")
        update.append("began = 1")
    penalty = " + penalty()" if penalized else ""
    output = "*_, output = forward(x_val)" if len(values) > 1 else "output = forward(x_val)"
    return Loop(
        batch,
        "float(losses.mean() + penalty())" if penalized else "float(losses.mean())",
        update,
        [output, f"val_loss = loss_function(output, y_val)[0].mean(){penalty}"],
        keep="[p.copy() for p in parameters]",
        restore=["for p, best in zip(parameters, kept):", "    p[...] = best"],
        begin=begin,
        tracked=plan.tracked_code({own: name for name, own, _ in parameters_of(plan)}),
        copied="[p.copy() for p in parameters]",
        again=lambda name: [f"for p, w in zip(parameters, {name}):", "    p[...] = w"],
        fresh=[*_kept(plan), *_noise(plan, at)],
    )
