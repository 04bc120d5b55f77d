"""``mltrain fit`` for somebody who watches: through a pseudo-terminal."""

import re
from pathlib import Path

import pytest
from command_runs import lesson, pseudo_terminal, without_codes

COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9][0-9;]*m")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a terminal was sent while all 500 epochs of the first lesson ran."""
    folder = tmp_path_factory.mktemp("terminal")
    with pseudo_terminal("fit", lesson("linear"), "--out", str(folder / "run")) as terminal:
        assert terminal.wait_for_end() == 0
    return terminal.shown


def test_table_and_curve_stay_with_the_closing_lines_below(shown: str) -> None:
    lines = [line.rstrip() for line in without_codes(shown).splitlines()]
    table = lines[len(lines) - lines[::-1].index("linear") :]
    assert table[:2] == ["", "epoch        loss  µs/step"]
    assert [line.split()[0] for line in table[2:10]] == ["1", "2", "3", "⋮", "497", "498", "499", "500"]
    assert table[11].split() == ["loss", "(log", "scale)"]
    # A long path continues on a line of its own.
    trained, reached, saved, following = (line for line in lines[-6:] if line[:1].isalpha())
    assert trained.startswith("trained  500 epochs in ")
    assert reached == f"reached  loss {table[9].split()[1]}"
    assert saved.startswith("saved    ")
    assert following.startswith("next     mltrain predict --x ")


def test_it_is_in_colour(shown: str) -> None:
    assert COLOUR.search(shown)


def test_cursor_is_not_left_hidden(shown: str) -> None:
    assert shown.rfind("\x1b[?25h") >= shown.rfind("\x1b[?25l")


def test_no_color_is_honoured(work: Path) -> None:
    with pseudo_terminal("fit", lesson("linear"), "--epochs", "20", NO_COLOR="1") as terminal:
        assert terminal.wait_for_end() == 0
    assert "reached" in terminal.shown
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.shown)
    assert (work / "runs" / "linear-001" / "model.npz").is_file()
