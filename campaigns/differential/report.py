"""What was found, as text."""

import math
from collections.abc import Iterable, Sequence
from typing import get_args

from benchmarks.report import table
from campaigns.differential.case import Case
from campaigns.differential.peers import PEERS, members_of
from campaigns.differential.verdict import Verdict, Word, is_astray

WORDS = get_args(Word)


def summary(verdicts: Sequence[Verdict]) -> str:
    """Counts by peer, and the worst differences of those that agree."""
    columns = {peer: [verdict for verdict in verdicts if verdict.peer == peer] for peer in PEERS}
    rows = [["configs compared", *(f"{len(found):,}" for found in columns.values())]]
    for word in WORDS:
        counts = (sum(verdict.word == word for verdict in found) for found in columns.values())
        rows.append([word, *(f"{count:,}" for count in counts)])
    agreeing = [[verdict for verdict in found if verdict.word == "agrees"] for found in columns.values()]
    rows.append(["furthest apart in float64", *(_share(verdict.formula for verdict in found) for found in agreeing)])
    rows.append(
        ["mltrain's float32 off by, at most", *(_units(verdict.ours for verdict in found) for found in agreeing)]
    )
    rows.append(["the peer's own float32 off by", *(_units(verdict.peers for verdict in found) for found in agreeing)])
    return table(["", *PEERS.values()], rows)


def by_member(cases: Iterable[Case], verdicts: Sequence[Verdict]) -> str:
    """For each member of a family the worst differences of the agreeing configs with it."""
    found: dict[tuple[str, str], list[Verdict]] = {}
    used: dict[tuple[str, str], int] = {}
    by_number: dict[int, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.word == "agrees":
            by_number.setdefault(verdict.number, []).append(verdict)
    for case in cases:
        for member in members_of(case):
            used[member] = used.get(member, 0) + 1
            found.setdefault(member, []).extend(by_number.get(case.number, ()))
    rows = []
    for family, name in sorted(used):
        own = found[family, name]
        peers = (_units(verdict.peers for verdict in own if verdict.peer == peer) for peer in PEERS)
        worst = _share(verdict.formula for verdict in own), _units(verdict.ours for verdict in own)
        rows.append([family, name, f"{used[family, name]:,}", *worst, *peers])
    return table(["", "", "configs", "float64", "float32", *(f"{name}'s own" for name in PEERS.values())], rows)


def yardstick(verdicts: Sequence[Verdict]) -> str:
    """How the peers would do if they were judged by each other as mltrain is by them."""
    verdicts = [verdict for verdict in verdicts if math.isfinite(verdict.peers)]
    own = {(verdict.number, verdict.peer): verdict.peers for verdict in verdicts}
    both = [number for number, peer in own if peer == "keras" and (number, "torch") in own]
    lines = []
    for judged, judge in (("keras", "torch"), ("torch", "keras")):
        astray = sum(is_astray(own[number, judged], own[number, judge]) for number in both)
        lines.append(
            f"By the same measure of float32, {PEERS[judged]} would be too far off, beside {PEERS[judge]}, "
            f"in {astray:,} of {len(both):,}."
        )
    mltrain = sum(is_astray(verdict.ours, verdict.peers) for verdict in verdicts)
    return "\n".join([*lines, f"mltrain is, beside both, in {mltrain:,} of {len(verdicts):,} comparisons."])


def line(verdict: Verdict) -> str:
    """One verdict that is not simply agreement."""
    peer = PEERS[verdict.peer]
    apart = f"float64 {verdict.formula:.1e}, float32 {verdict.ours:.0f} units, {peer}'s own {verdict.peers:.0f}"
    return f"config {verdict.number} {verdict.word} beside {peer}: {verdict.where}; {apart}"


def _share(values: Iterable[float]) -> str:
    return f"{max(values, default=0):.1e}"


def _units(values: Iterable[float]) -> str:
    return f"{max(values, default=0):,.0f} units"
