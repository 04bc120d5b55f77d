"""What a script measures at its end, in NumPy: the metrics of the config, as mltrain defines them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mltrain.code.plan import Plan
from mltrain.code.text import WIDTH
from mltrain.engine.metrics.base import Metric

_OF_CLASSES = "classes"


def evaluation_code(plan: Plan, loss: str) -> list[str]:
    """Lines that print the loss, which is code, and all metrics of ``output``, what the network gives for the rows."""
    metrics, part = plan.config.metrics, plan.evaluated
    lines = _printed(f"{part}: loss", loss, "loss", digits=6)
    if any(metric.task == _OF_CLASSES for metric in metrics):
        lines += _classes(plan)
    if plan.scales_targets and any(metric.task != _OF_CLASSES for metric in metrics):
        lines += [
            "output = output * deviation + mean  # in the units of the target",
            f"target = y_{part} * deviation + mean",
        ]
    elif any(metric.task != _OF_CLASSES for metric in metrics):
        lines.append(f"target = y_{part}")
    if any(_is_per_class(metric) for metric in metrics):
        lines += _counts(plan)
    for metric in metrics:
        name = metric.type_name()
        *before, value = METRICS[name](metric)
        lines += before
        if _is_per_class(metric):
            value += "[1]" if _class_count(plan) == 2 else "[present].mean()"
        lines += _printed(name, value, name)
    return [re.sub(r"\btrue\b", _true(plan), line) for line in lines]


def _printed(title: str, value: str, name: str, digits: int = 4) -> list[str]:
    """A number with a title; it gets a name where it does not fit on the line."""
    line = f'print(f"{title} {{{value}:.{digits}f}}")'
    return [line] if len(line) <= WIDTH else [f"{name} = {value}", f'print(f"{title} {{{name}:.{digits}f}}")']


def _true(plan: Plan) -> str:
    """The name of the true class numbers: labels are these already."""
    is_labels = plan.config.loss.targets == "labels" and len(plan.job.network.output_shape) == 1
    return f"y_{plan.evaluated}" if is_labels else "true"


def _is_per_class(metric: Metric) -> bool:
    return metric.type_name() in ("f1", "precision", "recall")


def _class_count(plan: Plan) -> int:
    return max(2, plan.job.network.output_shape[-1])


def _classes(plan: Plan) -> list[str]:
    """``predicted`` and ``true``: class numbers."""
    y, outputs = f"y_{plan.evaluated}", plan.job.network.output_shape[-1]
    threshold = "0" if plan.fused else f"{plan.config.loss.threshold:g}"
    predicted = "output.argmax(-1)" if outputs > 1 else f"(output[..., 0] > {threshold}).astype(int)"
    true = y
    if plan.config.loss.targets != "labels":
        true = f"{y}.argmax(-1)" if outputs > 1 else f"({y}[..., 0] > 0.5).astype(int)"
    flat = ".ravel()" if len(plan.job.network.output_shape) > 1 else ""
    lines = [f"predicted = {predicted}{flat}"]
    return lines if _true(plan) == y else [*lines, f"true = {true}{flat}"]


def _counts(plan: Plan) -> list[str]:
    classes = _class_count(plan)
    return [
        f"right = np.bincount(predicted[predicted == true], minlength={classes})",
        f"said = np.bincount(predicted, minlength={classes})",
        f"there = np.bincount(true, minlength={classes})",
        *(["present = said + there > 0"] if classes > 2 else []),
    ]


METRICS: Mapping[str, Callable[[Any], Sequence[str]]] = {
    "accuracy": lambda _: ["(predicted == true).mean()"],
    "f1": lambda _: ["(2 * right / np.maximum(said + there, 1))"],
    "mean_absolute_error": lambda _: ["abs(output - target).mean()"],
    "mean_squared_error": lambda _: ["((output - target) ** 2).mean()"],
    "precision": lambda _: ["(right / np.maximum(said, 1))"],
    "r2": lambda _: [
        "(1 - ((output - target) ** 2).mean(0) / target.var(0)).mean()",
    ],
    "recall": lambda _: ["(right / np.maximum(there, 1))"],
    "root_mean_squared_error": lambda _: ["np.sqrt(((output - target) ** 2).mean())"],
    "top_k_accuracy": lambda metric: [
        "own = np.take_along_axis(output, true[:, None], 1)",
        f"((output > own).sum(1) < {metric.k}).mean()",
    ],
}
"""Each metric by its name: the lines before its value, and the value."""
