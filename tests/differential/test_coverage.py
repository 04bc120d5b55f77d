"""Whatever mltrain has to offer is compared with Keras or PyTorch, or is known not to be."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns import differential
from campaigns.differential import coverage
from campaigns.differential.coverage import uncovered, without_counterpart
from campaigns.differential.members import MEMBERS, NONE
from campaigns.differential.peers import PEERS

TABLES = {
    "activations": "ACTIVATIONS",
    "losses": "LOSSES",
    "regularizers": "REGULARIZERS",
    "optimizers": "OPTIMIZERS",
    "schedules": "SCHEDULES",
}


def test_nothing_is_forgotten() -> None:
    assert not uncovered(), "say in differential/members.py how it is drawn and who has it, and add it to the peers"


def test_what_the_peers_lack_is_known() -> None:
    assert without_counterpart("keras") == ["activations: step", "losses: perceptron"]
    assert without_counterpart("torch") == []


def test_new_members_options_and_families_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {family: dict(members) for family, members in MEMBERS.items()}
    del known["schedules"]
    del known["optimizers"]["adam"]
    huber = known["losses"]["huber"]
    known["losses"]["huber"] = replace(huber, options={})
    monkeypatch.setattr(coverage, "MEMBERS", known)
    without_shuffle = coverage.WITH_THE_NETWORK["training"] - {"shuffle"}
    monkeypatch.setitem(coverage.WITH_THE_NETWORK, "training", without_shuffle)
    assert uncovered() == [
        "losses: huber, option delta",
        "optimizers: adam",
        "schedules: all of this family",
        "section: training, option shuffle",
    ]


@pytest.mark.parametrize("peer", PEERS)
def test_peers_have_what_is_said_of_them(peer: str) -> None:
    """Read from their source: nothing here can import it."""
    sources = Path(differential.__file__).parent.glob(f"{peer}_*.py")
    nodes = [node for path in sources for node in ast.parse(path.read_text("utf-8")).body]
    tables = {
        target.id: {ast.literal_eval(key) for key in node.value.keys if key}
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for family, table in TABLES.items():
        assert tables[table] == {name for name, member in MEMBERS[family].items() if getattr(member, peer) != NONE}
