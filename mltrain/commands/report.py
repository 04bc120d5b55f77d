"""``mltrain report``: one page about one run, or one sweep."""

from pathlib import Path

from mltrain.commands.plot import need_matplotlib, subject_of
from mltrain.runs.overwriting import refuse_unmarked
from mltrain.runs.run import REPORT
from mltrain.runs.saved_sweep import SavedSweep
from mltrain.system.files import refuse_inputs, write_text
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


def run(terminal: Terminal, path: Path | None, *, out: Path | None) -> None:
    """Write the page beside the model, or to ``out``."""
    need_matplotlib("report")
    from mltrain.views.report.page import page_of
    from mltrain.views.report.sweep_page import sweep_page

    subject = subject_of(terminal, path)
    file = out or subject.folder / REPORT
    if out is None:
        refuse_unmarked(file)
    refuse_inputs(file, subject.of.inputs)
    of, gallery = subject.of, subject.gallery
    write_text(file, sweep_page(of, gallery) if isinstance(of, SavedSweep) else page_of(of, gallery))
    terminal.result(
        verbatim(str(file)),
        {subject.kind: str(subject.file), "report": str(file), "pictures": [one.name for one in gallery.pictures]},
    )
