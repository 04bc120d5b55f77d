"""``mltrain schema``: the JSON Schema by which editors complete and check configs."""

from mltrain.config.schema import schema_text
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


def run(terminal: Terminal) -> None:
    """Print the JSON Schema."""
    terminal.result(verbatim(schema_text().rstrip()), {})
