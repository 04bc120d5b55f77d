"""``mltrain plot``: the pictures of a run or of a sweep, as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mltrain.commands.predict_image import read_image
from mltrain.engine.layers.base import shape_text
from mltrain.errors import DataError, UsageError
from mltrain.job import split_to_evaluate
from mltrain.runs.overwriting import refuse_unmarked
from mltrain.runs.run import PLOTS
from mltrain.runs.run_folders import is_numbered
from mltrain.runs.saved_run import SavedRun
from mltrain.runs.saved_sweep import SavedSweep
from mltrain.system.files import refuse_inputs
from mltrain.views.insight.images import ChosenImage, takes_images
from mltrain.views.insight.rows import SPLITS
from mltrain.views.insight.run_insight import RunInsight, image_at
from mltrain.views.insight.sweep_insight import SweepInsight
from mltrain.views.pictures.gallery import Gallery, gallery_of, gallery_of_sweep
from mltrain.views.terminal.download import download_bar
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


def run(
    terminal: Terminal, path: Path | None, *, out: Path | None, form: str, dark: bool, image: int | str | None = None
) -> None:
    """Draw every picture of the run or sweep, or of one ``image`` of a run, and list those that cannot be drawn."""
    need_matplotlib("plot")
    from mltrain.views.plotting.picture_files import save
    from mltrain.views.plotting.style import DARK, LIGHT

    subject = subject_of(terminal, path, image)
    gallery = subject.gallery
    if not gallery.pictures:
        raise DataError(f"{subject.file}: there is nothing to draw")
    folder = out or subject.folder / PLOTS
    _refuse_foreign(subject.of, [folder / f"{picture.name}.{form}" for picture in gallery.pictures])
    files = [save(picture, DARK if dark else LIGHT, folder, form) for picture in gallery.pictures]
    pairs = zip(gallery.pictures, files, strict=True)
    document = {
        subject.kind: str(subject.file),
        "pictures": [{"name": one.name, "file": str(file), "caption": one.caption} for one, file in pairs],
        "lacks": gallery.lacks,
    }
    terminal.result(verbatim("\n".join(map(str, files))), document)


@dataclass(frozen=True)
class Subject:
    """What pictures are of: a run, or a sweep."""

    of: SavedRun | SavedSweep
    gallery: Gallery

    @property
    def kind(self) -> str:
        """Its name in JSON."""
        return "model" if isinstance(self.of, SavedRun) else "sweep"

    @property
    def file(self) -> Path:
        return self.of.file if isinstance(self.of, SavedRun) else self.of.folder

    @property
    def folder(self) -> Path:
        return self.of.folder


def subject_of(
    terminal: Terminal, path: Path | None, image: int | str | None = None, *, as_text: bool = False
) -> Subject:
    """The run or the sweep at this path, with its pictures; notes say what cannot be drawn.

    Raises `UsageError` and `DataError`, also if there is nothing to draw.
    """
    sweep = SavedSweep.at(path)
    if sweep is None:
        record = read(terminal, path)
        found = Subject(record, gallery_of(insight_of(record, image), as_text=as_text))
    elif image is not None:
        raise UsageError(f"{path}: is a sweep, and an image is for one model; name a run")
    else:
        found = Subject(sweep, gallery_of_sweep(SweepInsight(sweep)))
    for lack in found.gallery.lacks:
        terminal.note(lack)
    return found


def insight_of(record: SavedRun, image: int | str | None) -> RunInsight:
    """What pictures show of a run; ``image`` is one of its held-back images, by number, or an image file.

    Raises `UsageError` if there is no such image, and `DataError`.
    """
    if image is None:
        return RunInsight(record)
    option = f"--image {image}" if isinstance(image, int) else f"--input {image}"
    if not takes_images(record.model):
        shape = shape_text(record.model.row_spec.input_shape)
        raise UsageError(f"{option}: {record.file} takes no images: a row of its data is {shape}")
    if isinstance(image, str):
        return RunInsight(record, ChosenImage(read_image(record.model, image), file=Path(image).name))
    split, rows = split_to_evaluate(record.data)
    if not 0 <= image < len(rows.x):
        raise UsageError(f"{option}: {SPLITS[split]} are numbered from 0 to {len(rows.x) - 1:,}")
    return RunInsight(record, image_at(record, image))


def animate(terminal: Terminal, path: Path | None, *, out: Path | None, dark: bool) -> None:
    """Draw the training as an animation."""
    need_matplotlib("plot")
    from mltrain.views.plotting.animation import NAME, animation_of, save_animation
    from mltrain.views.plotting.style import DARK, LIGHT

    if SavedSweep.at(path) is not None:
        raise UsageError(f"{path}: is a sweep, and --animate draws one training; name a run")
    record = read(terminal, path)
    animation = animation_of(record)
    folder = out or record.folder / PLOTS
    _refuse_foreign(record, [folder / NAME])
    file = save_animation(animation, DARK if dark else LIGHT, folder)
    document = {"model": str(record.file), "animation": str(file), "epochs": list(animation.epochs)}
    terminal.result(verbatim(str(file)), document)


def _refuse_foreign(of: SavedRun | SavedSweep, files: Sequence[Path]) -> None:
    """Raises `UsageError` if a file would be overwritten that mltrain did not draw."""
    for file in files:
        # In a run folder, pictures without mltrain's mark were drawn by mltrain 0.1.0.
        if not (is_numbered(of.folder) and file.parent == of.folder / PLOTS):
            refuse_unmarked(file)
        refuse_inputs(file, of.inputs)


def read(terminal: Terminal, path: Path | None) -> SavedRun:
    """The run, with its rows downloaded if possible; otherwise each picture that needs them reports why."""
    record = SavedRun.read(path)
    if path is None:
        terminal.note(f"model {record.file}")
    try:
        with download_bar(terminal) as progress:
            record.dataset.fetch(record.folder, progress)
    except DataError:
        terminal.note("the rows cannot be fetched")
    return record


def need_matplotlib(command: str) -> None:
    """Raises `UsageError` if Matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise UsageError(f"mltrain {command} draws with Matplotlib, which is not here: pip install 'mltrain[plot]'")
