"""YAML text -> `Config`. See `mltrain.config.load.load_config`."""

from typing import Annotated

import msgspec
from msgspec import Meta

from mltrain.config.search_options import Search
from mltrain.data.base import DatasetSpec
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.training.options import Training

_MOST_LAYERS, _LONGEST = 8, 60
"""Layers that a config's repr shows, and characters of each."""

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The complete description of a training: dataset, network, and training options.

    The fields are the specs that the data package and the engine use directly.
    """

    name: Annotated[
        Annotated[str, Meta(pattern=NAME, title="a name of letters, digits, '_', '-' and '.'")] | None,
        Meta(description="what runs are called; the file's name by default"),
    ] = None
    seed: Annotated[int, Meta(ge=0, description="the same seed and config give the same bytes")] = 0
    dataset: Annotated[DatasetSpec, Meta(description="where the rows come from")]
    layers: Annotated[
        tuple[Layer, ...],
        Meta(
            min_length=1,
            description="the network, from input to output",
            extra_json_schema={"examples": [["flatten"]]},
        ),
    ]
    loss: Annotated[
        Loss, Meta(description="what training makes small", extra_json_schema={"examples": ["mean_squared_error"]})
    ]
    optimizer: Annotated[Optimizer, Meta(description="how gradients change the parameters")] = Sgd()
    metrics: Annotated[tuple[Metric, ...], Meta(description="what is measured besides the loss")] = ()
    training: Annotated[Training, Meta(description="how long to train, in what portions, and what to watch")] = (
        Training()
    )
    search: Annotated[
        Search | None,
        Meta(
            description="for mltrain sweep: the options to vary, and the number to judge by",
            extra_json_schema={
                "examples": [{"metric": "val_loss", "parameters": {"optimizer.learning_rate": [0.001, 0.01]}}]
            },
        ),
    ] = None

    def __repr__(self) -> str:
        from mltrain.config.dump import to_plain
        from mltrain.config.yaml_writer import on_one_line

        layers = ", ".join(_short(on_one_line(to_plain(layer, defaults=False))) for layer in self.layers[:_MOST_LAYERS])
        more = ", ..." if len(self.layers) > _MOST_LAYERS else ""
        names = [part.type_name() for part in (self.dataset, self.loss, self.optimizer)]
        return (
            f"<Config{' ' + self.name if self.name else ''}: {names[0]}; {layers}{more}; {names[1]}, {names[2]}, "
            f"epochs {self.training.epochs}, batch_size {self.training.batch_size}, seed {self.seed}>"
        )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
