import numpy as np
import pytest

from mltrain.cli import app
from mltrain.errors import DataError, UsageError
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._signed import signed
from mltrain.views.pictures.gallery import gallery_of
from mltrain.views.terminal.half_blocks import GREYS, SIDES, TRUE, Colour, Pixels, Regions, shade, shrunk
from mltrain.views.terminal.plots import FittedCurve, Images, Labelled, Mark, PlaneMap
from mltrain.views.terminal.views import Stack, cells


def shown(view, width=None):
    return ["".join(span.text for span in line).rstrip() for line in view.lines(width)]


def test_two_pixels_share_a_character_and_ink_begins_at_a_half():
    assert str(Pixels([[0, 1, 0, 1, 0.5], [0, 0, 1, 1, 0.4]], GREYS)) == " ▀▄█▀"
    assert str(Pixels([[1, 1], [1, 1], [1, 0]], GREYS)).split("\n") == ["██", "▀"]


def test_colours_are_those_of_the_pixels_on_either_half():
    (line,) = Pixels([[1.0, 0.0, 0.2], [0.0, 1.0, 0.4]], GREYS).lines(None)
    assert [span.style for span in line] == ["#ffffff on #000000", "#ffffff on #000000", "#4c4c4c on #4c4c4c"]


def test_scales_run_from_one_side_to_the_other():
    assert [SIDES(value) for value in (-1, 0, 0.5, 1, 2)] == [
        Colour(213, 94, 0),
        Colour(213, 94, 0),
        Colour(128, 128, 128),
        Colour(0, 114, 178),
        Colour(0, 114, 178),
    ]


def test_a_fitted_curve_has_its_ends_its_data_and_the_truth():
    lines = shown(FittedCurve((0, 10), [0, 5, 10], [10, 10, 10], [(5, 0), (10, 10)], height=5), 40)
    assert lines[0].split() == ["network", "○", "data", "·", "truth"]
    assert lines[1].startswith("10.0 ┤·")
    assert lines[5].startswith("0.000 ┤") or lines[5].startswith("0.00 ┤")
    assert lines[5].index("○") == pytest.approx(6 + 34 // 2, abs=1)
    assert lines[6].endswith("10.0")
    assert max(map(len, lines)) <= 40


@pytest.mark.parametrize("width", [20, 40, 60, 200, None])
def test_a_map_fills_the_width_up_to_a_screen(width):
    field = [[0.0] * 50 + [1.0] * 50] * 100
    lines = shown(PlaneMap(field, (0, 1, 0, 1), [Mark(0.1, 0.9, "x")], "legend"), width)
    side = len(lines[1:-1]) * 2
    assert side == {20: 14, 40: 34, 60: 54, 200: 60, None: 60}[width]
    assert "x" in "".join(lines[1 : 1 + side // 4])
    for line in lines[1:-1]:
        assert line.endswith("█" * (side // 2))
        assert line.count("█") == side // 2


def test_the_top_of_a_map_is_the_end_of_its_field():
    lines = shown(PlaneMap([[0.0] * 10] * 5 + [[1.0] * 10] * 5, (0, 1, 0, 1), [], "legend"), 30)
    assert "█" in lines[1]
    assert "█" not in lines[-2]


def test_regions_have_a_shade_each_and_the_colours_of_their_classes():
    regions = Regions([[0, 1, 2, 2]], [Colour(1, 0, 0), Colour(2, 0, 0), Colour(3, 0, 0)], {(0, 3): "+"})
    (line,) = regions.lines(None)
    assert [tuple(span) for span in line] == [
        (" ", "#010000 on #010000"),
        ("░", "#020000 on #020000"),
        ("▒", "#030000 on #030000"),
        ("+", "bold white on #030000"),
    ]
    assert len({shade(number) for number in range(30)}) == 30


def test_a_map_of_three_classes_has_a_character_a_place():
    field = [[0] * 5 + [1] * 5] * 5 + [[2] * 10] * 5
    lines = shown(PlaneMap(field, (0, 1, 0, 1), [Mark(0.1, 0.1, "x")], "legend", classes=3), 30)
    assert {line[-24:] for line in lines[1:7]} == {"▒" * 24}
    assert {line[-12:] for line in lines[7:-1]} == {"░" * 12}
    assert "x" in lines[-3] + lines[-2]


def test_images_stand_beside_each_other_as_far_as_they_fit():
    images = [Labelled([[1.0] * 10] * 2, f"image {number}") for number in range(4)]
    assert shown(Images(images), 24) == ["image 0     image 1", "██████████  ██████████"]
    assert shown(Images(images), 5)[0] == "image 0"


def test_large_images_are_made_smaller_so_that_some_fit_beside_each_other():
    image = [[0.0] * 24 + [1.0] * 24] * 12
    # (columns + 2) / 4 - 2 are there for each of four: 8, 18 and 28, for which 48 become 8, 16 and 24.
    assert shown(Images([Labelled(image)] * 6, least=4), 40) == ["    ████" + "      ████" * 3]
    assert shown(Images([Labelled(image)] * 6, least=4), 80)[0] == "        ████████" + "          ████████" * 3
    assert shown(Images([Labelled(image)] * 6, least=4), 120)[0] == " " * 12 + "█" * 12 + (" " * 14 + "█" * 12) * 3


def test_a_smaller_image_has_the_means_of_its_squares():
    assert shrunk([[0.0, 1.0, 0.5], [0.0, 0.0, 0.5], [1.0, 0.0, 0.2]], 2) == [[0.25, 0.5], [0.5, 0.2]]
    assert shrunk([[Colour(0, 0, 0), Colour(255, 100, 1)]], 2) == [[Colour(128, 50, 0)]]


def test_pixels_of_colour_have_it_and_are_ink_where_they_are_light():
    red, white = Colour(255, 0, 0), Colour(255, 255, 255)
    (line,) = Pixels([[red, white]], TRUE).lines(None)
    assert [tuple(span) for span in line] == [(" ", "#800000 on #800000"), ("▀", "#ffffff on #000000")]


def test_words_above_images_keep_to_their_columns():
    wide, long = "赤い風船と青い空", "a class whose name is longer than any image is wide"
    images = [Labelled([[1.0] * 6] * 2, words) for words in (wide, long)]
    words, pixels = (("".join(span.text for span in line)) for line in Images(images).lines(80))
    assert cells(words) == cells(pixels) == 2 * 34
    assert (words.startswith(f"{wide} "), pixels[34]) == (True, "█")
    assert words.rstrip().endswith(f"{long[:31]}…")
    (words, _) = Images([*images, images[0]], least=3).lines(80)
    assert [span.text.rstrip() for span in words] == [wide, f"{long[:24]}…", wide]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_filters_and_maps_fit_the_terminal(records, width):
    for run in ("shapes", "colour"):
        gallery = gallery_of(RunInsight(records[run]), as_text=True)
        pictures = {picture.name: picture for picture in gallery.pictures}
        assert {"filters", "maps", "attributions", "samples"} <= set(pictures)
        for name in ("filters", "maps", "attributions", "samples"):
            for line in Stack(list(pictures[name].terminal())).lines(width):
                assert cells("".join(span.text for span in line).rstrip()) <= width


def test_maps_are_drawn_layer_by_layer_without_colours(records):
    maps = next(p for p in gallery_of(RunInsight(records["shapes"]), as_text=True).pictures if p.name == "maps")
    lines = str(Stack(list(maps.terminal()))).split("\n")
    abouts = [layer.about for layer in maps.layers]
    assert [line for line in lines if line in abouts] == abouts
    assert lines[0] == f"image 0 of the test rows: {maps.said}"
    first = maps.layers[0]
    start, largest = lines.index(abouts[0]) + 1, first.maps.max()
    for row in range(0, 10, 2):
        cells_of_row = "".join(
            {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}[
                int(first.maps[1, row, column] >= largest / 2), int(first.maps[1, row + 1, column] >= largest / 2)
            ]
            for column in range(10)
        )
        assert lines[start + row // 2].ljust(34)[12:22] == cells_of_row


def test_weights_of_0_are_paper_without_colours():
    tile = signed(np.array([[-1.0, 0.0, 0.5], [np.nan, 0.0, 1.0]]), 1.0)
    assert shown(Images([tile])) == ["  █"]


def drawn(capsys, folder):
    app(["plot", str(folder), "--terminal"], standalone_mode=False)
    return capsys.readouterr()


@pytest.mark.parametrize(
    ("run", "sections"),
    [
        ("line", ["how the learning went", "parameters on their way", "data and network"]),
        ("plane", ["how the learning went", "every point of the plane", "what is taken for what"]),
        ("three", ["how the learning went", "every point of the plane", "what is taken for what"]),
        ("images", ["how the learning went", "what is taken for what", "samples"]),
    ],
)
def test_each_run_is_drawn_with_what_suits_it(runs, capsys, run, sections):
    text = drawn(capsys, runs[run]).out
    places = [text.index(f"{section}\n") for section in sections]
    assert places == sorted(places)


def test_shades_and_points_of_three_classes_are_named(runs, capsys):
    text = drawn(capsys, runs["three"]).out
    assert "blank: a, ░: b, ▒: c; points: x a, o b, + c\n" in text
    assert all(character in text for character in "░▒xo+")


def test_the_truth_about_parameters_is_told(runs, capsys):
    assert "truth: W = 3, b = 1" in drawn(capsys, runs["line"]).out


def test_what_is_missing_is_said_in_a_line(runs, capsys):
    said = drawn(capsys, runs["untrained"]).err
    assert "note: no curves of loss and metrics" in said
    assert "note: no picture of the model over its inputs: it takes 3 numbers and gives a class;" in said


def test_nothing_to_draw_is_an_error(runs, capsys, monkeypatch):
    def no_rows(*_arguments):
        raise DataError("they are gone")

    monkeypatch.setattr("mltrain.data.datasets.inline.Inline.load", no_rows)
    with pytest.raises(DataError, match="there is nothing to draw"):
        drawn(capsys, runs["untrained"])


def test_drawings_are_not_json(runs):
    with pytest.raises(UsageError, match="--terminal draws for people"):
        app(["plot", str(runs["line"]), "--terminal", "--json"], standalone_mode=False)
