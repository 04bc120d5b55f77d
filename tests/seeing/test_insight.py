import numpy as np
import pytest

from mltrain.config.load import parse_config
from mltrain.engine.class_scores import scores_of
from mltrain.job import prepare
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.answers import (
    ClassAnswers,
    class_answers,
    first_weights,
    number_answers,
)
from mltrain.views.insight.fitted_curve import curve_of, has_curve
from mltrain.views.insight.learning_curves import Measure, learning_curves_of, tracks_of
from mltrain.views.insight.plane import SIDE, has_plane, plane_of, units_of


def test_the_course_is_what_the_history_says_and_its_best_epoch_that_of_the_smallest_validation_loss(records):
    course = learning_curves_of(records["line"])
    history = records["line"].history
    assert course.epochs == list(range(9))
    assert [measure.name for measure in course.measures] == ["loss"]
    assert course.measures[0].training == history["loss"]
    assert course.measures[0].validation == history["val_loss"]
    assert history["val_loss"][course.measures[0].best] == min(history["val_loss"])


def test_the_best_epoch_is_the_first_of_the_best_by_its_measure():
    nan, inf = float("nan"), float("inf")
    assert Measure("loss", [5, 2, 3, 2]).best == 1
    assert Measure("accuracy", [0.1, 0.9, 0.9, 0.2]).best == 1
    assert Measure("accuracy", [0.9, 0.1], [0.1, 0.9]).best == 1
    assert Measure("r2", [inf, -3, nan, 0.5]).best == 3
    assert Measure("loss", [nan, inf]).best is None


def test_metrics_follow_the_loss(records):
    assert [measure.name for measure in learning_curves_of(records["plane"]).measures] == ["loss", "accuracy"]


def test_a_logarithmic_scale_is_for_values_above_zero_that_span_a_decade():
    assert Measure("loss", [10, 1]).logarithmic
    assert not Measure("loss", [9, 1]).logarithmic
    assert not Measure("loss", [10, 0]).logarithmic
    assert Measure("loss", [10, float("nan")], [1, 2]).logarithmic


def test_without_training_there_is_no_course_and_there_are_no_tracks(records):
    assert learning_curves_of(records["untrained"]) is None
    assert tracks_of(records["untrained"]) is None
    assert tracks_of(records["table"]) is None


def test_tracks_know_the_truth_of_a_single_unit_on_a_line(records):
    tracks = tracks_of(records["line"])
    assert tracks.values["W"][0] == 5
    assert tracks.truth == {"W": 3, "b": 1}


def test_a_curve_has_the_truth_and_both_networks(records):
    curve = curve_of(records["line"])
    assert (len(curve.rows[0]), len(curve.held_back[0])) == (9, 3)
    assert (curve.x[0], curve.x[-1]) == pytest.approx((-1.25, 4.25))
    np.testing.assert_allclose(curve.truth, 3 * curve.x + 1)
    np.testing.assert_allclose(curve.untrained, 5 * curve.x, rtol=1e-6)
    predicted = records["line"].model.predict(curve.x[:, None])[:, 0]
    np.testing.assert_allclose(curve.trained, predicted, rtol=1e-6)


def test_what_suits_follows_from_the_shapes(records):
    assert {name for name, record in records.items() if has_curve(record.model)} == {"line"}
    assert {name for name, record in records.items() if has_plane(record.model)} == {
        "plane",
        "side",
        "three",
        "regression",
    }


def test_the_field_of_a_plane_is_what_the_model_says_from_bottom_to_top(records):
    record = records["plane"]
    plane = plane_of(record)
    left, right, bottom, top = plane.extent
    assert plane.field.shape == (SIDE, SIDE)
    assert plane.classes == ("orange", "blue")
    assert (len(plane.trained_on.at), len(plane.held_back.at)) == (30, 30)
    every = np.concatenate([plane.trained_on.at, plane.held_back.at])
    assert (every.min(axis=0) > (left, bottom)).all()
    assert (every.max(axis=0) < (right, top)).all()
    corners = record.model.predict([[left, bottom], [right, bottom], [left, top]])[:, 0]
    np.testing.assert_allclose([plane.field[0, 0], plane.field[0, -1], plane.field[-1, 0]], corners, rtol=1e-5)


def test_the_plane_of_a_regression_shows_its_numbers_and_the_maps_of_its_units(records):
    record = records["regression"]
    plane = plane_of(record)
    left, right, bottom, top = plane.extent
    corners = record.model.predict([[left, bottom], [right, bottom], [left, top]])[:, 0]
    np.testing.assert_allclose([plane.field[0, 0], plane.field[0, -1], plane.field[-1, 0]], corners, rtol=1e-5)
    assert [(units.layer, units.of) for units in units_of(record)] == [("dense", 3)]


def test_a_true_border_is_known_where_the_dataset_knows_it(records):
    x, y = plane_of(records["side"]).border
    np.testing.assert_allclose(y, 1.2 * x + 50)
    assert plane_of(records["plane"]).border is None


def test_each_hidden_unit_has_a_map_of_its_own(records):
    record = records["plane"]
    first, second = units_of(record)
    assert (first.layer, first.maps.shape, first.of) == ("dense", (4, SIDE, SIDE), 4)
    assert (second.layer, second.maps.shape, second.of) == ("dense_1", (3, SIDE, SIDE), 3)
    left, _, bottom, _ = plane_of(record).extent
    arrays = record.model.network.arrays
    expected = np.tanh(np.array([left, bottom]) @ arrays["dense.kernel"] + arrays["dense.bias"])
    np.testing.assert_allclose(first.maps[:, 0, 0], expected, rtol=1e-4)


def test_a_unit_that_reads_one_of_two_inputs_has_no_map_of_the_plane(tmp_path):
    text = (
        "dataset: {type: inline, x: {a: [[1], [2]], b: [[3], [5]]}, y: [[1], [2]]}\n"
        "layers: [{type: dense, units: 2, inputs: [a], name: one}, {type: concatenate, inputs: [one, b]},\n"
        "  {type: dense, units: 3, name: both}, {type: dense, units: 1}]\n"
        "loss: mse\noptimizer: sgd\n"
    )
    config = parse_config(text, "two.yaml")
    record = SavedRun(tmp_path / "model.npz", prepare(config, tmp_path).model([]), {}, None, config.dataset)
    assert [units.layer for units in units_of(record)] == ["both"]


def answers(true, predicted, confidence):
    classes = ("a", "b")
    return ClassAnswers(
        "test", classes, np.zeros((len(true), 1)), np.array(true), np.array(predicted), np.array(confidence), True
    )


def test_confusion_and_the_surest_mistakes():
    some = answers([0, 0, 1, 1, 1], [0, 1, 0, 1, 0], [0.6, 0.7, 0.9, 0.5, 0.8])
    assert some.confusion.tolist() == [[1, 1], [2, 1]]
    assert some.mistakes.tolist() == [2, 4, 1]
    assert some.named(2) == "a (90%)"


def test_precision_goes_by_what_was_said_and_recall_by_what_is_true():
    both = scores_of(np.array([[3, 1], [0, 0]]), undefined=np.nan)
    assert both.precision.tolist() == [1, 0]
    assert both.recall[0] == 0.75
    assert np.isnan(both.recall[1])


def test_calibration_compares_sureness_with_what_was_right():
    calibration = answers([0, 0, 0, 1], [0, 0, 1, 1], [0.97, 0.99, 0.98, 0.52]).calibration
    assert calibration.counts.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    np.testing.assert_allclose(calibration.confidence, [0.52, 0.98])
    np.testing.assert_allclose(calibration.right, [1, 2 / 3])
    assert calibration.error == pytest.approx((0.48 + 3 * (0.98 - 2 / 3)) / 4)


def test_answers_agree_with_the_evaluation_of_the_same_rows(records):
    record = records["plane"]
    found = class_answers(record)
    evaluation = record.model.evaluate(record.data.test)
    assert found.split == "test"
    assert found.confusion.tolist() == evaluation.confusion.tolist()
    assert ((found.confidence >= 0.5) & (found.confidence <= 1)).all()


def test_a_perceptron_is_sure_without_probabilities(records):
    found = class_answers(records["side"])
    assert not found.are_probabilities
    assert found.named(0) in ("above", "below")


def test_numbers_are_compared_on_held_back_rows(records):
    found = number_answers(records["line"])
    assert (found.split, len(found.true), len(found.predicted)) == ("validation", 3, 3)


def test_first_weights_have_the_shape_of_an_image(records):
    record = records["images"]
    weights = first_weights(record)
    assert weights.shape == (5, 2, 2)
    np.testing.assert_array_equal(weights[3].ravel(), record.model.network.arrays["dense.kernel"][:, 3])
    assert first_weights(records["plane"]) is None
