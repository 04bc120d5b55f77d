"""``mltrain report``: one page about one run."""

from pathlib import Path

from mltrain.commands.plot import need_matplotlib, read
from mltrain.runs.overwriting import refuse_unmarked
from mltrain.runs.run import REPORT
from mltrain.system.files import refuse_inputs, write_text
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


def run(terminal: Terminal, path: Path | None, *, out: Path | None) -> None:
    """Write the page beside the model, or to ``out``."""
    need_matplotlib("report")
    from mltrain.views.pictures.gallery import gallery_of
    from mltrain.views.report.page import page_of

    record = read(terminal, path)
    gallery = gallery_of(RunInsight(record))
    for lack in gallery.lacks:
        terminal.note(lack)
    file = out or record.folder / REPORT
    if out is None:
        refuse_unmarked(file)
    refuse_inputs(file, record.inputs)
    write_text(file, page_of(record, gallery))
    terminal.result(
        verbatim(str(file)),
        {"model": str(record.file), "report": str(file), "pictures": [one.name for one in gallery.pictures]},
    )
