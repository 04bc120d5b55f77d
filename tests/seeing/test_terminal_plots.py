import pytest

from mltrain.cli import app
from mltrain.errors import DataError, UsageError
from mltrain.views.terminal.half_blocks import GREYS, SIDES, Colour, Pixels, Regions, shade
from mltrain.views.terminal.plots import FittedCurve, Images, Labelled, Mark, PlaneMap


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
