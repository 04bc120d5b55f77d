import numpy as np
import pytest

from mltrain.config.convert import convert
from mltrain.engine.losses.base import Loss
from mltrain.errors import ConfigError
from mltrain.training.class_weights import class_weights
from mltrain.training.options import Training

TARGET = np.array([0, 0, 0, 1], np.int32)


def test_balanced_classes_count_the_same():
    weights = class_weights(Training(class_weight="balanced"), ("a", "b"), TARGET)
    assert weights.tolist() == pytest.approx([4 / (2 * 3), 2])
    assert weights[TARGET].mean() == pytest.approx(1)


def test_weights_can_be_said():
    assert class_weights(Training(class_weight={"b": 3}), ("a", "b"), TARGET).tolist() == [1, 3]
    assert class_weights(Training(), ("a", "b"), TARGET) is None


def test_a_wrong_class_is_answered_with_the_one_that_was_meant():
    wanted = Training(class_weight={"yes": 2, "Marrid": 3, "single": 1, "maybe": 1})
    with pytest.raises(ConfigError) as caught:
        class_weights(wanted, ("married", "single", "yes", "no"), TARGET)
    assert [(problem.path[-1], problem.message) for problem in caught.value.problems] == [
        ("Marrid", "there is no class 'Marrid'; did you mean 'married'?"),
        ("maybe", "there is no class 'maybe'; there are married, single, yes, no"),
    ]


def test_weights_of_what_is_not_there_are_refused():
    with pytest.raises(ConfigError, match="there is no class 'c'; there are a, b"):
        class_weights(Training(class_weight={"c": 3}), ("a", "b"), TARGET)
    with pytest.raises(ConfigError, match="there are no classes to weigh"):
        class_weights(Training(class_weight="balanced"), None, TARGET)


@pytest.mark.parametrize("name", Loss.family.names())
def test_a_row_that_counts_twice_counts_as_two(name):
    loss = convert(Loss, name)
    z = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    labels = np.array([0, 1, 0], np.int32)
    target = labels if loss.targets == "labels" else np.eye(2, dtype=np.float32)[labels]
    twice = [0, 1, 1, 2]

    def y_of(z):
        return np.empty_like(z) if loss.fused_activation else z

    weighted, repeated = np.empty_like(z), np.empty_like(z[twice])
    one = loss.mean(z, y_of(z), target, weighted, np.array([1, 2], np.float32))
    other = loss.mean(z[twice], y_of(z[twice]), target[twice], repeated)
    assert one * 3 == pytest.approx(other * 4, rel=1e-5)
    assert np.allclose(weighted[1] * 3, repeated[1] * 2 * 4, rtol=1e-5)
    assert np.allclose(weighted[0] * 3, repeated[0] * 4, rtol=1e-5)


@pytest.mark.parametrize("weights", [{"a": 0, "b": 0}, {"a": 0.0, "b": 0.0, "c": 5.0}])
def test_weights_that_leave_nothing_to_learn_from(weights):
    with pytest.raises(ConfigError, match="every row to train on counts 0, so there is nothing to learn from"):
        class_weights(Training(class_weight=weights), ("a", "b", "c"), TARGET)
