"""What ``mltrain init csv`` makes of a target and of odd columns, and what it says: one line a case."""

import random
import sys
from pathlib import Path

import pytest

from mltrain.cli import main

RANDOM = random.Random(0)
NOISE = [f"{RANDOM.random():.3f}" for _ in range(300)]
COPIES = {"x": "3", "z": "1"}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mltrain", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, " ".join(err.split())

    return run


def rows(**columns: list[str]) -> str:
    return "\n".join([",".join(columns), *map(",".join, zip(*columns.values(), strict=False))]) + "\n"


PRICES = ["100", "120", "90", "200", "210", "150", "80", "95", "300", "250", "170", "60"]
MARKS = [str(3 + number % 7) for number in range(300)]
GRADES = [str(number % 18) for number in range(300)]
CASES = [
    # file, options, what is said, what the config has
    (rows(a=NOISE, y=PRICES), [], "'y' is the target: numbers, as all cells are numbers", "loss: mean_squared_error"),
    (rows(a=NOISE, y=MARKS), [], "7 classes, as its 7 whole numbers come up again and again; if", "categories: [y]"),
    (rows(a=NOISE, y=MARKS), ["--regression"], "numbers, as you say", "loss: mean_squared_error"),
    (rows(a=NOISE, y=GRADES), [], "if its 18 different ones are classes to you, say --classes", "units: 1}"),
    (rows(a=NOISE, y=GRADES), ["--classes"], "18 classes, as you say", "categories: [y]"),
    (rows(a=NOISE, y=["p", "q"] * 150), [], "2 classes, as its cells are names", "units: 2"),
    (rows(a=NOISE, y=["1", "1.0", "0"] * 100), [], "2 classes", "units: 2"),
    (
        rows(a=[*NOISE[:20], "-", *NOISE[21:]], y=["p", "q"] * 150),
        [],
        "'-' stands among the numbers of 'a' in 1 row, first in row 21: it counts as missing",
        '"?", "-"]',
    ),
    (
        rows(a=[*NOISE[:20], "broken", *NOISE[21:]], y=["p", "q"] * 150),
        [],
        "if it means that there is no value, add it: missing_values: ['', NA, 'broken']",
        "target: y}",
    ),
    (
        rows(d=["03/04/2020", "05/06/2021", "07/01/2021"] * 20, y=NOISE),
        [],
        "'03/04/2020' is 3 April 2020 with the day first, and 4 March 2020 with the month first",
        "columns: {d: {type: date, order: day_first}}",
    ),
    (rows(k=list(map(str, range(1, 301))), a=NOISE, y=NOISE[::-1]), [], "'k' is left out", "ignore: [k]"),
    (rows(k=list(map(str, range(1, 301))), y=NOISE), [], "'k': number", "target: y}"),
    (
        rows(code=[COPIES[one] for one in "xz" * 150], a=NOISE, y=list("xz" * 150)),
        [],
        "column 'code' says the same as the target 'y' in all rows",
        "target: y}",
    ),
    (rows(a=NOISE, y=["", *NOISE[1:]]), [], "'y' is missing in 1 row", "target: y}"),
    (
        rows(x=["X", ""] * 150, a=NOISE, y=NOISE[::-1]),
        [],
        "'x': category, as 1 text or nothing",
        "columns: {x: category}",
    ),
    (rows(g=[""] * 300, h=["NA"] * 300, a=NOISE, y=NOISE[::-1]), [], "'g', 'h' are left out: the", "ignore: [g, h]"),
    (
        rows(a=["-", *NOISE[1:]], b=["unknown", *NOISE[1:]], w=["unknown", "q", "r"] * 100, y=NOISE[::-1]),
        [],
        "first in row 1, 'unknown' stands among the numbers of 'b' in 1 row, first in row 1: they count as missing",
        "columns: {w: category, b: {type: number, missing_values: [unknown]}}",
    ),
    (
        rows(d=["2020-02-03", "2021-05-06", "2021-01-31"] * 100, a=NOISE, y=NOISE[::-1]).replace(
            "2021-05-06", "soon", 1
        ),
        [],
        "'soon' stands among the dates of 'd' in 1 row, first in row 2, which fit refuses: if it means",
        "columns: {d: date}",
    ),
    (
        rows(a=["1,5", *NOISE[1:]], y=NOISE[::-1]).replace("1,5", '"1,234"').replace("0.", "7"),
        [],
        "'1,234' is read as 1234",
        "target: y}",
    ),
    (rows(f=[f"{float(n) * 1.8 + 32:.3f}" for n in NOISE], a=NOISE[::-1], y=NOISE), [], "column 'f' says the same", ""),
    (
        rows(code=["", *("pq"["xz".index(one)] for one in ("xz" * 150)[1:])], a=NOISE, y=list("xz" * 150)),
        [],
        "column 'code' says the same as the target 'y' in all rows with both",
        "",
    ),
]


@pytest.mark.parametrize(("text", "options", "said", "written"), CASES)
def test_what_is_decided_is_said_and_written(run, text, options, said, written):
    Path("t.csv").write_text(text)
    code, _, err = run("init", "csv", "t.csv", "--target", "y", *options)
    assert code == 0
    assert said in err
    config = Path("t.yaml").read_text()
    assert len(config.splitlines()) <= 25
    assert written in config


def test_fit_repeats_nothing_that_init_chose(run):
    text = rows(k=list(map(str, range(300))), a=[*NOISE[:20], "-", *NOISE[21:]], w=["p", "q", "r"] * 100, y=NOISE[::-1])
    Path("t.csv").write_text(text)
    assert run("init", "csv", "t.csv", "--target", "y")[0] == 0
    assert run("check", "t.yaml") == (0, "t.yaml: ok\n", "")
    code, out, _ = run("summary", "t.yaml")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[-2:]] == [["a", "number", "1"], ["w", "category", "3"]]


REFUSED = [
    (["7"] * 300, [], "column 'y' can be no target: it holds '7' in all rows"),
    ([f"n{number}" for number in range(300)], [], "it has 300 different texts in 300 rows, about one a row"),
    (["2020-01-01", "2021-05-05"] * 150, [], "column 'y' can be no target: it holds dates"),
    ([""] * 300, [], "column 'y' can be no target: it is empty"),
    (["p", "q"] * 150, ["--regression"], "column 'y' cannot be taken for numbers: 'p' is no number"),
    (list(map(str, range(300))), ["--classes"], "it has 300 different numbers in 300 rows, about one a row"),
    (["1", "2"] * 150, ["--classes", "--regression"], "a target is predicted as one of the two"),
]


@pytest.mark.parametrize(("target", "options", "message"), REFUSED)
def test_what_can_be_no_target_is_refused(run, target, options, message):
    Path("t.csv").write_text(rows(a=NOISE, y=target))
    code, _, err = run("init", "csv", "t.csv", "--target", "y", *options)
    assert code != 0
    assert message in err


def test_messages_are_told_from_spam(run):
    """A generated corpus: words that are likelier in one kind of message, among common ones, and numbers to call."""
    chance = random.Random(4)
    ham = ["see", "later", "home", "dinner", "tonight", "love", "work", "class", "sorry", "sleep", "movie", "lunch"]
    spam = ["free", "win", "prize", "claim", "urgent", "cash", "reply", "award", "offer", "call", "bonus", "winner"]
    common = ["to", "a", "the", "i", "and", "in", "for", "is", "it", "my", "of", "your", "this", "on", "have", "with"]
    lines = ["label,message"]
    for _ in range(1200):
        is_spam = chance.random() < 0.2
        likely, other = (spam, ham) if is_spam else (ham, spam)
        words = [
            chance.choice(common if (draw := chance.random()) < 0.45 else other if draw < 0.48 else likely)
            for _ in range(chance.randint(7, 20))
        ]
        words += [str(chance.randint(10**9, 10**10))] * (is_spam and chance.random() < 0.6)
        lines.append(f"{'spam' if is_spam else 'ham'},{' '.join(words)}")
    Path("t.csv").write_text("\n".join(lines) + "\n")
    assert "'message': text, as" in run("init", "csv", "t.csv", "--target", "label")[2]
    assert run("fit", "t.yaml", "--quiet", "--epochs", "15", "--out", "run")[0] == 0
    _, out, _ = run("evaluate", "--model", "run", "--json")
    assert float(out.split('"accuracy":')[1].split("}")[0].split(",")[0]) >= 0.97
