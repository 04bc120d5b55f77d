"""``mltrain fit`` for somebody who watches: through a pseudo-terminal."""

import re
from pathlib import Path

import pytest
from command_runs import COLUMNS, lesson, pseudo_terminal, succeed, without_codes

COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9][0-9;]*m")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a terminal was sent while all 500 epochs of the first lesson ran."""
    folder = tmp_path_factory.mktemp("terminal")
    with pseudo_terminal("fit", lesson("linear"), "--out", str(folder / "run")) as terminal:
        assert terminal.wait_for_end() == 0
    succeed("fit", lesson("linear"), "--out", str(folder / "elsewhere"), "--quiet")
    assert (folder / "run" / "model.npz").read_bytes() == (folder / "elsewhere" / "model.npz").read_bytes()
    return terminal.shown


def test_table_stays_with_the_closing_lines_below(shown: str) -> None:
    lines = [line.rstrip() for line in without_codes(shown[shown.rindex("linear\x1b") :]).splitlines()]
    assert lines[0] == "linear"
    assert [line.split()[0] for line in lines if re.match(r"\s*(\d+|⋮)\s", f"{line} ") and "┤" not in line][:8]
    epochs = [words[0] for line in lines if (words := line.split()) and re.fullmatch(r"\d+|⋮", words[0])]
    assert epochs[:8] == ["1", "2", "3", "⋮", "497", "498", "499", "500"]
    labels = [line.partition("  ")[0] for line in lines if line]
    assert labels[-4:] == ["trained", "reached", "saved", "next"] or "saved" in labels
    assert all(len(line) <= COLUMNS for line in lines)


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
