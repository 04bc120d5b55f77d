"""The table of ``fit --profile``: the time of each phase and layer."""

from collections.abc import Sequence
from typing import Protocol

from mltrain.views.terminal.number_format import duration, percent
from mltrain.views.terminal.views import FAINT, RULE, Column, Lines, Row, Span, Stack, Table, View, verbatim


class Share(Protocol):
    """The time of one layer (or of no layer: "") in one phase of training."""

    @property
    def phase(self) -> str: ...
    @property
    def layer(self) -> str: ...
    @property
    def seconds(self) -> float: ...


def profile_table(shares: Sequence[Share], steps: int, strategy: str, processes: int) -> View:
    """A line for each phase and layer: microseconds a step, and the share of all that was measured."""
    total = sum(share.seconds for share in shares)
    if not total or not steps:
        return verbatim("profile: there were no steps to measure")
    columns = [Column("phase"), Column("layer"), Column("µs/step", right=True), Column("share", right=True)]
    rows: list[Row] = [
        (share.phase, share.layer, f"{share.seconds / steps * 1e6:,.1f}", percent(share.seconds / total))
        for share in shares
    ]
    together = ("all", "", f"{total / steps * 1e6:,.1f}", duration(total))
    who = "1 process"
    if processes > 1:
        shared = {"columns": "the large kernels", "rows": "the rows of each batch"}[strategy]
        who = f"{processes} processes share {shared} (strategy {strategy}); waiting for each other is included"
    return Stack([verbatim(""), Table(columns, [RULE, *rows, RULE, together]), Lines([[Span(who, FAINT)]])])
