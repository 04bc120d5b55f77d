"""The ``early_stopping`` part of a config's training section."""

from typing import Annotated

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
