"""What pictures hold: panels, series, labels, ranges. Not their pixels."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")

from matplotlib.colors import to_hex
from PIL import Image

from mltrain.cli import app
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.answers import ClassAnswers
from mltrain.views.insight.learning_curves import LearningCurves, Measure
from mltrain.views.insight.run_insight import RunInsight, image_at
from mltrain.views.pictures.gallery import all_pictures, gallery_of
from mltrain.views.plotting.classes import classes_size, confusion_size, draw_classes
from mltrain.views.plotting.learning_curves import draw_learning_curves, learning_curves_size
from mltrain.views.plotting.style import DARK, HEIGHT, LIGHT, WIDTH, Drawing, drawn

PHOTOS = """
dataset: {type: images, path: photos, height: 6, width: 8}
layers: [flatten, {type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
training: {epochs: 1}
"""


@pytest.fixture(scope="module")
def pictures(records):
    galleries = {name: gallery_of(RunInsight(record)) for name, record in records.items()}
    return {name: {picture.name: picture for picture in gallery.pictures} for name, gallery in galleries.items()}


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
        ("columns", ["history", "confusion", "classes", "calibration", "importance", "dependence"]),
        ("untrained", ["confusion", "classes"]),
    ],
)
def test_each_run_has_the_pictures_that_suit_it(pictures, run, names):
    assert list(pictures[run]) == names


def test_images_have_sheets_and_weights(pictures):
    assert {"samples", "image", "weights", "confusion"} <= set(pictures["images"])


def test_all_pictures_are_drawn_on_either_ground_with_title_and_caption(pictures):
    each_kind = {name: picture for of_run in pictures.values() for name, picture in of_run.items()}
    assert set(each_kind) == {kind.name for kind in all_pictures()}
    for picture in each_kind.values():
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
    monkeypatch.setattr("mltrain.views.insight.run_insight.class_answers", lambda record: answers)
    by_name = {picture.name: picture for picture in gallery_of(RunInsight(records["images"])).pictures}
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


def test_filters_are_drawn_as_signs_or_as_colours_and_a_few_with_their_numbers(pictures, records):
    axes = [axes for axes in figure_of(pictures["shapes"]["filters"]).axes if axes.images]
    kernel = records["shapes"].model.network.arrays["conv2d.kernel"]
    shown = axes[:3]
    for number, one in enumerate(shown):
        np.testing.assert_array_equal(one.images[0].get_array(), kernel[:, :, 0, number])
        assert [text.get_text() for text in one.texts] == [
            f"{weight:.2g}" for weight in kernel[:, :, 0, number].ravel()
        ]
    ((low, high),) = {one.images[0].get_clim() for one in shown}
    assert low == -high
    assert pictures["shapes"]["filters"].caption == (
        "3 kernels of conv2d, 3 x 3 weights each. "
        "A place of the image with ink on blue and none on orange answers most."
    )
    colours = [axes for axes in figure_of(pictures["colour"]["filters"]).axes if axes.images]
    assert [one.images[0].get_array().shape for one in colours] == [(2, 2, 3)] * 5
    assert "colour: grey is 0" in pictures["colour"]["filters"].caption


def test_maps_have_a_line_a_layer_and_the_classes_at_the_end(pictures, records):
    picture = pictures["shapes"]["maps"]
    image, *layers = figure_of(picture).axes
    np.testing.assert_array_equal(image.images[0].get_array(), records["shapes"].data.test.x[0])
    assert [axes.get_title(loc="left") for axes in layers] == [layer.about for layer in picture.layers]
    assert [text.get_text() for text in layers[-1].get_xticklabels()] == ["circle", "square", "triangle"]
    for axes, layer in zip(layers, picture.layers, strict=True):
        low, high = axes.images[0].get_clim()
        assert -low == high == np.abs(layer.maps).max()
        shown = axes.images[0].get_array()
        assert np.ma.compressed(np.ma.masked_invalid(shown)).max() == layer.maps.max()
    # Three maps in a line of five, each pixel five wide, and gaps between them.
    three = layers[0].images[0].get_array()
    assert three.shape == (50, 5 * 53 - 3)
    np.testing.assert_array_equal(three[::5, 53:103:5], picture.layers[0].maps[1])
    assert three.mask[:, 50:53].all()
    assert three.mask[:, 3 * 53 :].all()


def test_attributions_stand_below_their_images(pictures, records):
    picture = pictures["shapes"]["attributions"]
    count = len(picture.attributions)
    grid = np.reshape(figure_of(picture).axes, (3, 5))[:, :count]
    for column, one in zip(grid.T, picture.attributions, strict=True):
        np.testing.assert_array_equal(column[0].images[0].get_array(), one.image.x)
        np.testing.assert_array_equal(column[1].images[1].get_array(), one.occlusion)
        np.testing.assert_array_equal(column[2].images[0].get_array(), one.saliency)
        assert column[0].get_title() == f"× {one.said}\nis {one.truth}\n{one.image.short_name}"
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["image", "occlusion", "gradient"]
    assert picture.caption.startswith(f"The surest {count} mistakes. Occlusion: ")
    chosen = image_at(records["colour"], 1)
    one = next(p for p in gallery_of(RunInsight(records["colour"], chosen)).pictures if p.name == "attributions")
    alone = figure_of(one).axes
    assert [axes.get_title() for axes in alone[1:]] == ["occlusion", "gradient"]
    assert alone[1].images[0].get_array().shape == (5, 6)  # colours would mix with those of the map
    assert one.caption.startswith("Image 1 of the rows that it was trained on. Occlusion: ")


def test_augmented_images_stand_below_what_they_were(pictures):
    picture = pictures["shapes"]["augmented"]
    grid = np.reshape(figure_of(picture).axes, (5, 8))
    assert [line[0].get_ylabel() for line in grid] == ["as it is", "first step", "again", "again", "again"]
    np.testing.assert_array_equal(grid[0][3].images[0].get_array(), picture.shown.images[3])
    np.testing.assert_array_equal(grid[1][3].images[0].get_array(), picture.shown.augmented[0][3])
    assert {line[3].images[0].get_clim() for line in grid} == {(0, 255)}
    assert picture.caption == (
        "8 images of the first batch: as they are, as the first step of a training sees them, and as 3 other draws of "
        "random_translation and gaussian_noise make them."
    )


def test_a_chosen_image_has_its_own_pictures(records):
    record = records["shapes"]
    gallery = gallery_of(RunInsight(record, image_at(record, 7)))
    assert [picture.name for picture in gallery.pictures] == ["image", "maps", "attributions"]
    assert all(picture.caption.startswith("Image 7 of the test rows") for picture in gallery.pictures)
    assert gallery.lacks == []
    dense = gallery_of(RunInsight(records["images"], image_at(records["images"], 0)))
    assert [picture.name for picture in dense.pictures] == ["image", "attributions"]
    assert dense.lacks == ["no feature maps: no layer of the network makes images, as convolution and pooling do"]


def test_a_chosen_image_of_an_ensemble_says_what_is_not_shown(records):
    model = records["shapes"].model
    both = Ensemble.of(model.config, [model, model], [Role(seed=0), Role(seed=1)], None)
    record = replace(records["shapes"], model=both)
    gallery = gallery_of(RunInsight(record, image_at(record, 7)))
    assert [picture.name for picture in gallery.pictures] == ["image"]
    assert gallery.lacks == ["no maps and attributions: they show the inside of a network, and an ensemble has several"]


def test_photographs_are_light_and_digits_are_ink(pictures, tmp_path):
    for name, level in (("dark", 20), ("light", 220)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(2):
            Image.new("L", (8, 6), level + number).save(tmp_path / "photos" / name / f"{number}.png")
    (tmp_path / "photos.yaml").write_text(PHOTOS)
    app(["fit", str(tmp_path / "photos.yaml"), "--out", str(tmp_path / "run"), "--quiet"], standalone_mode=False)
    photo = next(p for p in gallery_of(RunInsight(SavedRun.read(tmp_path / "run"))).pictures if p.name == "image")
    shown = [figure_of(picture).axes[0].images[0] for picture in (photo, pictures["shapes"]["image"])]
    assert [image.get_cmap().name for image in shown] == ["gray", "gray_r"]
    axes = figure_of(pictures["colour"]["image"]).axes
    assert len(axes) == 1  # no bar of greys
    assert axes[0].images[0].get_array().shape == (5, 6, 3)


def test_measures_stand_in_rows_of_two(records):
    history = records["line"].history
    measures = [Measure(name, history["loss"]) for name in ("loss", "one", "other")]
    course = LearningCurves([*range(9)], measures)
    picture = Drawing("history", "", "", partial(draw_learning_curves, course=course), learning_curves_size(course))
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
    picture = Drawing("", "", "", partial(draw_classes, classes=classes, confusion=confusion), classes_size(classes))
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
    assert sum(bool(axes.images) for axes in figure.axes) == 5


def test_predicted_against_true_with_residuals(pictures):
    left, right = figure_of(pictures["table"]["residuals"]).axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("true y", "predicted y")
    true, said = left.collections[0].get_offsets().T
    predicted, off = right.collections[0].get_offsets().T
    np.testing.assert_allclose(said - true, off)
    np.testing.assert_allclose(said, predicted)


def test_what_cannot_be_drawn_is_said_in_a_line_each(records):
    assert gallery_of(RunInsight(records["table"])).lacks == [
        "no picture of the model over its inputs: it takes 3 numbers and gives 1; "
        "a curve takes one and gives one, a boundary takes two, an image has a height and a width"
    ]
    assert gallery_of(RunInsight(records["untrained"])).lacks[0] == (
        "no curves of loss and metrics: they need a history of two epochs or more, which is not there"
    )
    assert gallery_of(RunInsight(records["line"])).lacks == []


def test_without_the_state_before_training_there_is_one_panel(records):
    record = replace(records["line"], frames=None)
    picture = next(picture for picture in gallery_of(RunInsight(record)).pictures if picture.name == "curve")
    assert len(figure_of(picture).axes) == 1
    assert "before" not in picture.caption
