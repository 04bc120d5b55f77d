"""``mltrain schema``: what editors need to complete and check configs."""

from mltrain.config.schema import schema_text
from mltrain.display.terminal import Terminal
from mltrain.display.views import verbatim


def run(terminal: Terminal) -> None:
    """Print the JSON Schema."""
    terminal.result(verbatim(schema_text().rstrip()), {})
