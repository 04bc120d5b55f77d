import json

import fake_sides
import pytest

from benchmarks import __main__ as command_line
from benchmarks import machine, peers
from benchmarks.harness import Side, Work


@pytest.fixture
def works(monkeypatch):
    """Two works in place of all: one with an absent peer, and one that fails."""
    own, other = (
        Side(name, fake_sides.told, {"number": number}) for name, number in (("mltrain", 1.0), ("other", 4.0))
    )
    absent = Side("a peer", fake_sides.told, {"number": 1.0}, needs=("torch",), at_most=1.0)
    works = [
        Work("good", "a good work", "s", own, (other, absent)),
        Work("bad", "a bad work", "s", own, (Side("other", fake_sides.broken),)),
    ]
    monkeypatch.setattr(command_line, "all_works", lambda: {work.name: work for work in works})


@pytest.fixture
def main(works, tmp_path, capsys):
    """Runs the command without peers; its exit code, what it wrote, and the JSON."""

    def run(*arguments):
        file = tmp_path / "results.json"
        code = command_line.main([*arguments, "--peers", str(tmp_path / "none"), "--json", str(file)])
        return code, capsys.readouterr(), json.loads(file.read_text("utf-8"))

    return run


def test_the_table_and_the_json_say_the_same(main):
    code, wrote, document = main("--only", "good", "--rounds", "3")
    assert code == 0
    assert "| a good work | other   | 1 s (1..1) | 4 s (4..4) | 0.25 " in wrote.out
    assert "|             | a peer  | 1 s (1..1) | absent" in wrote.out
    [result] = document["limits"]
    assert result["measured"]["other"]["values"] == [4.0, 4.0, 4.0]
    assert result["ratios"][0]["ratio"] == 0.25
    assert document["absent"] == peers.wanted()
    for fact in ("processor", "memory", "versions", "load average"):
        assert f"- {fact}: {document['machine'][fact]}" in wrote.out


def test_absent_peers_are_said_to_be_absent_and_how_to_get_them(main):
    _, wrote, _ = main("--only", "good", "--quick")
    assert "there are no peers at" in wrote.err
    assert peers.HOW_TO_MAKE in wrote.err
    assert "a peer is left out: torch is not there" in wrote.err


def test_a_failure_shows_in_the_exit_code_and_stops_nothing(main):
    code, wrote, document = main("--quick")
    assert code == 1
    assert "failed" in wrote.out
    assert [result["name"] for result in document["limits"]] == ["good", "bad"]
    assert len(document["failures"]) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rounds", "0"], "--rounds must be at least 1"),
        (["--only", "nothing"], "invalid choice: 'nothing'"),
        (["--docs", "--quick"], "--docs is for complete tables"),
        (["--docs", "--only", "good"], "--docs is for complete tables"),
    ],
)
def test_what_the_command_line_refuses(works, capsys, arguments, complaint):
    with pytest.raises(SystemExit) as end:
        command_line.main(arguments)
    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_busy_machine_is_warned_of():
    assert machine.warnings(0.1, 1.0) == []
    [warning] = machine.warnings(2.0, 1.0)
    assert "2.00 at the start" in warning
    [warning] = machine.warnings(0.1, 1000.0)
    assert "1000.00 at the end" in warning


def test_the_peers_are_those_of_the_option_or_else_of_the_variable(monkeypatch):
    monkeypatch.setenv(peers.VARIABLE, "/from/the/variable")
    assert str(peers.find_peers().python) == "/from/the/variable"
    assert str(peers.find_peers("/from/the/option").python) == "/from/the/option"
    monkeypatch.delenv(peers.VARIABLE)
    assert str(peers.find_peers().python).endswith(peers.DEFAULT)


def test_an_environment_tells_which_versions_it_has():
    assert "numpy" in peers.installed_versions(["numpy", "no-such-package"])
    assert "no-such-package" not in peers.installed_versions(["numpy", "no-such-package"])
