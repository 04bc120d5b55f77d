"""What there is to see of networks that see, as arrays."""

from dataclasses import replace

import numpy as np
import pytest

from mltrain import fit
from mltrain.engine.layers.conv2d import Conv2d
from mltrain.views.insight.attributions import attributions_of
from mltrain.views.insight.augmented import DRAWN, augmentation_of, augmented_of
from mltrain.views.insight.feature_maps import FeatureMaps, feature_maps_of, has_feature_maps
from mltrain.views.insight.filters import Filters, filters_of
from mltrain.views.insight.images import as_pixels, in_ink, takes_images, tells_classes
from mltrain.views.insight.run_insight import RunInsight, image_at

SERIES = """
dataset: {type: inline, x: [[[1, 2], [2, 3], [3, 1]], [[0, 1], [5, 3], [2, 2]]], y: [a, b]}
layers: [{type: conv1d, filters: 2, kernel_size: 2}, flatten, {type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
training: {epochs: 1}
"""


def test_images_are_rows_by_columns_with_channels_or_without(records, tmp_path):
    assert {name for name, record in records.items() if takes_images(record.model)} == {"images", "shapes", "colour"}
    (tmp_path / "series.yaml").write_text(SERIES)
    series = fit(tmp_path / "series.yaml")
    assert not takes_images(series)
    assert filters_of(series.network) is None


def test_filters_are_the_kernels_of_the_first_convolution(records):
    network = records["shapes"].model.network
    filters = filters_of(network)
    kernel = network.arrays["conv2d.kernel"]
    assert (filters.layer, filters.kernels.shape, filters.in_colour) == ("conv2d", (3, 3, 3, 1), False)
    for number in range(3):
        np.testing.assert_array_equal(filters.tiles()[number], kernel[:, :, 0, number])
    assert filters_of(records["images"].model.network) is None


def test_filters_of_colour_are_colours_around_grey(records):
    network = records["colour"].model.network
    filters = filters_of(network)
    kernel = network.arrays["conv2d.kernel"].astype(np.float64)
    largest = np.quantile(np.abs(kernel), 0.995)
    assert (filters.kernels.shape, filters.in_colour) == ((5, 2, 2, 3), True)
    np.testing.assert_allclose(filters.tiles()[4], np.clip(0.5 + kernel[..., 4] / (2 * largest), 0, 1))


def test_channels_that_are_no_colours_stand_side_by_side():
    kernels = np.arange(16.0).reshape(2, 2, 2, 2)
    tiles = Filters("conv2d", kernels, in_colour=False).tiles()
    nan = np.nan
    np.testing.assert_array_equal(tiles[0], [[0, 2, nan, 1, 3], [4, 6, nan, 5, 7]])
    np.testing.assert_array_equal(tiles[1], [[8, 10, nan, 9, 11], [12, 14, nan, 13, 15]])
    assert Filters("conv2d", np.zeros((1, 2, 2, 1)), in_colour=False).largest == 1


def test_feature_maps_go_through_residual_layers_and_leave_training_out(records):
    record = records["shapes"]
    image = image_at(record, 2)
    layers = feature_maps_of(record.model, image.x)
    assert [(one.about, one.maps.shape) for one in layers] == [
        ("conv2d: 3 maps of 10 x 10", (3, 10, 10)),
        ("block_conv2d: 16 of 20 maps of 5 x 5", (16, 5, 5)),
        ("block_relu: 16 of 20 maps of 5 x 5", (16, 5, 5)),
        ("block_projection: 16 of 20 maps of 5 x 5; reads conv2d", (16, 5, 5)),
        ("block: 16 of 20 maps of 5 x 5; reads block_relu and block_projection", (16, 5, 5)),
        ("global_average_pooling2d: 20 numbers", (1, 1, 20)),
        ("dense: 3 numbers", (1, 1, 3)),
    ]
    first, inner, relu, projection, block, pooled, last = (one.maps for one in layers)
    arrays, pixels = record.model.network.arrays, image.x / 255
    for filter_number in range(3):
        at = (pixels[4:7, 5:8] * arrays["conv2d.kernel"][:, :, 0, filter_number]).sum()
        expected = max(0.0, at + arrays["conv2d.bias"][filter_number])
        assert first[filter_number, 4, 5] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    np.testing.assert_allclose(relu, np.maximum(inner, 0))
    np.testing.assert_allclose(block, relu + projection, atol=1e-6)
    np.testing.assert_allclose(pooled[0, 0, :16], block.mean(axis=(1, 2)), atol=1e-6)
    np.testing.assert_allclose(last[0, 0], record.model.predict(image.x[None])[0], rtol=1e-5)
    assert FeatureMaps("a", np.zeros((1, 2, 3)), 1).about == "a: 1 map of 2 x 3"
    assert FeatureMaps("a", np.zeros((1, 1, 1)), 1).about == "a: 1 number"
    assert has_feature_maps(record.model)
    assert not has_feature_maps(records["images"].model)


def test_augmented_images_are_those_of_the_first_training_step(records, monkeypatch):
    record = records["shapes"]
    assert augmentation_of(record.model) == ("random_translation", "gaussian_noise")
    shown = augmented_of(record)
    seen = []
    forward = Conv2d.forward

    def watched(layer, at):
        seen.append(at.x.copy())
        forward(layer, at)

    monkeypatch.setattr(Conv2d, "forward", watched)
    monkeypatch.setenv("MLTRAIN_THREADS", "1")
    fit(record.file.parent / "config.yaml")
    first = next(x for x in seen if len(x) == 8)
    assert shown.augmented.shape == (DRAWN, 8, 12, 12)
    np.testing.assert_allclose(shown.augmented[0], 255 * first.reshape(8, 12, 12), rtol=1e-4, atol=1e-3)
    assert all(any((image == row).all() for row in record.data.train.x) for image in shown.images)
    assert not np.allclose(shown.augmented[1], shown.augmented[0])
    assert augmentation_of(records["colour"].model) == ()


def test_attributions_are_those_of_the_class_that_is_said(records, monkeypatch):
    record = records["shapes"]
    insight = RunInsight(record)
    images = insight.to_explain
    predicted = insight.answers.predicted
    wrong = insight.answers.mistakes[:5].tolist()
    assert [image.name for image in images] == [f"image {row} of the test rows" for row in wrong]
    asked = []
    monkeypatch.setattr(
        "mltrain.views.insight.attributions.occlusion", lambda model, x, of_class: asked.append(of_class) or x
    )
    found = attributions_of(record.model, images)
    assert asked == predicted[wrong].tolist()
    assert [one.said for one in found] == [insight.answers.named(row) for row in wrong]
    assert [one.truth for one in found] == [record.model.classes[insight.answers.true[row]] for row in wrong]
    chosen = image_at(record, 1)
    assert RunInsight(record, chosen).to_explain == [chosen]
    (right,) = attributions_of(record.model, [replace(chosen, true=int(predicted[1]))])
    (unknown,) = attributions_of(record.model, [replace(chosen, true=None)])
    assert (right.truth, unknown.truth) == (None, None)


def test_an_image_knows_its_class_where_there_is_one(records):
    image = image_at(records["colour"], 3)
    assert (image.name, image.short_name) == ("image 3 of the rows that it was trained on", "image 3")
    assert records["colour"].model.classes[image.true] == "a class whose name is longer than any image is wide"
    assert tells_classes(records["colour"].model)
    assert in_ink(records["shapes"].model)


def test_pixels_are_values_or_colours():
    grey, one = np.eye(2), np.eye(2)[..., None]
    np.testing.assert_array_equal(as_pixels(grey), grey)
    np.testing.assert_array_equal(as_pixels(one), grey)
    np.testing.assert_array_equal(as_pixels(np.stack([grey, 3 * grey], axis=2)), 2 * grey)
    np.testing.assert_allclose(as_pixels(np.full((1, 1, 3), 51, np.uint8)), [[[0.2, 0.2, 0.2]]])
    np.testing.assert_allclose(as_pixels(np.array([[[0.2, 0.4, 1.0]]])), [[[0.2, 0.4, 1.0]]])
    np.testing.assert_allclose(as_pixels(np.array([[[-1.0, 0.0, 1.0]]])), [[[0, 0.5, 1]]])
