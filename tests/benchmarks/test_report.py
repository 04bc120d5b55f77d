import json

import fake_sides
import pytest

from benchmarks.harness import Result, Sample, Side, Work
from benchmarks.report import PAGE, number, result_document, result_table, table, write_block


@pytest.fixture
def result():
    near = Side("near", fake_sides.told, at_most=1.0, aim=0.4)
    far = Side("far away", fake_sides.told, at_most=0.5)
    work = Work("a-work", "a work", "ms", Side("mltrain", fake_sides.told), (near, far))
    samples = {"mltrain": Sample([0.002, 0.001, 0.003]), "near": Sample([0.004])}
    return Result(work, samples, {"far away": "absent"})


def test_a_table_is_aligned():
    assert table(["a", "bb"], [["long", "x"], ["", "y"]]) == (
        "| a    | bb |\n"
        "| ---- | -- |\n"
        "| long | x  |\n"
        "|      | y  |"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"), [(0.01234, "0.0123"), (1.5, "1.5"), (123.4, "123"), (999.7, "1,000"), (12345.6, "12,346")]
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_results_as_a_table(result):
    assert result_table([result]).splitlines()[2:] == [
        "| a work | near     | 2 ms (1..3) | 4 ms      | 0.50  | 1.00    | 0.40 | met |",
        "|        | far away | 2 ms (1..3) | absent    |       | 0.50    |      |     |",
    ]


def test_results_for_programs(result):
    assert json.loads(json.dumps(result_document(result))) == {
        "name": "a-work",
        "title": "a work",
        "measured": {
            "mltrain": {"values": [0.002, 0.001, 0.003], "min": 0.001, "median": 0.002, "max": 0.003},
            "near": {"values": [0.004], "min": 0.004, "median": 0.004, "max": 0.004},
        },
        "missing": {"far away": "absent"},
        "ratios": [
            {"against": "near", "ratio": 0.5, "at_most": 1.0, "aim": 0.4, "verdict": "met"},
            {"against": "far away", "ratio": None, "at_most": 0.5, "aim": None, "verdict": None},
        ],
    }


@pytest.mark.parametrize("name", ["limits", "stall", "scaling"])
def test_every_table_has_its_place_in_the_docs(name, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    for text in ("an old\\1 table", "a new table"):
        write_block(name, text, page)
        assert page.read_text("utf-8").count(text) == 1
    assert "an old" not in page.read_text("utf-8")
    outside = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("#")]
    assert [line for line in page.read_text("utf-8").splitlines() if line.startswith("#")] == outside


def test_a_page_without_the_marks_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="must have the lines"):
        write_block("limits", "text", page)
    assert page.read_text() == "nothing here"
