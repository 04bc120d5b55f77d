import pytest

from mltrain.names.nearest import did_you_mean, nearest

NAMES = ["dense", "dropout", "leaky_relu", "mse", "mean_squared_error", "learning_rate", "units"]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("densee", "dense"),
        ("Dense", "dense"),
        ("drop out", "dropout"),
        ("LeakyReLU", "leaky_relu"),
        ("leaky-relu", "leaky_relu"),
        ("mse_loss", "mse"),
        ("rate", "learning_rate"),
        ("unit", "units"),
        ("conv2d", None),
        ("", None),
        ("dense" * 1000, None),
    ],
)
def test_the_nearest_name(word: str, name: str | None) -> None:
    assert nearest(word, NAMES) == name


def test_initials() -> None:
    assert nearest("lr", ["epsilon", "learning_rate"]) == "learning_rate"


def test_no_names() -> None:
    assert nearest("dense", []) is None


def test_the_end_of_a_message() -> None:
    assert did_you_mean("unit", NAMES) == "; did you mean 'units'?"
    assert did_you_mean("xyz", NAMES) == ""
    assert did_you_mean("xyz", NAMES, "; there are many") == "; there are many"
