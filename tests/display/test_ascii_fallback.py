import pytest
from screens import Tty, encoded_stream, terminal

from mltrain.views.terminal.ascii_fallback import BRAILLE, AsciiFallback
from mltrain.views.terminal.loss_curve import LossCurve
from mltrain.views.terminal.terminal import Channel
from mltrain.views.terminal.views import verbatim

PRETTY = "412 µs/step → ▁▄█ ━━── │┤└ ○ ⋮"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", PRETTY),
        ("ascii", "412 us/step > .=@ ==-- |++ o :"),
        ("latin-1", "412 us/step > .=@ ==-- |++ o :"),
    ],
)
def test_what_cannot_be_encoded_is_spelled_in_ascii(encoding, written):
    stream, raw = encoded_stream(encoding)
    Channel(stream).print(verbatim(PRETTY))
    assert raw.getvalue().decode(encoding) == written + "\n"


def test_what_can_be_encoded_is_left_alone():
    stream, raw = encoded_stream("latin-1")
    Channel(stream).print(verbatim("412 µs/step, naïve"))
    assert raw.getvalue() == "412 µs/step, naïve\n".encode("latin-1")


@pytest.mark.parametrize("tty", [False, True])
def test_foreign_letters_and_broken_file_names_do_not_break_anything(tty):
    stream, raw = encoded_stream("ascii", tty=tty)
    Channel(stream).print(verbatim("猫 \udcff.yaml"))
    assert b"\\u732b \\udcff.yaml" in raw.getvalue()


def test_a_terminal_that_cannot_encode_gets_ascii():
    stream, raw = encoded_stream("ascii", tty=True)
    Channel(stream).print(LossCurve([4, 2, 1], [5, 3, 2]))
    assert b"epoch 1 ---" in raw.getvalue()
    assert b"o val_loss" in raw.getvalue()


def test_the_console_of_linux_gets_ascii(monkeypatch):
    monkeypatch.setenv("TERM", "linux")
    _, out, _ = show = terminal(tty=True)
    show[0].out.print(verbatim(PRETTY))
    assert out.getvalue() == "412 us/step > .=@ ==-- |++ o :\n"


@pytest.mark.parametrize(
    ("dots", "stroke"),
    [(0x00, " "), (0x09, "'"), (0x12, "-"), (0x24, "-"), (0xC0, "."), (0x47, "|"), (0x03 | 0xA0, "\\"), (0x0C, "/")],
)
def test_braille_becomes_the_strokes_that_look_most_like_it(dots, stroke):
    stream = Tty()
    AsciiFallback(stream, ascii_only=True).write(chr(BRAILLE + dots))
    assert stream.getvalue() == stroke
