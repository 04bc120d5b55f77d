"""What a script measures at its end, in NumPy: the metrics of the config, as mltrain defines them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mltrain.code.plan import Plan
from mltrain.engine.metrics.base import Metric

_OF_CLASSES = "classes"


def evaluation_code(plan: Plan, loss: str = "loss") -> list[str]:
    """Lines that print the loss and all metrics of ``output``, which is what the network gives for the rows."""
    metrics, part = plan.config.metrics, plan.evaluated
    lines = []
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
    lines.append(f'print(f"{part}: loss {{{loss}:.6f}}")')
    for metric in metrics:
        name = metric.type_name()
        *before, value = METRICS[name](metric)
        lines += before
        if _is_per_class(metric):
            value += "[1]" if _class_count(plan) == 2 else "[present].mean()"
        lines.append(f'print(f"{name} {{{value}:.4f}}")' if '"' not in value and len(value) < 50 else "")
        if not lines[-1]:
            lines[-1:] = [f"{name} = {value}", f'print(f"{name} {{{name}:.4f}}")']
    return lines


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
    return [f"predicted = {predicted}{flat}", f"true = {true}{flat}"]


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
        "errors = ((output - target) ** 2).sum(0)",
        "spread = ((target - target.mean(0)) ** 2).sum(0)",
        "(1 - errors / spread).mean()",
    ],
    "recall": lambda _: ["(right / np.maximum(there, 1))"],
    "root_mean_squared_error": lambda _: ["np.sqrt(((output - target) ** 2).mean())"],
    "top_k_accuracy": lambda metric: [
        "own = np.take_along_axis(output, true[:, None], 1)",
        f"((output > own).sum(1) < {metric.k}).mean()",
    ],
}
"""Each metric by its name: the lines before its value, and the value."""
