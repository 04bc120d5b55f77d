"""Schedules and optimizers in PyTorch: its own where they are Keras's, and else the formulas."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

Options = Mapping[str, Any]
Tensors = Sequence[Any]


def cosine_decay(step: int, options: Options) -> float:
    first, peak, climb = options["initial_learning_rate"], options["warmup_target"], options["warmup_steps"]
    if peak is not None and step < climb:
        return first + (peak - first) * step / climb
    share = min(1.0, (step - climb) / options["decay_steps"])
    wave = (1 + math.cos(math.pi * share)) / 2
    return (first if peak is None else peak) * (options["alpha"] + (1 - options["alpha"]) * wave)


def exponential_decay(step: int, options: Options) -> float:
    periods = step / options["decay_steps"]
    periods = math.floor(periods) if options["staircase"] else periods
    return options["initial_learning_rate"] * options["decay_rate"] ** periods


def piecewise(step: int, options: Options) -> float:
    passed = sum(step > boundary for boundary in options["boundaries"])
    return options["values"][passed]


SCHEDULES = {"cosine_decay": cosine_decay, "exponential_decay": exponential_decay, "piecewise": piecewise}


class Own:
    """An optimizer of PyTorch's, whose options are set before each step."""

    def __init__(self, rule: Any, each_step: Callable[[int], dict[str, float]] = lambda step: {}):
        self._rule, self._each_step = rule, each_step

    def __call__(self, step: int, rate: float) -> None:
        self._rule.param_groups[0].update(lr=rate, **self._each_step(step))
        self._rule.step()


class Written:
    """A rule that is written out: ``change(gradient, state, rate)`` is what is taken off a parameter."""

    def __init__(self, parameters: Tensors, change: Callable[[Any, Any, float], Any], start: float = 0.0):
        self._parameters, self._change = parameters, change
        self._states = [torch.full_like(parameter, start) for parameter in parameters]

    def __call__(self, step: int, rate: float) -> None:
        for parameter, state in zip(self._parameters, self._states, strict=True):
            parameter -= self._change(parameter.grad, state, rate)


def sgd(parameters: Tensors, options: Options) -> Any:
    momentum, nesterov = options["momentum"], options["nesterov"]

    def change(gradient: Any, velocity: Any, rate: float) -> Any:
        velocity.mul_(momentum).add_(gradient, alpha=-rate)
        return rate * gradient - momentum * velocity if nesterov else -velocity

    if isinstance(options["learning_rate"], dict):
        return Written(parameters, change)
    rule = torch.optim.SGD(parameters, lr=1, momentum=momentum, nesterov=nesterov and momentum > 0)
    return Own(rule)


def adam(parameters: Tensors, options: Options, rule: Any = torch.optim.Adam) -> Any:
    # Keras adds epsilon to the root of v as it is, PyTorch to the root of the corrected v.
    def epsilon(step: int) -> dict[str, float]:
        return {"eps": options["epsilon"] / math.sqrt(1 - options["beta_2"] ** step)}

    return Own(rule(parameters, betas=(options["beta_1"], options["beta_2"]), weight_decay=0), epsilon)


def nadam(parameters: Tensors, options: Options) -> Any:
    betas = options["beta_1"], options["beta_2"]
    return Own(torch.optim.NAdam(parameters, betas=betas, eps=options["epsilon"], momentum_decay=1))


def rmsprop(parameters: Tensors, options: Options) -> Any:
    def change(gradient: Any, mean_square: Any, rate: float) -> Any:
        mean_square.mul_(options["rho"]).add_((1 - options["rho"]) * gradient**2)
        return rate * gradient / torch.sqrt(mean_square + options["epsilon"])

    return Written(parameters, change)


def adagrad(parameters: Tensors, options: Options) -> Any:
    def change(gradient: Any, squares: Any, rate: float) -> Any:
        squares.add_(gradient**2)
        return rate * gradient / torch.sqrt(squares + options["epsilon"])

    return Written(parameters, change, options["initial_accumulator_value"])


def lion(parameters: Tensors, options: Options) -> Any:
    beta_1, beta_2 = options["beta_1"], options["beta_2"]

    def change(gradient: Any, mean: Any, rate: float) -> Any:
        direction = torch.sign(beta_1 * mean + (1 - beta_1) * gradient)
        mean.mul_(beta_2).add_((1 - beta_2) * gradient)
        return rate * direction

    return Written(parameters, change)


OPTIMIZERS: dict[str, Callable[[Tensors, Options], Any]] = {
    "adagrad": adagrad,
    "adam": adam,
    "adamw": partial(adam, rule=torch.optim.AdamW),
    "lion": lion,
    "nadam": nadam,
    "rmsprop": rmsprop,
    "sgd": sgd,
}
