"""Names of the values in a parameter's list: what differs between them, and numbers where that is long, too."""

from typing import Any

import pytest

from mltrain.views.insight.value_names import value_names

ONE = {"type": "dense", "units": 1}


def dense(units: int, activation: str = "relu") -> dict[str, Any]:
    return {"type": "dense", "units": units, "activation": activation}


def sgd(**options: Any) -> dict[str, Any]:
    return {"type": "sgd", "learning_rate": 0.001, **options}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["relu", "tanh"], ["relu", "tanh"]),
        (["adam", {"type": "sgd", "momentum": 0.9}], ["adam", "sgd, momentum: 0.9"]),
        ([[3, 3], [5, 5]], ["[3, 3]", "[5, 5]"]),
        ([sgd(momentum=0.5), sgd(momentum=0.9)], ["momentum: 0.5", "momentum: 0.9"]),
        ([sgd(momentum=0.5), sgd(), "adam"], ["1: sgd, learning_…ntum: 0.5", "2: sgd, learning_…te: 0.001", "3: adam"]),
        ([[dense(8), ONE], [dense(16), ONE]], ["8", "16"]),
        ([[ONE], [dense(8), ONE], [dense(8), dense(4), ONE]], ["none", "8", "8 + 4"]),
        ([[dense(8), ONE], [dense(8, "tanh"), dense(4), ONE]], ["8 relu", "8 tanh + 4 relu"]),
        ([[dense(8), ONE], [{"type": "dropout", "rate": 0.5}, ONE]], ["dense 8 relu", "dropout 0.5"]),
        ([[1, "a" * 30], [1, "b" * 30]], [f"1: {'a' * 14}…{'a' * 9}", f"2: {'b' * 14}…{'b' * 9}"]),
        (["a" * 40, "b"], [f"1: {'a' * 14}…{'a' * 9}", "2: b"]),
        ([sgd(nesterov=True), sgd(nesterov=1)], ["nesterov: true", "nesterov: 1"]),
    ],
)  # fmt: skip
def test_names_are_short_and_differ(values: list[Any], names: list[str]) -> None:
    found, numbered = value_names(values)
    assert found == names
    assert numbered == names[-1].startswith(f"{len(values)}: ")
    assert len(set(found)) == len(values)
