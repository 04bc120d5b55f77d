"""A picture is one file: it is found, drawn, shown and sent without another line."""

import json
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")

from mltrain.cli import app
from mltrain.views import pictures
from mltrain.views.pictures.base import Picture
from mltrain.views.pictures.gallery import all_pictures, previews_of

NEW = """
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.views import verbatim


class Novel(Picture):
    name, title, order = "novel", "A new picture", 15
    caption = "It shows a line."
    needs_rows = False

    @classmethod
    def suits(cls, model):
        return model.classes is None

    @classmethod
    def of(cls, insight):
        return cls()

    @classmethod
    def preview(cls, model, data):
        return cls()

    def draw(self, figure, style):
        figure.subplots().plot([1, 2])

    def terminal(self):
        yield verbatim("1 2")
"""


@pytest.fixture
def new_file(tmp_path: Path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "novel.py").write_text(NEW)
    monkeypatch.setattr(pictures, "__path__", [*pictures.__path__, str(tmp_path / "pictures")])
    all_pictures.cache_clear()
    yield
    all_pictures.cache_clear()
    del sys.modules["mltrain.views.pictures.novel"]


def test_a_new_file_is_a_new_picture_everywhere(new_file, runs, records, tmp_path: Path, capsys):
    shutil.copytree(runs["table"], tmp_path / "run")
    app(["plot", str(tmp_path / "run"), "--json"], standalone_mode=False)
    shown = json.loads(capsys.readouterr().out)["pictures"]
    assert [picture["name"] for picture in shown] == ["history", "novel", "residuals"]
    assert (tmp_path / "run" / "plots" / "novel.png").is_file()
    app(["report", str(tmp_path / "run"), "--json"], standalone_mode=False)
    assert "It shows a line." in (tmp_path / "run" / "report.html").read_text()
    app(["plot", str(tmp_path / "run"), "--terminal"], standalone_mode=False)
    assert "\na new picture\n1 2\n" in capsys.readouterr().out
    record = records["table"]
    (preview,) = previews_of(record.model, record.data)
    assert preview.name == "novel"
    assert previews_of(records["three"].model, records["three"].data)[0].about()["kind"] == "plane"


def test_pictures_are_told_apart_by_name_and_place():
    kinds = all_pictures()
    assert len({kind.name for kind in kinds}) == len({kind.order for kind in kinds}) == len(kinds)
    assert all(kind.name == kind.__module__.rpartition(".")[2] for kind in kinds)
    assert all(issubclass(kind, Picture) and kind.title for kind in kinds)
