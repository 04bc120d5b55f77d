"""The parts of the rows as code: which rows are held back, and targets as the loss takes them."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mltrain.code.plan import Plan, seed
from mltrain.code.text import flat, literal, statement


def shown(path: Path) -> str:
    """A path as scripts write it: seen from the working folder, if it is below that."""
    relative = os.path.relpath(path)
    return str(path.resolve()) if relative.startswith("..") else relative


def parts(plan: Plan) -> list[str]:
    """Split ``x`` and ``y`` of all rows into parts."""
    return [*drawn(plan), *encoded(plan), *taken(plan)]


def drawn(plan: Plan) -> list[str]:
    """Which rows are held back: their numbers, ascending."""
    dataset, split = plan.config.dataset, f'random("split"{seed(plan.config)})'
    shares = {"val": dataset.validation_split, "test": dataset.test_split}
    counts = {part: plan.parts[part] for part, share in shares.items() if share}
    if not counts:
        return []
    if dataset.split == "chronological":
        counts = {"train": plan.parts["train"], **counts}
        stops = [sum(list(counts.values())[: number + 1]) for number in range(len(counts))]
        starts = [0, *stops]
        return [
            f"{part} = np.arange({f'{start}, ' if start else ''}{stop})"
            for part, start, stop in zip(counts, starts, stops, strict=False)
        ]
    if plan.job.dataset.row_spec.classes is not None:
        return _drawn_by_class(plan, split, list(counts))
    cuts = np.cumsum(list(counts.values())).tolist()
    return [
        f"order = {split}.permutation(len(y))",
        f"{', '.join([*counts, 'train'])} = map(np.sort, np.split(order, {cuts}))",
    ]


def _drawn_by_class(plan: Plan, split: str, held_back: Sequence[str]) -> list[str]:
    """Of each class so many rows for each part, in the order of a shuffle; the others are trained on."""
    numbers = range(len(plan.job.dataset.row_spec.classes or ()))
    counts = [np.bincount(plan.split_of(part).y, minlength=len(numbers)) for part in held_back]
    cuts = np.cumsum(counts, axis=0).T.tolist()
    lines = [f"order = {split}.permutation(len(y))"]
    cut, title = literal(cuts[0]), f"of each class, the first rows are for {' and '.join(held_back)}"
    if any(one != cuts[0] for one in cuts):
        lines += statement(literal(cuts), "cuts = ")
        cut = "cuts[label]"
    groups = f"[np.split(order[y[order] == label], {flat(cut)}) for label in range({len(numbers)})]"
    names = ", ".join([*held_back, "train"])
    sort = f"{names} = (np.sort(np.concatenate(rows)) for rows in zip(*groups))"
    return [*lines, *statement(groups, "groups = ", title), sort]


def encoded(plan: Plan, name: str = "y") -> list[str]:
    """The targets as the loss takes them."""
    outputs, classes = plan.job.network.output_shape[-1], plan.job.dataset.row_spec.classes
    match plan.config.loss.targets:
        case "labels":
            return [] if classes is not None else [f"{name} = {name}[:, 0].astype(np.int32)"]
        case _ if classes is None and plan.config.loss.targets == "binary":
            return [f"{name} = ({name} > 0).astype(np.float32)"]
        case _ if classes is None:
            return []
        case _ if outputs == 1:
            return [f"{name} = {name}[:, None].astype(np.float32)"]
    return [f"{name} = np.eye({outputs}, dtype=np.float32)[{name}]  # one-hot"]


def taken(plan: Plan) -> list[str]:
    """The rows of each part."""
    parts = [part for part in plan.parts if part == "train" or getattr(plan.config.dataset, _SHARES[part])]
    if len(parts) == 1:
        return ["x_train, y_train = x, y"]
    lines = []
    for array in ("x", "y"):
        names = ", ".join(f"{array}_{part}" for part in parts)
        lines.append(f"{names} = {', '.join(f'{array}[{part}]' for part in parts)}")
    return lines


_SHARES = {"val": "validation_split", "test": "test_split"}
