"""A page that predicts by itself: one HTML file that needs nothing but a browser."""

from typing import ClassVar

from mltrain.export.base import Exported, Format, Subject


class Html(Format):
    """One page without a network: a form of the columns, or a field to draw on; the answer changes as you change it.

    It runs in any browser of 2023 or later, from a file, too, and has a button that tests it.
    """

    suffix: ClassVar[str] = ".html"

    def write(self, subject: Subject) -> Exported:
        from mltrain.export.web.page import page  # to list the formats takes none of it

        text, notes = page(subject)
        return Exported({".html": text.encode()}, "open {file} in a browser and press: Test this page", notes)
