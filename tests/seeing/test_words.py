"""Words of any length and script in pictures: none over another, none beyond the edge, no warnings, no formulas."""

import itertools
import warnings
from functools import partial

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")

from matplotlib.figure import Figure
from matplotlib.text import Text

from mltrain.views.insight.attributions import Attribution
from mltrain.views.insight.feature_maps import FeatureMaps
from mltrain.views.insight.images import ChosenImage
from mltrain.views.insight.learning_curves import LearningCurves, Measure, Tracks
from mltrain.views.insight.plane import Plane, Points
from mltrain.views.plotting.attributions import attributions_size, draw_attributions
from mltrain.views.plotting.classes import classes_size, confusion_size, draw_classes, draw_confusion
from mltrain.views.plotting.feature_maps import draw_feature_maps, feature_maps_size
from mltrain.views.plotting.images import Labelled, draw_sheet, sheet_size
from mltrain.views.plotting.learning_curves import draw_learning_curves, draw_tracks, learning_curves_size
from mltrain.views.plotting.plane import draw_plane
from mltrain.views.plotting.style import HEIGHT, LIGHT, WIDTH, Drawing, drawn
from mltrain.views.plotting.words import all_shortened, fonts_for, lacking, shortened, width_of, wrapped

LONG = "a class whose name is much longer than anybody would like it to be, version"
NAMES = {
    "short": ["a", "b", "c"],
    "five": ["one", "two", "three", "four", "five"],
    "long": [f"{LONG} {number}" for number in range(5)],
    "endless": ["W" * 300, "i" * 300, "x" * 299 + "y"],
    "scripts": [
        "画像分類の長いクラス名",
        "강아지와 고양이 사진",
        "Ελληνικά και",
        "قطة",
        "с длинным названием",
        "ไทย",
        "🙂",
    ],
    "formulas": ["cost in $", "$x^2$ and $", r"\frac{a}{b}", "100%", "a_b^c", "tab\there", "new\nline"],
    "many": [f"class number {number} of sixty" for number in range(60)],
    "words": [f"{word} {LONG}" for word in ("zero", "one")],
}


def overlaps(picture: Drawing) -> list[str]:
    """Words of the picture that lie over each other, or reach beyond its edges."""
    with LIGHT.applied():
        figure = drawn(picture, LIGHT)
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        beyond = _undrawn_labels(figure)
        words = figure.findobj(lambda one: isinstance(one, Text) and one.get_visible() and one.get_text().strip())
        # Slanted words have a box of their own, smaller than the upright one around it.
        boxes = [
            (text.get_text(), text.get_window_extent(renderer), text.get_rotation() % 90 != 0)
            for text in words
            if text not in beyond
        ]
    found = []
    for name, box, _ in boxes:
        if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.x1 + 1 or box.y1 > figure.bbox.y1 + 1:
            found.append(f"beyond the edge: {name}")
    for (one, first, slanted), (other, second, too) in itertools.combinations(boxes, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        if wide > 1 and high > 1 and not (slanted and too):
            found.append(f"{one!r} over {other!r}")
    return found


def _undrawn_labels(figure: Figure) -> set[Text]:
    """The labels of ticks that lie outside of their axis, where they are not drawn."""
    return {
        label
        for axes in figure.axes
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
        if not min(limits) <= tick.get_loc() <= max(limits)
    }


def confusion_of(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 1000, (count, count))


def plane_of(classes: list[str]) -> Plane:
    rng = np.random.default_rng(0)
    count = len(classes)
    field = rng.integers(0, count, (40, 40)) if count > 2 else rng.random((40, 40))
    points = Points(rng.random((300, 2)), np.arange(300) % count)
    return Plane(
        classes=tuple(classes),
        extent=(0, 1, 0, 1),
        field=field,
        border=None,
        trained_on=points,
        held_back=points,
        are_probabilities=True,
    )


def history_of(**measures: list[float]) -> LearningCurves:
    epochs = len(next(iter(measures.values())))
    return LearningCurves(list(range(1, epochs + 1)), [Measure(name, v, v[::-1]) for name, v in measures.items()])


def pictures_of(names: list[str]) -> dict[str, Drawing]:
    classes = tuple(names)
    images = [Labelled(np.eye(4), f"{name} (38%)\nis {name}", number % 2 == 0) for number, name in enumerate(names)][
        :24
    ]
    tracks = Tracks([0, 1, 2], {name: [float(place)] * 3 for place, name in enumerate(names[:5])}, {names[0]: 1.0})
    draws = {
        "confusion": (
            draw_confusion,
            {"classes": classes, "confusion": confusion_of(len(names))},
            confusion_size(names),
        ),
        "classes": (draw_classes, {"classes": classes, "confusion": confusion_of(len(names))}, classes_size(names)),
        "plane": (draw_plane, {"plane": plane_of(names)}, (WIDTH, HEIGHT * 1.2)),
        "sheet": (draw_sheet, {"samples": images, "greys": "gray_r"}, sheet_size([image.label for image in images])),
        "tracks": (draw_tracks, {"tracks": tracks}, (WIDTH, HEIGHT)),
    }
    shown = [
        Attribution(ChosenImage(np.eye(4), file=f"{name}.png"), f"{name} (38%)", name, np.eye(4), np.eye(4))
        for name in names[:5]
    ]
    layers = [
        FeatureMaps(names[0], np.ones((16, 3, 3)), 40, reads=tuple(names[:2])),
        FeatureMaps("dense", np.ones((1, 1, len(names))), len(names)),
    ]
    maps = {"image": np.eye(4), "layers": layers, "classes": classes, "greys": "gray_r"}
    draws["maps"] = draw_feature_maps, maps, feature_maps_size(layers)
    draws["attributions"] = draw_attributions, {"attributions": shown, "greys": "gray_r"}, attributions_size(shown)
    title, caption = f"What {names[0]} is", f"Captions name {', '.join(names[:4])} and go on after that."
    return {kind: Drawing(kind, title, caption, partial(draw, **of), size) for kind, (draw, of, size) in draws.items()}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("kind", ["confusion", "classes", "plane", "sheet", "tracks", "maps", "attributions"])
def test_words_do_not_lie_over_each_other(kind, names):
    with warnings.catch_warnings(action="error"):
        assert overlaps(pictures_of(names)[kind]) == []


@pytest.mark.parametrize(
    "measures",
    [
        {"loss": [1e2 * 0.5**n for n in range(60)]},
        {"loss": [3.0, 2.0, 1.0, 0.2]},
        {"loss": [90.0, 20.0, 8.0]},
        {"loss": [1e-3, 1e-12]},
        {"loss": [0.5, 0.4], "sparse_top_k_categorical_accuracy": [0.1, 0.9], "f1": [0.1, 0.2]},
        {"loss": [9.0, 0.4, 0.01], "root_mean_squared_error": [9.0, 0.1, 0.001], "r2": [-50.0, 0.5, 1.0]},
    ],
)
def test_a_history_has_few_labels_and_none_over_another(measures):
    course = history_of(**measures)
    size = learning_curves_size(course)
    picture = Drawing("history", "History", "Caption.", partial(draw_learning_curves, course=course), size)
    assert overlaps(picture) == []
    with LIGHT.applied():
        figure = drawn(picture, LIGHT)
        figure.draw_without_rendering()
        for axes in figure.axes:
            if axes.get_yscale() == "log":
                low, high = axes.get_ylim()
                labels = [
                    tick.label1.get_text() for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high
                ]
                assert 2 <= len(labels) <= 9
                assert len({"10" in label and any(char in label for char in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹") for label in labels}) == 1
                assert not any("e" in label for label in labels)
                assert not any(tick.label1.get_text() for tick in axes.yaxis.get_minor_ticks())


def test_names_are_cut_in_the_middle_and_stay_different():
    assert shortened("short", 3, 10) == "short"
    cut = shortened(f"{LONG} 7", 2, 10)
    assert cut.startswith("a class")
    assert cut.endswith("…ersion 7")
    assert width_of(cut, 10) <= 2
    assert len(set(all_shortened(NAMES["many"], 0.8, 10))) == 60
    alike = [f"{'a' * 60}{letter}{'b' * 60}" for letter in "xyz"] + ["c"]
    assert [text[:2] for text in all_shortened(alike, 0.8, 10)] == ["1:", "2:", "3:", "4:"]
    assert shortened("one\ntwo\x1b[31m", 9, 10) == "one two [31m"
    assert all(width_of(line, 10) <= 2 for line in wrapped(f"{LONG} {'W' * 100} 画像分類の長いクラス名", 2, 10))
    assert "".join(wrapped("W" * 100, 2, 10)) == "W" * 100


def test_fonts_are_found_for_other_scripts():
    assert fonts_for(["plain", "Ελληνικά"]) == ["DejaVu Sans"]
    assert lacking(["plain", "\t"]) == ""
    missing = lacking(["a\U0010fffd"])
    assert missing == "" or missing == "\U0010fffd"
    if not lacking(["画像"]):
        assert len(fonts_for(["画像"])) == 2
