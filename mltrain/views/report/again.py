"""The commands that write a config to a file, for pages that say how to do it again."""

from collections.abc import Sequence
from pathlib import Path

from mltrain.config import Config
from mltrain.config.dump import to_yaml
from mltrain.data.base import DatasetSpec

_END = "END_OF_CONFIG"
"""The delimiter of the here-document with the config."""


def config_as_commands(config: Config) -> Sequence[str]:
    """Commands that write ``config.yaml``, and what they need beside it."""
    return [f"cat > config.yaml <<'{_END}'", *to_yaml(config).splitlines(), _END, *_about_files(config.dataset)]


def _about_files(dataset: DatasetSpec) -> list[str]:
    """The prerequisites of the commands: the files that the config names, without their folders."""
    moved = dataset.with_absolute_paths(Path("/"))
    names = [
        str(value) for field in dataset.__struct_fields__
        if (value := getattr(dataset, field)) != getattr(moved, field)
    ]  # fmt: skip
    if not names:
        return []
    return [
        f"# put {' and '.join(names)} beside config.yaml: the data that the model learned from;",
        "# or use the config.yaml in the folder of the run, which knows where the data was",
        *(["# (files of one name: rename one of them, in config.yaml, too)"] if len(set(names)) < len(names) else []),
    ]
