"""The registry of all families of the config language."""

from collections.abc import Iterator

from mltrain.config import Config
from mltrain.config.option_types import Struct
from mltrain.config.search_options import Range, Search
from mltrain.data.base import DatasetSpec
from mltrain.data.columns import ColumnKind
from mltrain.data.points import Points
from mltrain.engine.activations.base import Activation
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.regularizers.base import Regularizer
from mltrain.engine.schedules.base import Schedule
from mltrain.spec import Family, Spec
from mltrain.training.options import EarlyStopping, Training

SECTIONS: dict[str, Struct] = {
    "config": Config,
    "training": Training,
    "early_stopping": EarlyStopping,
    "search": Search,
    "range": Range,
}

FAMILIES: dict[str, Family] = {
    "activations": Activation.family,
    "datasets": DatasetSpec.family,
    "column kinds": ColumnKind.family,
    "points": Points.family,
    "layers": Layer.family,
    "losses": Loss.family,
    "optimizers": Optimizer.family,
    "schedules": Schedule.family,
    "initializers": Initializer.family,
    "regularizers": Regularizer.family,
    "metrics": Metric.family,
}
"""All families by their plural. Activations come before layers, to which they belong, too."""


def members() -> Iterator[tuple[str, type[Spec]]]:
    """Each member of each family once, with the family's plural."""
    seen = set()
    for title, family in FAMILIES.items():
        for member in family:
            if member not in seen:
                seen.add(member)
                yield title, member
