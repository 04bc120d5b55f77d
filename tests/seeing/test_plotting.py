"""What pictures hold: panels, series, labels, ranges. Not their pixels."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")

from matplotlib.colors import to_hex

from mltrain.views.insight.answers import ClassAnswers
from mltrain.views.insight.learning_curves import LearningCurves, Measure
from mltrain.views.plotting.classes import classes_size, confusion_size, draw_classes
from mltrain.views.plotting.gallery import gallery_of
from mltrain.views.plotting.images import MOST_WEIGHTS
from mltrain.views.plotting.learning_curves import draw_learning_curves, learning_curves_size
from mltrain.views.plotting.style import DARK, HEIGHT, LIGHT, WIDTH, Picture, drawn


@pytest.fixture(scope="module")
def pictures(records):
    return {
        name: {picture.name: picture for picture in gallery_of(record).pictures} for name, record in records.items()
    }


def figure_of(picture, style=LIGHT):
    with style.applied():
        return drawn(picture, style)


@pytest.mark.parametrize(
    ("run", "names"),
    [
        ("line", ["history", "parameters", "curve", "residuals"]),
        ("plane", ["history", "boundary", "units", "confusion", "classes", "calibration"]),
        ("three", ["history", "boundary", "confusion", "classes", "calibration"]),
        ("side", ["history", "boundary", "confusion", "classes"]),
        ("table", ["history", "residuals"]),
        ("untrained", ["confusion", "classes"]),
    ],
)
def test_each_run_has_the_pictures_that_suit_it(pictures, run, names):
    assert list(pictures[run]) == names


def test_images_have_sheets_and_weights(pictures):
    assert {"samples", "image", "weights", "confusion"} <= set(pictures["images"])


def test_all_pictures_are_drawn_on_either_ground_with_title_and_caption(pictures):
    for picture in (picture for each in pictures.values() for picture in each.values()):
        for style in (LIGHT, DARK):
            figure = figure_of(picture, style)
            texts = [text.get_text() for text in figure.texts]
            assert picture.title in texts
            assert picture.caption in (text.replace("\n", " ") for text in texts)
            assert to_hex(figure.get_facecolor()) == style.background
            assert all(to_hex(axes.get_facecolor()) == style.background for axes in figure.axes)


def test_the_history_has_a_panel_a_measure_with_both_series_and_the_best_epoch(pictures, records):
    (axes,) = figure_of(pictures["line"]["history"]).axes
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["training"].get_ydata(), records["line"].history["loss"])
    np.testing.assert_array_equal(lines["validation"].get_ydata(), records["line"].history["val_loss"])
    best = int(np.argmin(records["line"].history["val_loss"]))
    assert any(text.get_text().startswith(f"best: epoch {best}\n") for text in axes.texts)
    assert axes.get_yscale() == "log"
    assert (axes.get_title(loc="left"), axes.get_xlabel()) == ("loss (log scale)", "epoch")
    panels = figure_of(pictures["plane"]["history"]).axes
    assert [panel.get_title(loc="left") for panel in panels] == ["loss", "accuracy"]


def test_parameters_end_with_their_values_and_have_their_truth_dashed(pictures):
    (axes,) = figure_of(pictures["line"]["parameters"]).axes
    lines = {line.get_label(): line for line in axes.lines}
    assert list(lines) == ["W", "true W", "b", "true b"]
    assert set(lines["true W"].get_ydata()) == {3}
    assert lines["true W"].get_linestyle() == "--"
    assert lines["true W"].get_color() == lines["W"].get_color()
    assert [text.get_text().partition(" = ")[0] for text in axes.texts] == ["b", "W"]


def test_before_and_after_stand_side_by_side_in_one_scale(pictures):
    before, after = figure_of(pictures["line"]["curve"]).axes
    assert [axes.get_title(loc="left") for axes in (before, after)] == ["before training", "after 8 epochs"]
    assert before.get_ylim() == after.get_ylim()
    for axes in (before, after):
        assert {artist.get_label() for artist in (*axes.lines, *axes.collections)} == {
            "data",
            "held back",
            "truth",
            "network",
        }
    ends = {axes.get_title(loc="left"): axes.lines[1].get_ydata()[-1] for axes in (before, after)}
    assert ends["before training"] == pytest.approx(5 * 4.25)
    assert ends["after 8 epochs"] != ends["before training"]


def test_a_boundary_has_its_field_its_border_and_every_point(pictures):
    axes, bar = figure_of(pictures["plane"]["boundary"]).axes
    assert axes.images[0].get_array().shape == (200, 200)
    assert axes.images[0].get_clim() == (0, 1)
    labelled = {points.get_label(): len(points.get_offsets()) for points in axes.collections}
    named = {name: count for name, count in labelled.items() if not name.startswith("_")}
    assert set(named) == {"orange, trained on", "blue, trained on", "orange, held back", "blue, held back"}
    assert sum(named.values()) == 60
    assert [text.get_text() for text in bar.get_yticklabels()] == ["surely orange", "undecided", "surely blue"]
    side = figure_of(pictures["side"]["boundary"]).axes[0]
    assert "true border" in [line.get_label() for line in side.lines]


def test_only_probabilities_are_called_sure(pictures):
    _, bar = figure_of(pictures["side"]["boundary"]).axes
    assert [text.get_text() for text in bar.get_yticklabels()] == ["below", "undecided", "above"]


def test_three_classes_have_a_colour_and_a_marker_each(pictures):
    figure = figure_of(pictures["three"]["boundary"])
    (axes,) = figure.axes
    colours = {tuple(colour) for row in axes.images[0].get_array().tolist() for colour in row}
    assert len(colours) == 3
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c"]
    assert len({to_hex(points.get_facecolor()[0]) for points in axes.collections}) == 3
    assert len({points.get_paths()[0].vertices.tobytes() for points in axes.collections}) == 3


def test_the_surest_mistakes_come_first_with_what_was_said_and_what_is_true(records, monkeypatch):
    images = np.arange(5)[:, None, None] * np.ones((5, 2, 2))
    answers = ClassAnswers(
        split="test",
        classes=("rising", "falling"),
        x=images,
        true=np.array([0, 1, 0, 1, 0]),
        predicted=np.array([0, 0, 1, 0, 1]),
        confidence=np.array([1.0, 0.6, 0.999, 0.6, 0.75]),
        are_probabilities=True,
    )
    monkeypatch.setattr("mltrain.views.plotting.gallery.class_answers", lambda record: answers)
    by_name = {picture.name: picture for picture in gallery_of(records["images"]).pictures}
    shown = [axes for axes in figure_of(by_name["mistakes"]).axes if axes.images]
    assert [axes.images[0].get_array()[0, 0] for axes in shown] == [2, 4, 1, 3]
    assert [axes.get_title(loc="center") for axes in shown] == [
        "× falling (99%)\nis rising",
        "× falling (75%)\nis rising",
        "× rising (60%)\nis falling",
        "× rising (60%)\nis falling",
    ]
    assert by_name["mistakes"].caption.startswith("All 4 mistakes on the test rows, the surest first")
    samples = [axes.get_title(loc="center") for axes in figure_of(by_name["samples"]).axes if axes.images]
    assert samples[:2] == ["rising (100%)", "× rising (60%)\nis falling"]


def test_measures_stand_in_rows_of_two(records):
    history = records["line"].history
    measures = [Measure(name, history["loss"]) for name in ("loss", "one", "other")]
    course = LearningCurves([*range(9)], measures)
    picture = Picture("history", "", "", partial(draw_learning_curves, course=course), learning_curves_size(course))
    boxes = [axes.get_subplotspec().get_geometry()[:3] for axes in figure_of(picture).axes]
    assert boxes == [(2, 2, 0), (2, 2, 1), (2, 2, 2)]


def test_every_hidden_unit_has_a_panel(pictures):
    figure = figure_of(pictures["plane"]["units"])
    assert [block.get_suptitle() for block in figure.subfigs] == ["dense: 4 units", "dense_1: 3 units"]
    assert [sum(bool(axes.images) for axes in block.axes) for block in figure.subfigs] == [4, 3]


def test_a_confusion_matrix_has_every_count(pictures, records):
    axes = figure_of(pictures["plane"]["confusion"]).axes[0]
    assert sum(int(text.get_text()) for text in axes.texts) == 30
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("said by the network", "true class")


def test_each_class_has_two_dots_on_a_scale_that_shows_where_they_differ():
    classes, confusion = ("a", "b"), np.array([[97, 3], [1, 99]])
    picture = Picture("", "", "", partial(draw_classes, classes=classes, confusion=confusion), classes_size(classes))
    (axes,) = figure_of(picture).axes
    dots = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(dots["precision"].get_xdata(), [97 / 98, 99 / 102])
    np.testing.assert_allclose(dots["recall"].get_xdata(), [0.97, 0.99])
    assert 0.9 < axes.get_xlim()[0] < 0.97
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    assert {text.get_text() for text in axes.texts} == {"99.0%", "97.1%", "97.0%"}


def test_a_confusion_matrix_of_up_to_four_classes_is_small():
    assert confusion_size("abcd") == (WIDTH, HEIGHT)
    assert confusion_size("abcde")[1] > HEIGHT


def test_legends_have_no_frame(pictures):
    legend = figure_of(pictures["plane"]["calibration"]).axes[0].get_legend()
    assert not legend.get_frame_on()


def test_calibration_has_the_ideal_and_the_number_of_rows(pictures):
    above, below = figure_of(pictures["plane"]["calibration"]).axes
    assert [line.get_label() for line in above.lines] == ["ideal", "network"]
    assert sum(bar.get_height() for bar in below.patches) == 30


def test_images_are_shown_as_they_are(pictures, records):
    axes, _ = figure_of(pictures["images"]["image"]).axes
    np.testing.assert_array_equal(axes.images[0].get_array(), records["images"].data.train.x[0])
    sheet = [axes for axes in figure_of(pictures["images"]["samples"]).axes if axes.images]
    assert len(sheet) == 4
    assert all(axes.get_title(loc="center") for axes in sheet)


def test_weights_have_one_scale_around_zero(pictures):
    figure = figure_of(pictures["images"]["weights"])
    limits = {axes.images[0].get_clim() for axes in figure.axes if axes.images}
    assert len(limits) == 1
    ((low, high),) = limits
    assert low == -high
    assert sum(bool(axes.images) for axes in figure.axes) == 5 < MOST_WEIGHTS


def test_predicted_against_true_with_residuals(pictures):
    left, right = figure_of(pictures["table"]["residuals"]).axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("true y", "predicted y")
    true, said = left.collections[0].get_offsets().T
    predicted, off = right.collections[0].get_offsets().T
    np.testing.assert_allclose(said - true, off)
    np.testing.assert_allclose(said, predicted)


def test_what_cannot_be_drawn_is_said_in_a_line_each(records):
    assert gallery_of(records["table"]).lacks == [
        "no picture of the model over its inputs: it takes 3 numbers and gives 1; "
        "a curve takes one and gives one, a boundary takes two, an image has a height and a width"
    ]
    assert gallery_of(records["untrained"]).lacks[0] == (
        "no curves of loss and metrics: they need a history of two epochs or more, which is not there"
    )
    assert gallery_of(records["line"]).lacks == []


def test_without_the_state_before_training_there_is_one_panel(records):
    record = replace(records["line"], frames=None)
    picture = next(picture for picture in gallery_of(record).pictures if picture.name == "curve")
    assert len(figure_of(picture).axes) == 1
    assert "before" not in picture.caption
