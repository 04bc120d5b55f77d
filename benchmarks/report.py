"""Results as an aligned table, which is Markdown as well, as JSON, and in docs/performance.md."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Result, Sample, Unit
from benchmarks.processes import ROOT

PAGE = ROOT / "docs/performance.md"
UNITS: dict[Unit, float] = {"s": 1, "ms": 1e-3, "µs": 1e-6, "MB": 1e6}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An aligned table, in Markdown. The cells of the first column stand to the left, the others by their content."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    rule = ["-" * width for width in widths]
    lines = (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (header, rule, *rows)
    )
    return "\n".join(lines)


def number(value: float) -> str:
    """A number as tables show it: three digits, or all those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def result_table(results: Sequence[Result]) -> str:
    """A row for each pair of mltrain and another: medians with spreads, their ratio, the limits and the verdict."""
    header = ["work", "against", "mltrain", "the other", "ratio", "at most", "aim", ""]
    return table(header, [row for result in results for row in _rows(result)])


def _rows(result: Result) -> list[list[str]]:
    work = result.work
    rows = []
    for index, side in enumerate(work.others):
        ratio = result.ratio(side)
        rows.append(
            [
                "" if index else work.title,
                side.label,
                _measured(result, work.mltrain.label),
                _measured(result, side.label),
                *("" if value is None else f"{value:.2f}" for value in (ratio, side.at_most, side.aim)),
                result.verdict(side) or "",
            ]
        )
    return rows


def _measured(result: Result, label: str) -> str:
    if label in result.missing:
        return result.missing[label]
    sample, unit = result.samples[label], result.work.unit
    low, middle, high = (number(value / UNITS[unit]) for value in _spread(sample))
    return f"{middle} {unit} ({low}..{high})" if len(sample.values) > 1 else f"{middle} {unit}"


def _spread(sample: Sample) -> tuple[float, float, float]:
    return min(sample.values), sample.median, max(sample.values)


def result_document(result: Result) -> dict[str, Any]:
    """A result for programs: seconds or bytes, whatever the unit of the table."""
    work = result.work
    samples = {
        label: {"values": list(sample.values), **dict(zip(("min", "median", "max"), _spread(sample), strict=True))}
        for label, sample in result.samples.items()
    }
    ratios = [
        {
            "against": side.label,
            "ratio": result.ratio(side),
            "at_most": side.at_most,
            "aim": side.aim,
            "verdict": result.verdict(side),
        }
        for side in work.others
    ]
    return {
        "name": work.name,
        "title": work.title,
        "measured": samples,
        "missing": dict(result.missing),
        "ratios": ratios,
    }


def facts(machine: Mapping[str, str]) -> str:
    """The description of the machine, a line a fact."""
    return "\n".join(f"- {name}: {text}" for name, text in machine.items())


def write_block(name: str, text: str, page: Path = PAGE) -> None:
    """Put ``text`` between the marks of the block ``name`` in a page. Raises `ValueError` if the page lacks them."""
    before = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: written by python -m benchmarks -->", f"<!-- end of {name} -->"
    if begin not in before or end not in before:
        raise ValueError(f"{page} must have the lines '{begin}' and '{end}'")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", before), encoding="utf-8")
