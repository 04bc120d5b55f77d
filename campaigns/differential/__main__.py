"""The command line: ``python -m campaigns.differential --help``."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers import DEFAULT, HOW_TO_MAKE, VARIABLE, Peers, find_peers
from mltrain.system.threads import share_cores

if TYPE_CHECKING:
    from campaigns.differential.case import Case
    from campaigns.differential.verdict import Verdict

CONFIGS, SEED = 1000, 0

AT_ONCE = 200
"""Configs that are trained before there is news."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and say what was found. Returns 1 where anything disagrees or is not compared, 2 without peers."""
    options = _read(arguments)
    share_cores(options.threads)
    from campaigns.differential.coverage import uncovered, without_counterpart
    from campaigns.differential.peers import PEERS

    peers = find_peers(options.peers)
    missing = [name for name in PEERS if name not in peers.versions]
    if missing:
        print(f"{peers.python} lacks {' and '.join(missing)}; make the peers with: {HOW_TO_MAKE}", file=sys.stderr)
        return 2
    disagreements = _compare(options, peers)
    for peer, name in PEERS.items():
        print(f"Without counterpart in {name}: {', '.join(without_counterpart(peer)) or 'nothing'}.")
    for gap in (gaps := uncovered()):
        print(f"not compared with anybody: {gap}")
    return int(bool(disagreements or gaps))


def _compare(options: argparse.Namespace, peers: Peers) -> int:
    """Train and judge all that is asked for; the number of disagreements."""
    from campaigns.differential import report
    from campaigns.differential.case import draw_case
    from campaigns.differential.peers import PEERS

    numbers = list(range(options.configs)) if options.only is None else [options.only]
    cases: list[Case] = []
    verdicts: list[Verdict] = []
    wrong: set[int] = set()
    for first in range(0, len(numbers), AT_ONCE):
        some = [draw_case(options.seed, number) for number in numbers[first : first + AT_ONCE]]
        verdicts += _judged(some, peers)
        cases += some
        wrong = {verdict.number for verdict in verdicts if verdict.word == "disagrees"}
        print(f"{len(cases):,} of {len(numbers):,} configs, {len(wrong):,} disagreements", file=sys.stderr)
    versions = ", ".join(f"{title} {peers.versions[name]}" for name, title in PEERS.items())
    print(f"{len(cases):,} configs of seed {options.seed}; {versions}\n")
    print(report.summary(verdicts), report.yardstick(verdicts), report.by_member(cases, verdicts), sep="\n\n")
    print()
    for verdict in verdicts:
        if verdict.word != "agrees" or options.only is not None:
            print(report.line(verdict))
    for case in cases:
        if options.only is not None or case.number in wrong:
            again = f"python -m campaigns.differential --seed {options.seed} --only {case.number}"
            print(f"\n# {again}\n{case.yaml(rows=options.only is not None)}")
    if options.json:
        document = {"seed": options.seed, "peers": dict(peers.versions), "verdicts": [asdict(one) for one in verdicts]}
        options.json.write_text(json.dumps(document) + "\n", encoding="utf-8")
    return len(wrong)


def _judged(cases: "Sequence[Case]", peers: Peers) -> "list[Verdict]":
    """What is to be said of each case beside each peer that has all of it."""
    from campaigns.differential.ours import train_float32, train_float64
    from campaigns.differential.peers import train_by_peers
    from campaigns.differential.verdict import Ours, judge

    ours = {case.number: Ours(train_float32(case), train_float64(case)) for case in cases}
    return [
        judge(case, peer, ours[case.number], results[case.number, "float32"], results[case.number, "float64"])
        for peer, results in train_by_peers(cases, peers).items()
        for case in cases
        if (case.number, "float64") in results
    ]


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m campaigns.differential",
        description="Train random configs with mltrain, Keras and PyTorch, and compare losses and weights.",
        epilog=f"The peers live in an environment of their own; make it with: {HOW_TO_MAKE}",
    )
    parser.add_argument("--configs", type=int, default=CONFIGS, metavar="N", help=f"how many; by default {CONFIGS}")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"what draws them; by default {SEED}")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="the one config of this number, with its YAML")
    parser.add_argument("--threads", type=int, metavar="N", help="processor cores for mltrain; by default all")
    parser.add_argument(
        "--peers", metavar="PYTHON", help=f"the interpreter of the peers; by default ${VARIABLE}, or {DEFAULT}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every comparison there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
