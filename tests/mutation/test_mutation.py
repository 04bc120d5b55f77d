"""The mutation campaign: which changes it makes, which tests it runs, and that it sees what they say."""

import ast
from pathlib import Path

import pytest

from campaigns.mutation.__main__ import EQUIVALENT, ROOT, main
from campaigns.mutation.campaign import Checkout, Tally, run_all
from campaigns.mutation.mutants import Mutant, draw, mutants_of
from campaigns.mutation.related import stages

FILE = Path("mltrain/toy.py")


def changes(source: str) -> set[tuple[str, str]]:
    return {(mutant.old, mutant.new) for mutant in mutants_of(FILE, source)}


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("x = a < b", "a < b", "(a <= b)"),
        ("x = a == b", "a == b", "(a != b)"),
        ("x = a not in b", "a not in b", "(a in b)"),
        ("x = a + b", "a + b", "(a - b)"),
        ("x = a and b", "a and b", "(a or b)"),
        ("x = not a", "not a", "a"),
        ("x = a if b else c", "a if b else c", "(c if b else a)"),
        ("x = True", "True", "False"),
        ("x = 7", "7", "8"),
        ("x = min(a, b)", "min(a, b)", "(max(a, b))"),
        ("if a:\n    raise ValueError", "raise ValueError", "pass"),
        ("f(a)", "f(a)", "pass"),
        ("x += a", "x += a", "pass"),
        ("for a in b:\n    continue", "continue", "break"),
        ("def f():\n    return a", "return a", "return None"),
    ],
)
def test_a_change_of_each_kind(source: str, old: str, new: str) -> None:
    assert (old, new) in changes(source)


@pytest.mark.parametrize(
    "source", ["x: int", "def f(x: Literal[1]) -> Literal[1]: ...", "'docs'", "x = a + 'b'", "@cache(1)\ndef f(): ..."]
)
def test_no_change_where_nothing_runs_or_the_file_would_only_break(source: str) -> None:
    assert changes(source) == set()


def test_a_mutant_is_the_file_with_one_part_changed() -> None:
    source = 'x = "é"; y = a < b  # why\n'
    (mutant,) = mutants_of(FILE, source)
    assert mutant.text == 'x = "é"; y = (a <= b)  # why\n'
    assert (mutant.line, str(mutant)) == (1, "mltrain/toy.py:1:15  a < b -> (a <= b)")


def test_every_mutant_of_a_real_file_is_python() -> None:
    path = Path("mltrain/config/differences.py")
    mutants = list(mutants_of(path, (ROOT / path).read_text("utf-8")))
    assert len(mutants) > 20
    for mutant in mutants:
        ast.parse(mutant.text)


def test_a_seed_draws_the_same_mutants() -> None:
    files = [Path("mltrain/config/differences.py"), Path("mltrain/spec.py")]
    first, again, other = (draw(files, 5, seed, ROOT) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(set(first)) == 5


def test_related_tests_come_first_and_each_once() -> None:
    near, room, others = stages(Path("mltrain/config/differences.py"), ROOT)
    assert "tests/runs/test_runs_commands.py" in near + room + others
    assert "tests/config/test_overrides.py" in room
    assert "tests/lessons/test_mnist_lesson.py" in others
    everything = [*near, *room, *others]
    assert len(everything) == len(set(everything)) == len(list((ROOT / "tests").rglob("test_*.py")))


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A checkout with one function and one test of it."""
    for folder in ("mltrain", "tests"):
        (tmp_path / "toy" / folder).mkdir(parents=True)
    (tmp_path / "toy" / "mltrain" / "__init__.py").touch()
    (tmp_path / "toy" / FILE).write_text("def least(a, b):\n    unused = 1\n    return min(a, b)\n")
    (tmp_path / "toy" / "tests" / "test_toy.py").write_text(
        "from mltrain.toy import least\n\n\ndef test():\n    assert least(1, 2) == 1\n"
    )
    return tmp_path / "toy"


def test_verdicts(toy: Path, tmp_path: Path) -> None:
    checkout = Checkout(toy, tmp_path / "copy")
    source = (toy / FILE).read_text()
    mutants = {mutant.old: mutant for mutant in mutants_of(FILE, source)}
    told: list[str] = []
    chosen = [mutants["min(a, b)"], mutants["1"]]
    tally = run_all(chosen, lambda mutant: checkout.verdict(mutant, 60, 0), told.append)
    assert (tally.killed, tally.survivors) == (1, [mutants["1"]])
    assert "killed" in told[0]
    assert "survived" in told[1]
    assert (tmp_path / "copy" / FILE).read_text() == source
    endless = Mutant(FILE, 1, 1, "", "", "while True: pass\n")
    assert checkout.verdict(endless, 0.5, 0) == "timeout"


def test_survivors_that_change_nothing_are_counted_apart() -> None:
    known, new = (Mutant(FILE, 1, 1, old, "b", "") for old in "xy")
    tally = Tally(killed=3, timeouts=1, survivors=[known, new])
    assert tally.report([known.key]).splitlines() == [
        "3 killed, 1 timed out, 1 survived, 1 equivalent",
        "mltrain/toy.py:1:1  y -> b",
    ]


def test_mutants_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--mutations", "3", "--files", "mltrain/config/*.py"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("   0 mltrain/config/")
    assert len(rest) == 2
    assert EQUIVALENT.exists()
