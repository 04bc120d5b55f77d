"""The ``training`` section of a config."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mltrain.training.early_stopping import EarlyStopping


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to train, in what portions, and what to watch."""

    epochs: Annotated[int, Meta(ge=0, description="how often to go through all rows; 0 saves the untrained model")] = 1
    batch_size: Annotated[
        Annotated[int, Meta(ge=1)] | Literal["full"],
        Meta(description="rows a step: the weights change once for each batch; full takes all rows at once"),
    ] = 32
    gradient_accumulation: Annotated[
        int,
        Meta(ge=1, description="batches a step: the weights change once for so many, as if they were one large batch"),
    ] = 1
    shuffle: Annotated[bool, Meta(description="take the rows in a new random order in each epoch")] = True
    track: Annotated[
        list[str] | dict[str, str],
        Meta(description="parameters to record after each epoch, with the loss there: dense.kernel, or label: name"),
    ] = []
    class_weight: Annotated[
        Literal["balanced"] | dict[str, Annotated[float, Meta(ge=0)]] | None,
        Meta(
            description="how much a row of each class counts: balanced gives every class the same weight in all, "
            "class: weight says it (1 where nothing is said)"
        ),
    ] = None
    early_stopping: Annotated[
        EarlyStopping | None,
        Meta(description="stop when the network no longer becomes better, and use its best weights"),
    ] = None

    def rows_in_a_batch(self, rows: int) -> int:
        """The rows of a whole batch, where there are so many rows in all."""
        return rows if self.batch_size == "full" else min(self.batch_size, rows)
