"""A run as pictures look at it: what several of them need is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mltrain.data.base import Split
from mltrain.engine.metrics.base import true_classes
from mltrain.explain.columns import MOST_PICTURED, columns_of
from mltrain.explain.overview import QUICK, Overview, overview
from mltrain.inference.model import Model
from mltrain.job import split_to_evaluate
from mltrain.runs.held_out import held_out_rows
from mltrain.runs.saved_run import HELD_OUT, SavedRun
from mltrain.training.targets import encode
from mltrain.views.insight.answers import ClassAnswers, class_answers
from mltrain.views.insight.images import ChosenImage, tells_classes
from mltrain.views.insight.rows import SPLITS

_MOST_EXPLAINED = 5
"""The largest number of images whose predictions are explained."""


_REPEATS = 5
"""How often a column is shuffled for the pictures of a run."""


@dataclass(frozen=True)
class RunInsight:
    """A run, and the image that its user chose, if one was chosen."""

    record: SavedRun
    chosen: ChosenImage | None = None

    @property
    def model(self) -> Model:
        return self.record.model

    @cached_property
    def answers(self) -> ClassAnswers:
        """The predictions of a classifier. Raises `DataError` if the rows cannot be read."""
        return class_answers(self.record)

    @cached_property
    def explained(self) -> tuple[str, Model, Split]:
        """The rows that were held back, else all, the name of that part, and the model that predicts them.

        Those that folds held out are predicted by these. Raises `DataError`.
        """
        record = self.record
        split, rows = split_to_evaluate(record.data)
        if split != "test" and record.out_of_fold is not None:
            held = held_out_rows(record.out_of_fold, record.model, record.dataset, record.folder)
            if held is not None:
                return HELD_OUT, held.model, held.rows
        return split, record.model, rows

    @cached_property
    def columns(self) -> Overview | None:
        """What is to be said of the columns, in bounded time; None of very many. Raises `DataError`."""
        if len(columns_of(self.model)) > MOST_PICTURED:
            return None
        _, model, rows = self.explained
        return overview(model, rows, self.record.data.train, repeats=_REPEATS, budget=QUICK)

    @property
    def image(self) -> ChosenImage:
        """The chosen image, or the first one that was held back. Raises `DataError`."""
        return self.chosen or image_at(self.record, 0)

    @property
    def to_explain(self) -> Sequence[ChosenImage]:
        """The chosen image, or the surest mistakes; the first images if there are no mistakes. Raises `DataError`.

        What folds said of images is not said by the model itself, so that these mistakes are not explained.
        """
        if self.chosen is not None:
            return [self.chosen]
        answers = self.answers
        if answers.split == HELD_OUT:
            count = len(split_to_evaluate(self.record.data)[1].x)
            return [image_at(self.record, row) for row in range(min(_MOST_EXPLAINED, count))]
        rows = answers.mistakes[:_MOST_EXPLAINED].tolist() or range(min(_MOST_EXPLAINED, len(answers.x)))
        named = SPLITS[answers.split]
        return [ChosenImage(answers.x[row], number=row, rows=named, true=int(answers.true[row])) for row in rows]


def image_at(record: SavedRun, number: int) -> ChosenImage:
    """An image of the rows to evaluate on, by its number from 0. Raises `DataError` if the rows cannot be read."""
    split, rows = split_to_evaluate(record.data)
    model, row = record.model, Split(rows.x[number : number + 1], rows.y[number : number + 1])
    true = None
    if tells_classes(model):
        target = encode(model.config.loss, model.row_spec, model.network.output_shape[-1], row)
        true = int(true_classes(target)[0])
    return ChosenImage(row.x[0], number=number, rows=SPLITS[split], true=true)
