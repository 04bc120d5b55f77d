"""``mltrain schema``: what editors need to complete and check configs."""

from mltrain.config.schema import json_schema
from mltrain.display.terminal import Terminal


def run(terminal: Terminal) -> None:
    """Print the JSON Schema."""
    terminal.document(json_schema())
