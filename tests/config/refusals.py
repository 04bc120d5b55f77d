"""What a user reads when a config is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from mltrain.config.load import parse_config
from mltrain.errors import ConfigError

DATASET = "dataset: {type: inline, x: [1, 2, 3], y: [2, 4, 6]}\n"
"""The first line of most configs in the tests: what follows begins on line 2."""


def refusal(call: Callable[..., Any], *arguments: Any) -> list[str]:
    """The lines of the error with which ``call`` refuses its arguments."""
    with pytest.raises(ConfigError) as error:
        call(*arguments)
    assert str(error.value) == "\n".join(error.value.lines)
    return list(error.value.lines)


def problems_in(text: str, *overrides: str) -> list[str]:
    """The lines of the error for a config of this text in a file called x.yaml."""
    return refusal(parse_config, text, "x.yaml", overrides)
