import io
import json
import math
import subprocess
import sys

import pytest
from screens import Tty, terminal

from mltrain.views.terminal.terminal import Channel, Terminal
from mltrain.views.terminal.views import ACCENT, Lines, Span, verbatim

STYLED = Lines([[Span("plain "), Span("styled", ACCENT)]])


def test_a_pipe_gets_plain_text():
    show, out, err = terminal()
    show.result(STYLED, {})
    assert (out.getvalue(), err.getvalue()) == ("plain styled\n", "")


def test_a_terminal_gets_colour():
    show, out, _ = terminal(tty=True)
    show.result(STYLED, {})
    assert out.getvalue() == "plain \x1b[36mstyled\x1b[0m\n"


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    show, out, _ = terminal(tty=True)
    show.result(STYLED, {})
    assert out.getvalue() == "plain styled\n"


@pytest.mark.parametrize("kind", ["dumb", "unknown", "", None])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_text(monkeypatch, kind):
    monkeypatch.setattr("sys.platform", "linux")
    if kind is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", kind)
    show, out, _ = terminal(tty=True)
    show.result(STYLED, {})
    assert not show.out.is_terminal
    assert out.getvalue() == "plain styled\n"


def test_windows_sets_no_term(monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.delenv("TERM", raising=False)
    assert Channel(Tty()).is_terminal


def test_square_brackets_and_numbers_are_left_alone():
    show, out, _ = terminal(tty=True)
    show.result(verbatim("layers[1].units: [bold] :smile: 12"), {})
    assert out.getvalue() == "layers[1].units: [bold] :smile: 12\n"


def test_json_is_one_document_in_ascii_without_nan():
    show, out, err = terminal(json=True)
    document = {"loss": math.nan, "metrics": {"r2": -math.inf}, "y": [1.5, (2, math.inf)], "label": "猫", "ok": True}
    show.result(STYLED, document)
    assert out.getvalue() == (
        '{"loss": null, "metrics": {"r2": null}, "y": [1.5, [2, null]], "label": "\\u732b", "ok": true}\n'
    )
    assert json.loads(out.getvalue())["label"] == "猫"
    assert err.getvalue() == ""


def test_messages_go_to_stderr_and_quiet_takes_the_notes_away():
    for quiet, expected in (
        (False, "note: a\nwarning: b\nerror: c\n"),
        (True, "warning: b\nerror: c\n"),
    ):
        show, out, err = terminal(quiet=quiet)
        show.note("a")
        show.warning("b")
        show.error("c")
        assert (out.getvalue(), err.getvalue()) == ("", expected)


def test_the_streams_are_those_of_python(capsys):
    show = Terminal()
    show.result(verbatim("result"), {})
    show.error("wrong")
    assert capsys.readouterr() == ("result\n", "error: wrong\n")


def test_one_of_the_streams_may_be_a_terminal():
    show = Terminal(out=io.StringIO(), err=Tty())
    assert (show.out.is_terminal, show.err.is_terminal) == (False, True)


def test_the_width_is_that_of_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "33")
    assert Channel(Tty()).console.width == 33


def test_rich_is_not_imported_where_nothing_is_a_terminal():
    program = """
import sys
from mltrain.views.terminal import download
from mltrain.views.terminal import explain
from mltrain.views.terminal import messages
from mltrain.views.terminal import tables
from mltrain.views.terminal import terminal
from mltrain.views.terminal import training_display as training
from mltrain.training.epoch_report import EpochReport

show = terminal.Terminal()
with training.training_display(show, title="t", epochs=1) as display:
    display.show(EpochReport(1, 1, 1, 0.1, 0.5, {}))
with download.download_bar(show) as progress:
    progress("file", 1, 2)
show.result(tables.evaluation("test", 1, 0.5, {}), {})
show.error("wrong")
print(sorted(name for name in sys.modules if name.partition(".")[0] == "rich"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert len(done.stderr.splitlines()) == 3
