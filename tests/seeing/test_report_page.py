import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
import yaml

pytest.importorskip("matplotlib", reason="reports need the extra 'plot'")

from browser import Browser, needs_browser, open_browser

from mltrain.cli import app
from mltrain.errors import DataError, StorageError, UsageError
from mltrain.inference.origin import Environment
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.gallery import gallery_of
from mltrain.views.report import page


@pytest.fixture(scope="module")
def pages(runs, tmp_path_factory) -> dict[str, Path]:
    """Reports of three runs."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("line", "plane", "images"):
        app(["report", str(runs[name]), "--out", str(folder / f"{name}.html"), "--json"], standalone_mode=False)
    return {file.stem: file for file in folder.iterdir()}


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_a_page_needs_no_script_and_nothing_from_elsewhere(pages):
    for file in pages.values():
        page = Tags(file.read_text())
        assert "script" not in {tag for tag, _ in page.tags}
        for _, attributes in page.tags:
            for name in ("src", "href", "xlink:href"):
                assert re.match(r"#|data:|$", attributes.get(name) or "")
        assert not re.search(r"url\((?!#)|@import", file.read_text())


def test_every_picture_of_the_run_is_there_with_its_words(pages, records):
    for name, file in pages.items():
        page = Tags(file.read_text())
        drawings = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
        pictures = gallery_of(RunInsight(records[name])).pictures
        assert list(dict.fromkeys(drawings)) == [picture.caption for picture in pictures]


def test_pictures_with_pixels_in_them_have_pixels_for_the_dark(pages):
    for file in pages.values():
        figures = re.findall(r"<figure.*?</figure>", file.read_text(), re.DOTALL)
        assert figures
        for figure in figures:
            for ground in ("on-light", "on-dark"):
                assert (f'class="scroll {ground}"' in figure) == ("<image" in figure)
            assert figure.count("<svg") == (2 if "<image" in figure else 1)


def test_ids_are_unique_and_what_is_referred_to_is_there(pages):
    for file in pages.values():
        text = file.read_text()
        ids = re.findall(r'\bid="([^"]*)"', text)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', text)) <= set(ids)


def test_results_data_model_and_environment_are_told(pages, records):
    text = Tags(pages["line"].read_text()).text
    loss = records["line"].history["loss"][-1]
    for expected in (
        "line",
        "2 parameters, trained 8 epochs in",
        "on linear with sgd.",
        f"{loss:.4g}"[:5],
        "9, inputs from",
        "validation rows",
        "dense",
        "mltrain fit config.yaml --frames 4 --out runs/line",
    ):
        assert expected in text


def test_the_environment_is_that_of_the_training(runs, records, tmp_path: Path):
    elsewhere = Environment("0.0.7", "3.99.1", "2.99.3", "Plan9 mips", 96)
    origin = records["line"].model.origin
    for given, words in (
        (
            msgspec.structs.replace(origin, environment=elsewhere),
            "What it was trained with. mltrain0.0.7Python3.99.1NumPy2.99.3systemPlan9 mips, 96 coresseed0",
        ),
        (None, "The model does not say what it was trained with. seed0"),
    ):
        replace(records["line"].model, origin=given).save(tmp_path / "model.npz")
        app(["report", str(tmp_path / "model.npz"), "--json"], standalone_mode=False)
        text = Tags((tmp_path / "report.html").read_text()).text
        assert words in " ".join(text.split("\n"))
    assert origin.environment == Environment.here()


def test_the_config_on_the_page_trains_the_same_model(pages, runs, tmp_path: Path):
    parts = re.search(r'<section id="config">.*?<pre[^>]*>(.*?)</pre>', pages["line"].read_text(), re.DOTALL)
    (tmp_path / "config.yaml").write_text(parts[1])
    assert yaml.safe_load(parts[1])["name"] == "line"
    app(["fit", str(tmp_path / "config.yaml"), "--out", str(tmp_path / "run"), "--quiet"], standalone_mode=False)
    assert (tmp_path / "run" / "model.npz").read_bytes() == (runs["line"] / "model.npz").read_bytes()


def test_the_same_run_gives_the_same_bytes(pages, runs, tmp_path: Path):
    app(["report", str(runs["line"]), "--out", str(tmp_path / "again.html"), "--json"], standalone_mode=False)
    assert (tmp_path / "again.html").read_bytes() == pages["line"].read_bytes()


def test_names_from_configs_are_text_and_not_tags(runs, tmp_path: Path, capsys):
    config = """
dataset: {type: inline, x: [[0], [1]], y: ["<script>alert(1)</script>", "a & b"]}
layers: [{type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
training: {epochs: 2}
"""
    (tmp_path / "evil.yaml").write_text(config)
    app(["fit", str(tmp_path / "evil.yaml"), "--out", str(tmp_path / "run"), "--quiet"], standalone_mode=False)
    app(["report", str(tmp_path / "run"), "--json"], standalone_mode=False)
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    page = Tags((tmp_path / "run" / "report.html").read_text())
    assert document["report"] == str(tmp_path / "run" / "report.html")
    assert "script" not in {tag for tag, _ in page.tags}
    assert "<script>alert(1)</script>, a & b" in page.text


def test_a_model_that_stands_alone_is_told_as_far_as_it_goes(runs, tmp_path: Path, capsys):
    shutil.copy(runs["table"] / "model.npz", tmp_path / "model.npz")
    app(["report", str(tmp_path / "model.npz")], standalone_mode=False)
    text = Tags((tmp_path / "report.html").read_text()).text
    assert "What could not be drawn:" in text
    assert "note: no curves of loss and metrics" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_said_in_one_line(runs, tmp_path: Path):
    with pytest.raises(StorageError, match=r"nowhere/report\.html: cannot be written: No such file or directory$"):
        app(["report", str(runs["table"]), "--out", str(tmp_path / "nowhere/report.html")], standalone_mode=False)


def test_without_matplotlib_one_line_says_what_to_install(runs, monkeypatch):
    monkeypatch.setattr("mltrain.commands.plot.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"^mltrain report draws with Matplotlib.*pip install 'mltrain\[plot\]'$"):
        app(["report", str(runs["table"])], standalone_mode=False)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_it_without_complaint_and_nothing_overflows(browser: Browser, pages, width, scheme):
    browser.resize(width)
    browser.prefer(scheme)
    for file in pages.values():
        browser.open(file.as_uri())
        assert browser.complaints() == []
        assert browser.run("return document.documentElement.scrollWidth") <= width
        outside = """return [...document.querySelectorAll('body *')].filter(element =>
            !element.closest('.scroll, pre') && element.getBoundingClientRect().right > innerWidth + 1
        ).map(element => element.outerHTML.slice(0, 80))"""
        assert browser.run(outside) == []
        unnamed = "main svg:not([aria-label]), main img:not([alt])"
        assert browser.run(f"return document.querySelectorAll('{unnamed}').length") == 0
        assert browser.run("return document.querySelectorAll('main svg[role=img]').length") >= 4


@needs_browser
def test_pictures_follow_the_page_and_paper_is_white(browser: Browser, pages):
    colours = """const style = getComputedStyle(document.body), text = document.querySelector('#history svg text');
        return [style.backgroundColor, getComputedStyle(text).fill]"""
    seen = {}
    for name, scheme, media in (("light", "light", ""), ("dark", "dark", ""), ("paper", "dark", "print")):
        browser.prefer(scheme, media)
        browser.open(pages["plane"].as_uri())
        seen[name] = browser.run(colours)
    browser.prefer("light")
    assert seen["light"] == seen["paper"] == ["rgb(255, 255, 255)", "rgb(27, 31, 36)"]
    assert seen["dark"] == ["rgb(20, 23, 28)", "rgb(232, 234, 237)"]


@needs_browser
def test_no_picture_is_a_white_slab_in_the_dark(browser: Browser, pages):
    shown = """return [...document.querySelectorAll('figure')].map(figure => [figure.id,
        [...figure.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().height > 0).length,
        figure.querySelector('.on-dark') && getComputedStyle(figure.querySelector('.on-dark')).display])"""
    for scheme, media, display in (("light", "", "none"), ("dark", "", "block"), ("dark", "print", "none")):
        browser.prefer(scheme, media)
        browser.open(pages["plane"].as_uri())
        found = {name: (count, dark) for name, count, dark in browser.run(shown)}
        assert {count for count, _ in found.values()} == {1}
        assert {name for name, (_, dark) in found.items() if dark} >= {"boundary", "units", "confusion"}
        assert {dark for _, dark in found.values() if dark} == {display}
    browser.prefer("light")


TABLE = "age,kind,cost\n" + "".join(f"{n},{'cat' if n % 3 else 'dog'},{n * 2.5}\n" for n in range(1, 31))


def test_a_table_can_be_done_again_and_its_columns_are_told(tmp_path: Path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text(TABLE.replace("4,cat,10.0", "4,,10.0"))
    config = (
        "dataset: {type: csv, path: data/t.csv, target: cost, missing: most_frequent, test_split: 0.2}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\ntraining: {epochs: 3}\n"
    )
    (tmp_path / "costs.yaml").write_text(config)
    app(["fit", str(tmp_path / "costs.yaml"), "--out", str(tmp_path / "run"), "--quiet"], standalone_mode=False)
    app(["report", str(tmp_path / "run"), "--json"], standalone_mode=False)
    text = (tmp_path / "run" / "report.html").read_text()
    commands = unescape(re.search(r'<section id="again">.*?<pre[^>]*>(.*?)</pre>', text, re.DOTALL)[1])
    assert "# put t.csv beside config.yaml" in commands
    data = Tags(re.search(r'<section id="data">.*?</section>', text, re.DOTALL)[0]).text
    assert re.search(r"ageinputnumber[\d.]+ to [\d.]+, [\d.]+ on average1", data)
    assert re.search(r"kindinputcategorycat \(\d+\), dog \(\d+\); 1 missing2", data)
    assert re.search(r"costtargetnumber[\d.]+ to [\d.]+, [\d.]+ on average", data)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(tmp_path / "data" / "t.csv", elsewhere)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(["bash", "-e"], input=commands, text=True, cwd=elsewhere, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    again = elsewhere / "runs" / "costs"
    assert (again / "model.npz").read_bytes() == (tmp_path / "run" / "model.npz").read_bytes()
    assert (again / "report.html").exists()


@needs_browser
def test_it_prints(browser: Browser, pages):
    browser.open(pages["line"].as_uri())
    assert browser.pdf().startswith(b"%PDF")


def test_the_page_says_why_rows_are_not_there(records):
    class Lost:
        model, dataset = records["line"].model, records["line"].dataset

        @property
        def data(self):
            raise DataError("rows.csv: there is no such file\nmore about it")

    assert "could not be had: rows.csv: there is no such file<" in page._data(Lost())
