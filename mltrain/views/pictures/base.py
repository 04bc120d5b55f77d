"""What a picture is. Each file of this folder defines one: a new file is a new picture, everywhere.

Matplotlib is imported by the methods that draw only, since terminal and live page do without it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from mltrain.data.base import Dataset
from mltrain.inference.model import Model
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.insight.sweep_insight import SweepInsight
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


class Preview(Protocol):
    """A picture of the page that follows a training: what stays the same, and what changes. Both become JSON."""

    def about(self) -> dict[str, Any]: ...

    def now(self) -> dict[str, Any]: ...


class AnyPicture:
    """One picture, with the arrays that it shows. ``name`` is the stem of its file, ``order`` its place."""

    name: ClassVar[str]
    title: ClassVar[str]
    order: ClassVar[int]

    @property
    def caption(self) -> str:
        """What the picture shows, in sentences."""
        raise NotImplementedError

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches, without title and caption."""
        from mltrain.views.plotting.style import HEIGHT, WIDTH

        return WIDTH, HEIGHT

    def draw(self, figure: "Figure", style: "Style") -> None:
        """Draw on an empty figure, with free space for title and caption at the top."""
        raise NotImplementedError

    @property
    def heading(self) -> str:
        """The title on a terminal."""
        return self.title[0].lower() + self.title[1:]

    def terminal(self) -> Iterator[View]:
        """The picture as text; nothing where it is for files and pages only."""
        return iter(())


class SweepPicture(AnyPicture):
    """One picture of a sweep."""

    @classmethod
    def of(cls, insight: SweepInsight) -> Self | str:
        """The picture of a sweep that has complete trials, or a sentence about why there is none."""
        raise NotImplementedError


class Picture(AnyPicture):
    """One picture of a run.

    - ``needs_rows``: it shows rows of the dataset, or what follows from them.
    - ``of_one_image``: it is about the image that the user chose, if one was chosen.
    - ``inside``: it shows what is inside a network, so ensembles, which have several, do not have it.
    - ``over_inputs``: it shows what the model says to its inputs.
    - ``why_lacking``: what is said where it suits, but there is nothing to show.
    """

    needs_rows: ClassVar[bool] = True
    of_one_image: ClassVar[bool] = False
    over_inputs: ClassVar[bool] = False
    inside: ClassVar[bool] = False
    why_lacking: ClassVar[str | None] = None

    @classmethod
    def suits(cls, model: Model) -> bool:
        """Whether runs of such a model have this picture."""
        raise NotImplementedError

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        """The picture of a run that it suits; None if there is nothing to show. Raises `DataError`."""
        raise NotImplementedError

    @classmethod
    def preview(cls, model: Model, data: Dataset) -> Preview | None:
        """What the page of a training shows in place of this picture; None if it shows nothing."""
        return None
