"""Saliency against differences of the model's own scores, occlusion against direct predictions."""

from pathlib import Path

import numpy as np
import pytest

from mltrain import fit
from mltrain.explain.occlusion import class_scores, occlusion, patches
from mltrain.explain.saliency import saliency

SHAPES = """
dataset: {type: shapes, samples: 60}
layers: [{type: conv2d, filters: 3, kernel_size: 5, strides: 2, activation: relu}, batch_normalization,
         global_max_pooling2d, {type: dense, units: 3, activation: softmax}]
loss: sparse_categorical_crossentropy
training: {epochs: 2}
"""
TWO = """
dataset: {type: inline, x: [[[0, 0], [0, 0], [9, 9]], [[9, 9], [0, 0], [0, 0]]], y: [low, high]}
layers: [flatten, {type: dense, units: 1, activation: ACTIVATION}]
loss: LOSS
training: {epochs: 1}
"""


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("shapes") / "shapes.yaml"
    file.write_text(SHAPES)
    return fit(file)


@pytest.fixture
def two(tmp_path: Path):
    def fitted(activation, loss):
        (tmp_path / "two.yaml").write_text(TWO.replace("ACTIVATION", activation).replace("LOSS", loss))
        return fit(tmp_path / "two.yaml")

    return fitted


def test_saliency_of_a_dense_layer_is_the_magnitude_of_its_weights(two):
    model = two("sigmoid", "binary_crossentropy")
    weights = np.abs(model.network.arrays["dense.kernel"]).reshape(3, 2)
    x = np.array([[[0, 0], [0, 0], [9, 9]], [[1, 2], [3, 4], [5, 6]]], np.float32)
    for classes in ([0, 1], [1, 1]):
        np.testing.assert_allclose(saliency(model, x, classes), [weights, weights], rtol=1e-6)


def test_saliency_is_the_largest_magnitude_of_all_channels(monkeypatch, shapes):
    gradients = np.array([[[[1, -3, 2]], [[0, 0, -1]]]], np.float32)
    monkeypatch.setattr(
        "mltrain.backends.numpy.input_gradients.input_gradients", lambda network, x, weights, inputs: gradients
    )
    np.testing.assert_array_equal(saliency(shapes, np.zeros((1, 2, 1, 3)), [0]), [[[3], [1]]])


def test_patches_cover_a_side_and_end_at_its_end():
    assert [(one.start, one.stop) for one in patches(28)] == [
        *((start, start + 6) for start in range(0, 22, 2)),
        (22, 28),
    ]
    assert [(one.start, one.stop) for one in patches(3)] == [(0, 1), (1, 2), (2, 3)]
    assert list(patches(1)) == [slice(0, 1)]


def test_occlusion_is_how_much_direct_predictions_fall(shapes):
    image = shapes.config.dataset.load(0, Path()).train.x[4]
    found = occlusion(shapes, image, 2)
    whole = shapes.predict(image[None])[0, 2]
    covering = {place: [] for place in np.ndindex(image.shape)}
    for rows in patches(image.shape[0]):
        for columns in patches(image.shape[1]):
            covered = image.copy()
            covered[rows, columns] = np.median(image)
            fall = float(whole) - float(shapes.predict(covered[None])[0, 2])
            for place in covering:
                if rows.start <= place[0] < rows.stop and columns.start <= place[1] < columns.stop:
                    covering[place].append(fall)
    expected = np.array([np.mean(falls) for falls in covering.values()]).reshape(image.shape)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found).max() > 0


@pytest.mark.parametrize("most", [1, 7, 100])
def test_a_patch_has_the_median_colour_of_the_image(monkeypatch, shapes, most):
    image = np.zeros((5, 5, 3), np.uint8) + np.array([10, 20, 30], np.uint8)
    image[0, 0] = 255
    seen = []

    def scores(model, x, of_class):
        seen.extend(x)
        return len(seen) - len(x) + np.arange(len(x))

    monkeypatch.setattr("mltrain.explain.occlusion.class_scores", scores)
    monkeypatch.setattr("mltrain.explain.occlusion._BYTES", most * image.nbytes)
    falls = occlusion(shapes, image, 0)
    np.testing.assert_array_equal(seen[0], image)
    assert (seen[1] == [10, 20, 30]).all()
    assert len(seen) == 1 + 25
    np.testing.assert_array_equal(falls, -np.arange(1, 26).reshape(5, 5))


def test_scores_are_those_of_the_class(two, shapes):
    x = np.array([[[0, 0], [0, 0], [9, 9]]], np.float32)
    for activation, loss, opposite in (("sigmoid", "binary_crossentropy", 1), ("linear", "hinge", 0)):
        model = two(activation, loss)
        (y,) = model.predict(x)[0]
        assert class_scores(model, x, 1) == pytest.approx(y)
        assert class_scores(model, x, 0) == pytest.approx(opposite - y)
    image = shapes.config.dataset.load(0, Path()).train.x[:2]
    np.testing.assert_allclose(class_scores(shapes, image, 1), shapes.predict(image)[:, 1])
