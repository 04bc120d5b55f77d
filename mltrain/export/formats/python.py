"""One Python file that predicts with NumPy alone, or without it."""

from typing import Annotated, ClassVar

from msgspec import Meta

from mltrain.export.base import Exported, Format, Subject


class Python(Format):
    """One Python file that needs NumPy alone, or nothing: `predict(row)`, `predict_batch(rows)`, and a command line.

    Rows are dicts of cells as people have them: words, dates, gaps. `python FILE rows.csv` predicts a table, and
    `python FILE --self-test` checks that the file still gives the model's answers.
    """

    suffix: ClassVar[str] = ".py"

    no_numpy: Annotated[bool, Meta(description="need nothing but Python itself; large networks take long then")] = False

    def write(self, subject: Subject) -> Exported:
        from mltrain.export.python_source import python_source  # to list the formats takes none of it

        source = python_source(subject, no_numpy=self.no_numpy)
        return Exported({".py": source.encode()}, "python {file} --self-test")
