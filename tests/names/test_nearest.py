import pytest

from mltrain.names.nearest import alike, did_you_mean, nearest, no_column

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


@pytest.mark.parametrize(
    ("word", "names", "found"),
    [
        ("nothing", ["hinge", "huber"], []),
        (
            "crossentropy",
            ["binary_crossentropy", "categorical_crossentropy", "hinge"],
            ["binary_crossentropy", "categorical_crossentropy"],
        ),
        ("sepal length", ["sepal_length", "sepal_width"], ["sepal_length"]),
        ("sepal", ["sepal_length", "sepal_width"], ["sepal_length", "sepal_width"]),
        ("circle-1", ["circle-001", "linear-001"], ["circle-001"]),
        ("test", ["fit", "predict", "evaluate"], []),
    ],
)
def test_several_names_may_be_meant(word: str, names: list[str], found: list[str]) -> None:
    assert alike(word, names) == found


def test_a_column_that_is_not_there() -> None:
    assert no_column("lable", ["label", "size"]) == "there is no column 'lable' (did you mean 'label'?)"
    assert no_column("x", ["label", "size"]) == "there is no column 'x' among label, size"
