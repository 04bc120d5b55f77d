"""The ``training`` section of a config, and its ``early_stopping`` part."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class EarlyStopping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stop when the network no longer becomes better, and use its best weights."""

    monitor: Annotated[
        str | None,
        Meta(
            description="the number to watch: loss, a metric, or either on the validation rows, as in val_accuracy; "
            "by default val_loss, or loss where no rows are held back for validation"
        ),
    ] = None
    patience: Annotated[
        int, Meta(ge=0, description="epochs in a row that may bring no improvement; training stops after them")
    ] = 5
    min_delta: Annotated[float, Meta(ge=0, description="a change that is not larger than this is no improvement")] = 0.0
    restore_best: Annotated[
        bool, Meta(description="end with the weights of the best epoch, not with those of the last one")
    ] = True
    refit: Annotated[
        bool,
        Meta(
            description="then train again from the first weights, on the rows for training and validation together, "
            "for as many epochs as the best was"
        ),
    ] = False
    folds: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        Meta(
            description="validate by so many networks, each of which leaves out other rows, and refit on all rows: "
            "for tables too small for validation rows of their own"
        ),
    ] = None

    @property
    def trains_again(self) -> bool:
        """Whether the network is trained a second time, on the rows that validated the first, too."""
        return self.refit or self.folds is not None


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Epochs, batches, early stopping, class weights and tracked parameters."""

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
        Meta(
            description="parameters to record after each epoch, with the loss there: dense.kernel, or label: name",
            extra_json_schema={"examples": [["dense.kernel"]]},
        ),
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

    def rows_per_batch(self, rows: int | None) -> int:
        """The rows of a whole batch, for ``rows`` training rows, or None if their number is unknown."""
        if self.batch_size == "full":
            return rows or 0
        return self.batch_size if rows is None else min(self.batch_size, rows)
