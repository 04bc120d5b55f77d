"""The command line: ``python -m benchmarks --help``."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import harness, machine, report, scaling, stall
from benchmarks.peers import DEFAULT, HOW_TO_MAKE, VARIABLE, Peers, find_peers
from benchmarks.works import all_works

ROUNDS, QUICK_ROUNDS = 5, 1
STUDIES = ("stall", "scaling")
"""What takes long and has no peers, and so runs only when it is named."""


class Section(NamedTuple):
    """A part of the results: a table for people, and the same for programs."""

    name: str
    table: str
    document: Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for. Returns 1 if something could not be measured that is there, whatever the limits."""
    options = _read(arguments)
    peers = find_peers(options.peers)
    _tell_of(peers)
    load_before = machine.load()
    run = harness.Run(options.rounds, options.quick, _tell)
    sections = list(_measure(run, peers, options))
    load_after = machine.load()

    facts = machine.describe(peers) | {
        "rounds": str(options.rounds),
        "load average": f"{load_before:.2f} at the start, {load_after:.2f} at the end",
    }
    warnings = machine.warnings(load_before, load_after)
    print("\n\n".join([report.facts(facts), *(section.table for section in sections)]))
    for warning in warnings:
        _tell(f"warning: {warning}")
    if options.json:
        document = {"machine": facts, "warnings": warnings, "absent": peers.absent, "failures": run.failures}
        document |= {section.name: section.document for section in sections}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if options.docs:
        for section in sections:
            report.write_block(section.name, f"{report.facts(facts)}\n\n{section.table}")
    return int(bool(run.failures))


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    works = list(all_works())
    names = [*works, *STUDIES]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure mltrain beside the libraries that a user would otherwise pick.",
        epilog=f"The peers live in an environment of their own; make it with: {HOW_TO_MAKE}",
    )
    only = f"measure these alone: {', '.join(names)}; {' and '.join(STUDIES)} run only when they are named"
    parser.add_argument("--rounds", type=int, metavar="N", help=f"how often to measure; by default {ROUNDS} times")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", default=works, help=only)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument(
        "--peers", metavar="PYTHON", help=f"the interpreter of the peers; by default ${VARIABLE}, or {DEFAULT}"
    )
    parser.add_argument("--quick", action="store_true", help="once and hastily, to see whether everything runs")
    parser.add_argument("--docs", action="store_true", help=f"put the tables into docs/{report.PAGE.name}")
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = QUICK_ROUNDS if options.quick else ROUNDS
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.docs and (options.quick or 0 < len(set(options.only) & set(works)) < len(works)):
        parser.error("--docs is for complete tables: leave out --quick, and name all works or none")
    return options


def _measure(run: harness.Run, peers: Peers, options: argparse.Namespace) -> Iterator[Section]:
    chosen = [work for name, work in all_works().items() if name in options.only]
    if chosen:
        results = [harness.measure(work, peers, run) for work in chosen]
        yield Section("limits", report.result_table(results), [report.result_document(result) for result in results])
    if "stall" in options.only:
        courses = stall.measure(run)
        yield Section("stall", stall.course_table(courses), stall.course_document(courses))
    if "scaling" in options.only:
        points = scaling.measure(run)
        text = scaling.point_table(points)
        if options.docs and scaling.draw(points):
            text += f"\n\n![the same as a plot]({scaling.PLOT.name})"
        elif options.docs:
            _tell("warning: the plot is not drawn, for want of matplotlib")
        yield Section("scaling", text, scaling.point_document(points))


def _tell_of(peers: Peers) -> None:
    if not peers.versions:
        _tell(f"there are no peers at {peers.python}, so mltrain is alone; make them with: {HOW_TO_MAKE}")
    elif peers.absent:
        _tell(f"of the peers, these are absent: {', '.join(peers.absent)}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
