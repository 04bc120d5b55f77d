from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from mltrain.config.describe import OptionHelp, describe
from mltrain.engine.layers.dense import Dense
from mltrain.engine.losses.mean_squared_error import MeanSquaredError
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.training.options import Training


def test_a_spec() -> None:
    help_text = describe(Dense)
    assert (help_text.name, help_text.aliases) == ("dense", ())
    assert help_text.summary.startswith("Every output is a weighted sum of all inputs plus a bias")
    assert help_text.details.startswith("Input ``(rows, inputs)``, output ``(rows, units)``")
    assert help_text.options[:3] == (
        OptionHelp("units", "a whole number of at least 1", None, "number of neurons: the width of the output"),
        OptionHelp("activation", "an activation", "linear", "activation function of the outputs"),
        OptionHelp("use_bias", "true or false", "true", "add a learned constant to each sum"),
    )


def test_own_options_come_before_inherited_ones() -> None:
    names = [option.name for option in describe(Sgd).options]
    assert names == ["learning_rate", "momentum", "nesterov", "weight_decay", "clip_norm", "use_ema", "ema_momentum"]


def test_other_names() -> None:
    help_text = describe(MeanSquaredError)
    assert (help_text.name, help_text.aliases, help_text.options) == ("mean_squared_error", ("mse",), ())


def test_a_section() -> None:
    help_text = describe(Training)
    assert help_text.name == "training"
    epochs = next(option for option in help_text.options if option.name == "epochs")
    assert (epochs.accepts, epochs.default) == ("a whole number of at least 0", "1")


class Kinds(msgspec.Struct):
    few: Annotated[list[float], Meta(max_length=3)] = []
    some: Annotated[list[float], Meta(min_length=2, max_length=3)] = []
    many: Annotated[list[Any], Meta(min_length=2)] = []
    names: list[Annotated[str, Meta(title="a name of letters")]] = []
    codes: list[Annotated[str, Meta(pattern="^a")]] = []
    flags: list[bool] = []
    mappings: list[dict[str, int]] = []
    free: Any = None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("few", "a list of at most 3 numbers"),
        ("some", "a list of 2 to 3 numbers"),
        ("many", "a list of at least 2 items"),
        ("names", "a list of items, each a name of letters"),
        ("codes", "a list of texts matching ^a"),
        ("flags", "a list of true or false"),
        ("mappings", "a list of mappings from names to whole numbers"),
        ("free", "anything"),
    ],
)
def test_kinds_in_words(name: str, words: str) -> None:
    assert {option.name: option.accepts for option in describe(Kinds).options}[name] == words


def test_no_words_for_what_no_config_can_say() -> None:
    class Odd(msgspec.Struct):
        value: bytes = b""

    with pytest.raises(TypeError, match="no words for options of BytesType"):
        describe(Odd)
