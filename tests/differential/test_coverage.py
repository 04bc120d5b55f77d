"""Whatever mltrain has to offer is compared with Keras or PyTorch, or is known not to be."""

from dataclasses import replace

import pytest

from campaigns.differential import coverage, scripts
from campaigns.differential.case import draw_case
from campaigns.differential.coverage import uncovered, without_counterpart
from campaigns.differential.members import MEMBERS
from campaigns.differential.peers import PEERS, has_all, members_of


def test_nothing_is_forgotten() -> None:
    assert not uncovered(), "say in differential/members.py how it is drawn and write it for the peers"


def test_what_the_peers_lack_is_known() -> None:
    assert {peer: without_counterpart(peer) for peer in PEERS} == {"keras": [], "torch": []}


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


def test_a_member_that_scripts_lack_is_compared_with_the_other_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scripts.LACKING, "torch", {"adam": "for a reason"})
    assert without_counterpart("torch") == ["optimizers: adam"]
    cases = [draw_case(0, number) for number in range(40)]
    kept = [has_all("torch", case) for case in cases]
    assert kept == [("optimizers", "adam") not in members_of(case) for case in cases]
    assert all(has_all("keras", case) for case in cases)
