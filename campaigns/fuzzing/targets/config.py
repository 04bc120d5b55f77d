from pathlib import Path
from random import Random

from campaigns.fuzzing.mutations import TEXTS, change_bytes, change_text
from campaigns.fuzzing.targets import Target
from mltrain.config.load import load_config

_LESSONS = Path(__file__).parents[3] / "configs"

_WORDS = (
    *TEXTS,
    *"-:?,[]{}#&*!|>'\"%@`~\t",
    *("- ", ": ", "? ", "---", "...", "%YAML 1.3", "<<: *a", "&a ", "*a", "!!binary", "!x ", "| ", "\u0085", "\\ud800"),
    *("null", "true", "on", ".nan", "-.inf", "0x1f", "0o7", "1_000", "1e400", "12:30:45", "2001-01-01", "\\x00"),
    *("type", "dense", "units", "relu", "layers", "constant", "value", "linspace", "csv", "path", "~nobody/x"),
)


class ConfigTarget(Target):
    """a YAML config, changed in its bytes, lines and words"""

    one_line = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._path = folder / "config.yaml"
        self._texts = [path.read_text("utf-8") for path in sorted(_LESSONS.glob("*.yaml"))]
        self._texts += [" ".join(text.split("\n")) for text in self._texts[:2]]
        assert len(self._texts) > 2

    def mutated(self, rng: Random) -> dict[str, bytes]:
        text = rng.choice(self._texts)
        if rng.random() < 0.3:
            return {self._path.name: change_bytes(rng, text.encode(), [other.encode() for other in self._texts])}
        return {self._path.name: change_text(rng, text, _WORDS)}

    def read(self) -> None:
        load_config(self._path)
