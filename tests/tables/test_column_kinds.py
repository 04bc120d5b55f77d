"""What each kind of column is made of: one line a case, so that the next odd file is one line more."""

import csv
import io
import math
import random
from datetime import date, timedelta

import numpy as np
import pytest

import mltrain
from mltrain.config.convert import convert
from mltrain.data.base import Dataset, DatasetSpec
from mltrain.data.columns import ColumnKind, Held, Misfit, kind_of
from mltrain.data.inspection import describe_features
from mltrain.data.tables.cells import BadCell, Missing, canonical, holds_codes, means_missing, read_numbers
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.data.tables.notation import Contradiction, Notation, find_notation
from mltrain.data.tables.profile import profile, recognize
from mltrain.errors import DataError

NOISE = [f"{math.sin(number):.4f}" for number in range(40)]
HINDI = ["यह", "अच्छा", "नहीं", "हिन्दी"]
WORDS = ["red", "blue", "green", "warm", "cold", "dark", "light", "soft", "hard", "sweet"]


def table(columns: dict[str, list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


@pytest.fixture
def held(tmp_path):
    def held(name: str, cells: list[str]) -> Held:
        (tmp_path / "t.csv").write_text(table({name: cells, "other": ["q"] * len(cells)}))
        with DelimitedFile(tmp_path / "t.csv", as_text=True, header=True, delimiter=",") as source:
            return next(one for one in profile(source, Missing()) if one.name == (name or "column_1"))

    return held


@pytest.fixture
def load(tmp_path):
    def load(cells: dict[str, list[str]], **options) -> Dataset:
        (tmp_path / "t.csv").write_text(table(cells))
        spec = convert(DatasetSpec, {"type": "csv", "path": "t.csv", "target": "y", "header": True, **options})
        return spec.load(0, tmp_path)

    return load


def column(dataset: Dataset, index: int = 0):
    assert dataset.preprocessing.table is not None
    return dataset.preprocessing.table.columns[index]


def days(count: int) -> list[str]:
    return [str(date(2020, 1, 30) + timedelta(days=5 * number)) for number in range(count)]


def messages(count: int) -> list[str]:
    rng = random.Random(1)
    return [" ".join(rng.choices(WORDS, k=9)) for _ in range(count)]


KINDS = [
    # name, cells, kind, what the reason says
    ("a", ["1", "2.5", "-3", "2e-7"], "number", "all cells are numbers"),
    ("a", ["1,5", "2,25", "3"], "number", "numbers with a decimal comma"),
    ("a", ["1.234,50", "2,25", "3"], "number", "a decimal comma and a point between thousands"),
    ("a", ["1,234", "12", "2,345,678"], "number", "a comma between thousands"),
    ("a", ["1 234", "12", "2 345 678"], "number", "a space between thousands"),
    ("a", ["1_234", "12", "2_345_678"], "number", "an underscore between thousands"),
    ("a", ["12%", "3.5 %", "7%"], "number", "numbers with % behind"),
    ("a", ["$5", "$1,200.50", "-$3"], "number", "a comma between thousands and $ in front"),
    ("a", ["3 €", "1.200,50 €", "7 €"], "number", "€ behind"),
    ("a", ["5 kg", "7.5 kg", "12kg"], "number", "numbers with kg behind"),
    ("a", ["−5", "3", "7"], "number", "all cells are numbers"),
    ("a", ["1’234.50", "2", "12’345.00"], "number", "an apostrophe between thousands"),
    (
        "a",
        ["1\u202f234,5\u00a0€", "2,00\u202f€"],
        "number",
        "a decimal comma and a space between thousands and € behind",
    ),
    ("a", ["(1,200)", "3,400", "12", "(5)"] * 5, "number", "a comma between thousands, of which '(1,200)' is -1200"),
    (
        "a",
        ["1.200,50-", "3.400,00", "12,00"] * 5,
        "number",
        "a point between thousands, of which '1.200,50-' is -1200.5",
    ),
    ("a", ["(1)", "(2)"] * 5, "category", "for '(1)' is in brackets as all others are"),
    ("a", ["1-", "2", "2-"] * 5, "category", "for '1-' stands among numbers"),
    ("a", ["5 m^2", "7.5 m^2"], "number", "numbers with m^2 behind"),
    ("a", ["5 kg/m³", "7.5 kg/m³"], "number", "numbers with kg/m³ behind"),
    ("a", ["1200 sq. ft.", "900 sq. ft."], "number", "numbers with sq. ft. behind"),
    ("a", ["2,5e-3", "1,0E+05"], "number", "numbers with a decimal comma"),
    ("a", ["12%", "0.12", "0.5"] * 5, "category", "'0.12' and '12%' have different units"),
    ("a", ["$5", "€7"] * 5, "category", "'€7' and '$5' have different units"),
    ("zip", ["12345-6789", "94105-1234", "10001"] * 6, "category", "stands among numbers"),
    ("tel", [f"+49170{number:07}" for number in range(30)], "identifier", "is written as phone numbers are"),
    (
        "Telephone",
        [str(2025550100 + 7 * number) for number in range(30)],
        "identifier",
        "under a name that numbers rows",
    ),
    ("a", ["—", "1", "2", "3"] * 5, "number", "all cells but '—' are numbers"),
    ("a", ["keine Angabe", "1", "2", "3"] * 5, "number", "all cells but 'keine Angabe' are numbers"),
    ("a", [*map(str, range(40)), "-inf", "-inf"], "number", "all cells but '-inf' are numbers"),
    ("a", ["1 year", "7 years", "10 years"] * 5, "number", "numbers with years behind"),
    ("a", ["3 weeks", "2 months"] * 5, "category", "have different units"),
    (
        "a",
        [*map(str, range(99)), "tbd", "ask", "lost", "soon"],
        "number",
        "all cells but 'tbd', 'ask', 'lost', ...",
    ),
    ("a", [*map(str, range(99)), "12X", "13X", "14X", "15X"], "identifier", "a different text in every row"),
    ("a", [*map(str, range(40)), "90+"], "number", "all cells but '90+' are numbers"),
    ("a", ["5 kg", "700 g"] * 5, "category", "'700 g' and '5 kg' have different units"),
    ("a", ["1,5", "2.5"] * 5, "category", "'1,5' has a decimal comma, but '2.5' a decimal point"),
    ("a", ["1_11", "2_3"] * 5, "category", "2 different texts"),
    ("zip", ["01067", "10115", "80331"] * 5, "category", "for '01067' begins with 0, as codes do"),
    ("a", ["1e5", "2f3", "4711"] * 5, "category", "3 different texts"),
    ("a", ["nan", "inf", "Infinity"] * 5, "category", "2 different texts"),
    ("a", ["1", "2", "3", "-"] * 5, "number", "all cells but '-' are numbers"),
    ("a", [*map(str, range(30)), "."], "number", "all cells but '.' are numbers"),
    ("a", [*map(str, range(30)), "unknown", "unknown"], "number", "all cells but 'unknown' are numbers"),
    ("a", [*map(str, range(30)), "#N/A", "NuLL"], "number", "all cells but '#N/A', 'NuLL' are numbers"),
    ("a", [*map(str, range(30)), "broken"], "number", "all cells but 'broken' are numbers"),
    ("persons", ["2", "4", "more"] * 8, "category", "for 'more' stands among numbers, in 8 rows"),
    ("doors", ["2", "3", "4", "5more"] * 8, "category", "4 different texts"),
    ("a", ["yes", "no"] * 3, "boolean", "all cells are 'yes' or 'no'"),
    ("a", ["TRUE", "false", "True"] * 3, "boolean", "all cells are"),
    ("a", ["t", "f"] * 3, "boolean", "all cells are 't' or 'f'"),
    ("a", ["Ja", "nein"] * 3, "boolean", "all cells are 'Ja' or 'nein'"),
    ("a", ["0", "1"] * 3, "number", "all cells are numbers"),
    ("a", ["0", "1", ""] * 5, "number", "all cells are numbers"),
    ("a", ["J", "N", ""] * 5, "boolean", "all cells are 'J' or 'N'"),
    ("a", ["oui", "Non", "OUI"] * 5, "boolean", "all cells are 'OUI' or 'Non'"),
    ("a", ["да", "нет"] * 5, "boolean", "all cells are 'да' or 'нет'"),
    ("a", ["yes", "Y", "no", "n"] * 5, "boolean", "all cells are 'yes', 'Y', 'no', 'n'"),
    ("a", ["true", "no"] * 5, "category", "2 different texts"),
    ("a", ["X", ""] * 5, "category", "1 text or nothing"),
    ("a", ["yes", "no", "maybe"] * 3, "category", "3 different texts"),
    ("a", ["2020-01-31", "2021-12-01"] * 3, "date", "all cells are dates"),
    ("a", ["2020-01-31 12:30:00", "2021-12-01T00:00"] * 3, "date", "all cells are dates"),
    ("a", ["31.1.2020", "1.12.2021"] * 3, "date", "all cells are dates, with the day first"),
    ("a", ["31/01/2020", "02/12/2021"] * 3, "date", "with the day first"),
    ("a", ["01/31/2020", "12/02/2021"] * 3, "date", "with the month first"),
    ("a", ["31 Jan 2020", "1. Dezember 2021", "Feb 2, 2021"] * 3, "date", "all cells are dates"),
    ("a", ["2020-01", "2021-12"] * 3, "date", "all cells are dates"),
    ("a", ["12:30", "7:05"] * 3, "date", "all cells are times"),
    ("a", ["2020-01-31", "2021-12-01", "unknown"] * 3, "date", "all cells are dates but 'unknown'"),
    ("a", ["2020-02-30", "2021-12-01"] * 3, "category", "2 different texts"),
    ("a", ["3 janv. 2021", "14 févr. 2021", "1er mai 2022"] * 5, "date", "all cells are dates"),
    ("a", ["3 de enero de 2021", "2 dic 2022"] * 5, "date", "all cells are dates"),
    ("a", ["3 mrt 2021", "14 maj 2021", "2 października 2022"] * 5, "date", "all cells are dates"),
    ("a", ["3 марта 2021", "14 мая 2021"] * 5, "date", "all cells are dates"),
    ("a", ["2021年3月4日", "2022年12月25日 12:30"] * 5, "date", "all cells are dates"),
    ("a", ["3rd of March 2021", "March 4, 2021 at 12:30 PM"] * 5, "date", "all cells are dates"),
    ("a", ["2021-W05", "2021-W53-7"] * 5, "category", "2 different texts"),
    ("a", ["2021-W05", "2020-W53-7"] * 5, "date", "all cells are dates"),
    ("a", ["2021-Q1", "Q4 2021"] * 5, "date", "all cells are dates"),
    ("a", ["03/2021", "12/2022"] * 5, "date", "all cells are dates"),
    ("a", ["Jan-21", "Dec-22"] * 5, "date", "all cells are dates"),
    ("a", ["Thu Mar  4 12:30:00 2021", "Thu Mar 04 2021 12:30:00 GMT+0100 (CET)"] * 5, "date", "all cells are dates"),
    ("a", ["04/Mar/2021:12:30:00 +0000", "20210304T123000Z"] * 5, "date", "all cells are dates"),
    ("a", ["2021-03-04 12:30:00+00", "2021-03-04 12:30 CEST"] * 5, "date", "all cells are dates"),
    ("a", ["2021-03-04 24:00", "2021-03-04 01:00"] * 5, "date", "all cells are dates"),
    ("a", ["24:00", "01:00"] * 5, "date", "all cells are times"),
    ("a", ["24:30", "01:00"] * 5, "category", "2 different texts"),
    ("a", ["13.02.21", "01.12.22"] * 5, "date", "with the day first"),
    ("a", ["02/13/21", "12/01/22"] * 5, "date", "with the month first"),
    ("a", ["13.02.21", "02/13/21"] * 5, "category", "2 different texts"),
    ("a", ["2021-03-04", "0000-00-00"] * 5, "date", "all cells are dates but '0000-00-00'"),
    ("a", [*days(30), "tbd"], "date", "all cells are dates but 'tbd'"),
    ("a", ["20210304", "20221225", "20200229"] * 5, "date", "all cells are dates"),
    ("a", ["20210304", "20221325", "20200229"] * 5, "number", "all cells are numbers"),
    ("a", ["44197", "44200", "44563"] * 5, "number", "all cells are numbers"),
    ("a", ["1600455826123", "1600455826124"] * 5, "number", "all cells are numbers"),
    ("a", ["Jan", "Feb", "März"] * 5, "category", "3 different texts"),
    ("a", ["18-25", "26-35"] * 5, "category", "2 different texts"),
    ("a", ["1/2", "3/4"] * 5, "category", "2 different texts"),
    ("a", messages(200), "text", "200 different texts of 6.0 words on average"),
    ("a", ["red car", "blue car", "green car"] * 20, "category", "3 different texts"),
    ("a", [f"u{number}x" for number in range(50)], "identifier", "a different text in every row"),
    ("id", [str(number) for number in range(1, 31)], "identifier", "whole numbers, different in every row"),
    ("PassengerId", [str(7 * number) for number in range(30)], "identifier", "whole numbers, different in every row"),
    ("", [str(number) for number in range(30)], "identifier", "whole numbers, different in every row"),
    ("Unnamed: 0.1", [str(number) for number in range(30)], "identifier", "under a name that numbers rows"),
    ("lfd. Nr.", [str(number) for number in range(30)], "identifier", "under a name that numbers rows"),
    ("Kundennummer", [str(7 * number) for number in range(30)], "identifier", "under a name that numbers rows"),
    ("userid", [str(7 * number) for number in range(30)], "identifier", "under a name that numbers rows"),
    ("id", [f"{number}.0" for number in range(30)] + ["", ""], "identifier", "under a name that numbers rows"),
    ("order_id", ["7", "7", *map(str, range(28))], "identifier", "28 different whole numbers in 30 rows"),
    (
        "store_id",
        ["12", "40", "7"] * 10,
        "category",
        "3 different whole numbers, under a name that says that they stand",
    ),
    ("acid", ["12", "40", "7"] * 10, "number", "all cells are numbers"),
    ("iban", [f"DE46 3500 3221 {number:04} 00" for number in range(30)], "identifier", "a different text in every row"),
    (
        "a",
        [f"{number:08x}-edb3-4f2a-9c{number:02x}" for number in range(30)],
        "identifier",
        "a different text in every row",
    ),
    (
        "a",
        [f"https://example.com/shop/{number}" for number in range(30)],
        "identifier",
        "a different text in every row",
    ),
    ("a", [f"anna{number}@example.com" for number in range(30)], "identifier", "a different text in every row"),
    (
        "a",
        ["".join(random.Random(n).choices("今天天气很好我们去公园", k=9)) for n in range(60)],
        "text",
        "60 different texts of",
    ),
    ("a", [" ".join(random.Random(n).choices(HINDI, k=5)) for n in range(200)], "text", "of 3."),
    ("price", [str(1000 + 7 * number) for number in range(30)], "number", "all cells are numbers"),
    (
        "serial",
        [str(2**60 + number) for number in range(30)],
        "identifier",
        "has more digits than numbers",
    ),
    (
        "part",
        [str(2**60 + number) for number in range(5)] * 9,
        "category",
        "has more digits than numbers",
    ),
    ("ns", [str(1600000000 * 10**9 + 10**8 * number) for number in range(30)], "number", "all cells are numbers"),
    ("paid", [str(7 * number) for number in range(30)], "number", "all cells are numbers"),
    ("a", [""] * 5, "identifier", "the column is empty"),
]


@pytest.mark.parametrize(("name", "cells", "kind", "reason"), KINDS)
def test_a_kind_is_recognized_for_a_reason(held, name, cells, kind, reason):
    guess = recognize(held(name, cells))
    assert guess.kind.type_name() == kind
    assert reason in guess.reason


def test_every_kind_has_a_case():
    found = {kind for _, _, kind, _ in KINDS}
    assert found | {"index"} == set(ColumnKind.family.names())  # an index is never found, because it needs a layer


NUMBERS = [
    # cells, what they are as numbers
    (["1,234", "5"], [1234, 5]),
    (["1.234", "5"], [1.234, 5]),
    (["1.234,50", "2,25"], [1234.5, 2.25]),
    (["1.234.567", "2.345.678"], [1_234_567, 2_345_678]),
    (["1,234.5", "7"], [1234.5, 7]),
    (["1'234.50", "2"], [1234.5, 2]),
    (["1 234,5", "2"], [1234.5, 2]),
    (["12,34,567", "1,000"], [1234567, 1000]),
    (["-$5.00", "$3"], [-5, 3]),
    (["€ 5", "€1.200,50"], [5, 1200.5]),
    (["12.5%", "3%"], [12.5, 3]),
    (["5 m²", "7m²"], [5, 7]),
    (["(1,200.5)", "($3)", "7"], None),
    (["($1,200.50)", "$(3)", "$7"], [-1200.5, -3, 7]),
    (["5,00-", "1.000,00 -", "-7,00"], [-5, -1000, -7]),
    (["(-5)", "7"], None),
    (["1 year", "2 years", "3"], None),
    (["1 year", "2 years"], [1, 2]),
    (["2.5e-3 mol", "1E+05 mol"], [0.0025, 100000]),
    (["1\u00a0234", "2\u2009345.5"], [1234, 2345.5]),
    (["12 km/h", "7 km/h"], [12, 7]),
    (["+5", "−3"], [5, -3]),
    ([".5", "0,5"], None),
    (["1.2.3"], None),
    (["12:30"], None),
    (["A11"], None),
    (["1st", "2nd"], None),
    (["1,5", "1,234.5"], None),
    (["1.234,5", "1,234.5"], None),
    (["007"], None),
    (["1_11"], None),
    (["nan"], None),
    (["infinity"], None),
]


@pytest.mark.parametrize(("cells", "numbers"), NUMBERS)
def test_numbers_are_read_in_the_notation_of_their_column(cells, numbers):
    found = find_notation(cells)
    if numbers is None:
        assert isinstance(found, Contradiction)
        assert found.text in cells
    else:
        assert [found.notation.read(cell) for cell in cells] == numbers


def test_a_cell_in_another_notation_is_no_number():
    comma = Notation(decimal=",", thousands=".")
    assert comma.read("1.234,5") == 1234.5
    assert Notation(after="kg").read("7") == Notation(after="kg").read("7 kg") == 7
    assert [comma.read(text) for text in ("1234.5", "1.23", "1,2,3", "", "x", "5 kg")] == [None] * 6


def test_what_could_be_read_in_two_ways_is_asked(held):
    guess = recognize(held("price", ["1,234", "5,678"]))
    assert guess.question == (
        "'1,234' is read as 1234; if the comma is a decimal one, write columns: {price: {type: number, decimal: ','}}"
    )
    guess = recognize(held("born", ["03/04/2020", "05/06/2021"]))
    assert guess.open
    assert "'03/04/2020' is 3 April 2020 with the day first, and 4 March 2020 with the month first" in guess.question
    assert not recognize(held("born", ["03.04.2020", "05.06.2021"])).open  # points are written where the day is first
    assert not recognize(held("born", ["04/04/2020", "05/05/2021"])).open


def test_an_open_question_is_refused_with_both_readings(load):
    columns = {"born": ["03/04/2020", "05/06/2021"] * 5, "y": ["1", "2"] * 5}
    with pytest.raises(DataError, match=r"column 'born': '03/04/2020' is 3 April 2020 .*order: day_first"):
        load(columns)
    for order, first in (("day_first", date(2020, 4, 3)), ("month_first", date(2020, 3, 4))):
        dataset = load(columns, columns={"born": {"type": "date", "order": order}})
        assert column(dataset).first == (first - date(1970, 1, 1)).days


REFUSED = [
    # kind that the config asks for, cells, message
    (
        "number",
        ["1", "x", "y", "z", "w"],
        "row 2, column 'a': 'x' stands among numbers, in 4 rows, but the config says",
    ),
    ("number", ["5 kg", "7 g"], "row 2, column 'a': '7 g' and '5 kg' have different units"),
    ("date", ["2020-01-31", "soon"], "row 2, column 'a': 'soon' is no date"),
    ("boolean", ["yes", "perhaps"], "'perhaps' is neither yes nor no"),
]


@pytest.mark.parametrize(("kind", "cells", "message"), REFUSED)
def test_a_column_that_is_not_of_its_kind_is_refused_with_the_cell(load, kind, cells, message):
    with pytest.raises(DataError) as error:
        load({"a": cells, "b": ["1"] * len(cells), "y": [str(n) for n in range(len(cells))]}, columns={"a": kind})
    assert message in str(error.value)


CANONICAL = [
    ("1", "1"),
    ("1.0", "1"),
    ("-3.50", "-3.5"),
    ("TRUE", "true"),
    ("True", "true"),
    ("False", "false"),
    ("007", "007"),
    ("1e5", "1e5"),
    ("1_000", "1_000"),
    (" a ", "a"),
    ("Yes", "Yes"),
]


@pytest.mark.parametrize(("text", "value"), CANONICAL)
def test_a_value_has_one_spelling(text, value):
    assert canonical(text) == value


def test_infinity_that_is_said_to_be_missing_is_so_in_typed_files_too():
    values = np.array([1, np.inf, -np.inf])
    with pytest.raises(BadCell, match="expected a number, got 'inf'; if it means that there is no value, add it to"):
        read_numbers(values, Missing())
    assert np.isnan(read_numbers(values, Missing(["inf", "-inf"]))).tolist() == [False, True, True]
    assert np.isnan(read_numbers(["1", "inf"], Missing(["inf"]))).tolist() == [False, True]


@pytest.mark.parametrize("text", ["-999", "-999.0", "-9.99e2", " -999.00 ", "NA"])
def test_what_means_missing_matches_as_a_number(text):
    assert text in Missing(["NA", "-999"])
    assert "-998" not in Missing(["NA", "-999"])


def test_large_sentinels_keep_their_digits(load):
    columns = {"a": ["-9999999", "1", "2", "-9999998"] * 3, "y": ["1", "2", "3", "4"] * 3}
    dataset = load(columns, missing_values=[-9999999])
    assert dataset.gaps["a"] == 3


@pytest.mark.parametrize("text", ["-", ".", "unknown", "#N/A", "NuLL", "n.a.", "?"])
def test_what_can_only_mean_that_nothing_is_there(text):
    assert means_missing(text)
    assert not means_missing("none of these")


@pytest.mark.parametrize(
    ("lines", "found"),
    [("1,0.5\n0,10\n", False), ("1,01\n", True), ("01,2\n", True), ('"01",3\n', True), ("1e-05,100.001\n", False)],
)
def test_codes_are_found_in_lines_of_numbers(lines, found):
    assert holds_codes(lines.splitlines(keepends=True), ",") is found


def test_a_code_far_down_a_file_makes_names_of_a_column(load):
    zips = [str(10000 + number % 7) for number in range(9000)] + ["01067"] * 20
    dataset = load({"zip": zips, "y": [str(number % 5) for number in range(9020)]})
    assert kind_of(column(dataset)) == "category"
    assert column(dataset).categories[0] == "01067"


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("d", [str(20200101 + number % 28) for number in range(40)], "date"),
        ("d", ["", *(str(20200101 + number % 28) for number in range(39))], "date"),
        ("shop_id", [str(1 + number % 4) for number in range(40)], "category"),
        ("n", [str(20210000 + number) for number in range(40)], "number"),
    ],
)
def test_plain_numbers_that_are_something_else_are_so_without_a_config_that_says_it(load, name, cells, kind):
    dataset = load({name: cells, "a": NOISE, "y": NOISE[::-1]})
    assert kind_of(column(dataset)) == kind


def test_numbers_beyond_floats_are_no_numbers_at_a_glance_either(load):
    dataset = load({"n": [str(2**60 + number) for number in range(40)], "a": NOISE, "y": NOISE[::-1]})
    assert [one.name for one in dataset.preprocessing.table.columns] == ["a"]


def test_large_numbers_keep_what_differs(load):
    stamps = [1_700_000_000 + number for number in range(40)]
    places = [52.5 + 1e-7 * number for number in range(40)]
    dataset = load({"t": list(map(str, stamps)), "lat": [f"{p:.8f}" for p in places], "y": list(map(str, range(40)))})
    seen = dataset.preprocessing.inputs.applied(dataset.train.x)
    for index in range(2):
        assert len(np.unique(seen[:, index])) == 40
        assert np.allclose(np.diff(seen[:, index]), np.diff(seen[:2, index]), rtol=0.02)
    assert column(dataset).decode(dataset.train.x[:1, :1]) == ["1700000000"]


def test_histograms_of_numbers_as_large_as_floats_go(load):
    large = [str(2**60 + number) for number in range(40)]
    facts = describe_features(load({"id": large, "y": list(map(str, range(40)))}, columns={"id": "number"}))
    assert sum(facts[0].histogram) == 40


def test_a_scale_that_float32_cannot_hold_is_refused_by_name(load):
    tiny = [f"{number}e-40" for number in range(1, 21)]
    with pytest.raises(DataError, match="column 'a': its numbers differ by too small amounts"):
        load({"a": tiny, "y": list(map(str, range(20)))})


def test_gaps_get_the_median_and_where_they_are_common_an_input(load):
    cells = ["1", "2", "3", "100", ""] * 8
    dataset = load({"a": cells, "b": ["5"] + [""] * 0 + list(map(str, range(39))), "y": list(map(str, range(40)))})
    a, b = column(dataset), column(dataset, 1)
    assert a.features == ["a", "a missing"]
    assert dataset.train.x[4].tolist()[:2] == [2.5, 1]
    assert b.features == ["b"]
    assert b.fill is not None  # new rows may have gaps where those learned from had none


def test_missing_is_a_name_of_its_own_and_rare_names_share_one(load):
    cells = ["cat"] * 60 + ["dog"] * 50 + ["ant", "bee", "eel"] + [""] * 7
    dataset = load({"a": cells, "y": list(map(str, range(120)))})
    assert column(dataset).features == ["a=cat", "a=dog", "a=missing", "a=other"]
    assert dataset.train.x[110:114].tolist() == [[0, 0, 0, 1]] * 3 + [[0, 0, 1, 0]]
    strict = load({"a": cells, "y": list(map(str, range(120)))}, unknown="error", missing="most_frequent")
    assert column(strict).features == ["a=ant", "a=bee", "a=cat", "a=dog", "a=eel"]


def test_one_value_is_one_category_however_it_is_spelled(load):
    dataset = load({"a": ["1", "1.0", "x", "True", "TRUE", "true"] * 5, "y": list(map(str, range(30)))})
    assert column(dataset).categories == ("1", "true", "x")


def test_a_date_becomes_cycles_and_days(load):
    dataset = load({"when": days(60), "y": list(map(str, range(60)))})
    assert column(dataset).features == [
        "when days",
        "when month sin",
        "when month cos",
        "when weekday sin",
        "when weekday cos",
    ]
    assert dataset.train.x[:3, 0].tolist() == [0, 5, 10]
    assert np.allclose(np.hypot(dataset.train.x[:, 1], dataset.train.x[:, 2]), 1)
    assert column(dataset).decode(dataset.train.x[:2]) == days(2)
    times = load({"when": ["06:00", "12:00", "18:00"] * 4, "y": list(map(str, range(12)))})
    assert column(times).features == ["when hour sin", "when hour cos"]
    assert np.allclose(times.train.x[:3], [[1, 0], [0, -1], [-1, 0]], atol=1e-6)


@pytest.mark.parametrize("kind", ["category", "number", "boolean"])
def test_a_kind_that_the_config_says_holds_for_plain_numbers(load, kind):
    dataset = load({"a": ["0", "1"] * 6, "y": list("12") * 6}, columns={"a": kind})
    assert type(column(dataset)).__name__.lower() == f"{kind}column"


def test_two_days_of_the_week_are_told_apart_and_a_year_begins_on_its_first_day(load):
    dataset = load({"a": ["2020-01-01", "2021-01-02", "2022-01-01"] * 4, "y": list("123") * 4})
    assert {"a weekday sin", "a weekday cos"} <= set(column(dataset).features)
    assert column(dataset).common(dataset.train.x) == [("2020", 4), ("2021", 4), ("2022", 4)]
    two = load({"a": ["2022-01-01", "2022-01-02"] * 6, "y": list("12") * 6})  # a Saturday and a Sunday
    assert "a weekday sin" in column(two).features


def test_texts_become_words_of_the_rows_trained_on(load):
    cells = messages(150)
    dataset = load({"a": cells, "y": list(map(str, range(150)))}, test_split=0.2)
    assert set(column(dataset).words) == set(WORDS)
    assert np.allclose(np.linalg.norm(dataset.train.x, axis=1), 4, atol=1e-5)


def test_a_word_counts_by_the_logarithm_of_the_rows_without_it(load):
    cells = ["good bread", "bad bread", "good milk bread", "old bread"] * 10
    learned = column(load({"a": cells, "y": ["1", "2"] * 20}, columns={"a": "text"}))
    rows_with = {"bread": 40, "good": 20, "bad": 10, "milk": 10, "old": 10}
    assert dict(zip(learned.words, learned.weights, strict=True)) == pytest.approx(
        {word: math.log(41 / (1 + rows)) + 1 for word, rows in rows_with.items()}
    )


def test_cells_are_kept_as_text_where_a_column_is_not_of_numbers(load):
    target = {"y": list("1234")}
    numbers = load({"a": ["1", "2", "3", "5"], **target}).preprocessing.table
    words = load({"a": ["1", "2", "3", "5"], "b": ["x", "y", "x", "y"], **target}).preprocessing.table
    assert (numbers.as_text, words.as_text) == (False, True)


def test_what_tells_the_target_is_warned_of(load):
    label = ["good", "bad", "fair"] * 10
    code = [{"good": "1", "bad": "2", "fair": "3"}[one] for one in label]
    noise = [str(number % 7) for number in range(30)]
    dataset = load({"code": code, "copy": label, "noise": noise, "y": label})
    (warning,) = dataset.warnings
    assert warning.startswith("column 'code', 'copy' says the same as the target 'y' in all rows")
    assert load({"noise": noise, "y": label}).warnings == ()


def test_a_row_without_a_target_is_left_out_and_no_other(load):
    dataset = load({"a": ["1", "", "3", "4"] * 5, "y": ["1", "2", "", "4"] * 5})
    assert len(dataset.train.y) == 15


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["same"] * 30, "all rows have the same 'y', so there is nothing to tell apart"),
        (["7"] * 30, "all rows have the same 'y', so there is nothing to learn"),
        ([f"name {number}" for number in range(30)], "'y' has 30 different names in 30 rows"),
        (days(30), "a target is numbers or names, but all cells are dates"),
        ([""] * 30, "column 'y' cannot be predicted: it is empty in all rows"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(load, cells, message):
    with pytest.raises(DataError) as error:
        load({"a": [str(number % 7) for number in range(30)], "y": cells})
    assert message in str(error.value)


def test_misfits_name_a_cell(held):
    for kind in ColumnKind.family:
        found = kind().examine(held("a", ["17", "x y", "-"] * 3))
        if isinstance(found, Misfit):
            assert found.text in ("17", "x y", "-")


def test_names_that_come_up_later_are_counted(load, tmp_path):
    cells = {
        "a": ["cat", "dog"] * 10 + ["eel", "eel"],
        "y": list(map(str, range(22))),
        "part": ["train"] * 20 + ["test"] * 2,
    }
    dataset = load(cells, split_column="part")
    assert dataset.novelties == ["values that are rare or new to the model count as other: 2 in 'a' ('eel')"]
    (tmp_path / "new.csv").write_text("a\ncat\nbat\n\nbat\n")
    with DelimitedFile(tmp_path / "new.csv", header=True, as_text=True) as source:
        blocks = [dataset.preprocessing.table.encode(source, block) for block in source.blocks()]
    assert np.concatenate(blocks).tolist() == [[1, 0], [0, 0], [0, 0]]
    assert source.novelties.sentences() == ["values that are rare or new to the model count as other: 2 in 'a' ('bat')"]


def test_arrays_are_in_the_units_of_the_table(tmp_path):
    rows = "".join(f"{1_700_000_000 + number},{number}\n" for number in range(60))
    (tmp_path / "t.csv").write_text("t,y\n" + rows)
    (tmp_path / "t.yaml").write_text(
        "dataset: {type: csv, path: t.csv, target: y}\nlayers: [{type: dense, units: 1}]\nloss: mse\n"
        "optimizer: {type: sgd, learning_rate: 0.1}\ntraining: {epochs: 40}\n"
    )
    model = mltrain.fit(tmp_path / "t.yaml")
    by_name = model.predict([{"t": 1_700_000_030}])
    assert by_name[0, 0] == pytest.approx(30, abs=1)
    assert model.predict([[1_700_000_030]]) == pytest.approx(by_name)


SAID = [
    # cells, the kind that the config says, the reason that data and summary show
    (["red", "blue", ""], "category", "2 different texts"),
    (["1", "2", "3"], "category", "the config says so; it looks like number: all cells are numbers"),
    (["1", "2", "x"], "category", "3 different texts"),
    (["1", "2", "3"], "number", "all cells are numbers"),
    (["1,5", "2,5", "3"], "number", "all cells are numbers with a decimal comma"),
    (["red", "blue", "green"], "index", "3 different texts"),
    (["2020-01-31", "2021-12-01", "2020-07-15"], "date", "all cells are dates"),
    (["2020-01-31", "2021-12-01", "2020-07-15"], "category", "the config says so; it looks like date: all cells are"),
    (["1,5", "2,5", "3"], "category", "the config says so; it looks like number: all cells are numbers with a decimal"),
    (["yes", "no", "no"], "category", "the config says so; it looks like boolean: all cells are 'yes' or 'no'"),
]


@pytest.mark.parametrize(("cells", "kind", "reason"), SAID)
def test_a_kind_that_the_config_says_has_a_reason_too(load, cells, kind, reason):
    rows = {"a": cells * 20, "b": ["p", "q", "r"] * 20, "n": ["u", "", "w"] * 20, "y": [str(i % 7) for i in range(60)]}
    dataset = load(rows, columns={"a": kind})
    columns = {one.name: one for one in dataset.preprocessing.table.columns}
    assert reason in columns["a"].reason
    if kind in ("category", "index"):  # without a column that makes it necessary to look at all cells first
        alone = load({"a": rows["a"], "c": rows["y"], "y": [*rows["y"][1:], "1"]}, columns={"a": kind})
        found = {one.name: one for one in alone.preprocessing.table.columns}["a"].reason
        assert found.endswith("different texts") or found == reason
