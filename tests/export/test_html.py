"""The page of a model, in a browser: its answers, its form, its drawing field; with a keyboard and on a phone."""

import base64
import importlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Browser, needs_browser, open_browser
from photographs import photograph
from subjects import ensemble_of_tables, lesson, model_of_layers, new_rows, subject, table_model

import mltrain
from mltrain.data.idx_format import read_idx
from mltrain.data.image_files import read_digit
from mltrain.export.formats.html import Html
from mltrain.export.web import page
from mltrain.inference.model import Model

DATA = Path(__file__).parents[2] / "data" / "mnist"

STRANGE = ("</script><img src=x onerror=hacked=1>", "<b>bold</b> & \"quoted\" 'name'", "<!-- __proto__ -->")

DRAW = """
const pad = document.getElementById("pad"), box = pad.getBoundingClientRect();
const send = (type, [x, y]) => pad.dispatchEvent(new PointerEvent(type, {bubbles: true, pointerId: 1, buttons: 1,
  pointerType: "touch", clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
for (const stroke of %s) {
  send("pointerdown", stroke[0]);
  stroke.slice(1).forEach((end, i) => {
    const at = (share) => end.map((value, axis) => stroke[i][axis] * (1 - share) + value * share);
    for (let k = 1; k <= 10; k++) send("pointermove", at(k / 10));
  });
  send("pointerup", stroke[stroke.length - 1]);
}
"""

CIRCLE = [
    [0.5 + 0.17 * float(np.sin(turn)), 0.5 - 0.27 * float(np.cos(turn))] for turn in np.linspace(0, 2 * np.pi, 25)
]
STROKES = {
    "1": [[[0.52, 0.2], [0.48, 0.8]]],
    "7": [[[0.3, 0.25], [0.7, 0.25], [0.55, 0.5], [0.45, 0.8]]],
    "0": [CIRCLE],
}

ANSWER = "return JSON.parse(document.getElementById('answer').dataset.y || 'null')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def show(browser, folder):
    """Shows the page of a model in the browser, and sees that nothing went wrong."""

    def show(model: Model, dataset: Any = None, **more: Any) -> Browser:
        (folder / "page.html").write_bytes(Html().write(subject(model, dataset, **more)).files[".html"])
        browser.open(f"file://{folder}/page.html")
        browser.wait("return globalThis.model && document.getElementById('headline').textContent")
        return browser

    yield show
    assert browser.complaints() == []


def set_field(browser: Browser, label: str, value: Any) -> None:
    """Enter a value into the field of that label, as a person does."""
    browser.run(
        f"""const label = [...document.querySelectorAll("label")].find((one) => one.innerText === {json.dumps(label)});
        const field = document.getElementById(label.htmlFor), value = {json.dumps(value)};
        if (field.type === "checkbox") field.checked = value; else field.value = value;
        field.dispatchEvent(new Event("input", {{bubbles: true}}));"""
    )


def answer(browser: Browser) -> Any:
    """The numbers that are shown, after the next frame."""
    browser.post("/execute/async", script="requestAnimationFrame(() => requestAnimationFrame(arguments[0]))", args=[])
    return browser.run(ANSWER)


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_a_page_needs_no_network_and_allows_none():
    model, dataset = lesson("iris")
    text = page.page(subject(model, dataset)).text
    tags = Tags(text).tags
    assert all(
        re.match(r"data:", attributes[name] or "") for _, attributes in tags for name in {"src", "href"} & {*attributes}
    )
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|import\(", text)
    policy = next(one["content"] for tag, one in tags if one.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in (policy or "")


@needs_browser
def test_a_form_of_all_kinds_of_columns_answers_as_the_model_does(show, tmp_path_factory):
    model, dataset = table_model(tmp_path_factory.getbasetemp())
    browser = show(model, dataset)
    rows = [{name: None if cell != cell else cell for name, cell in row.items()} for row in new_rows()]
    found = browser.run(f"return {json.dumps(rows)}.map((row) => model.outputs(row))")
    np.testing.assert_allclose(found, model.predict(new_rows()), rtol=1e-5, atol=1e-5)
    row = {
        "plain": "4.25",
        "gaps": "",
        "large": "1700000003",
        "euro": "7.5",
        "colour": "blue",
        "size": "2",
        "rare": "b",
        "city": "Rome",
    }
    row |= {"member": True, "day": "2021-05-06", "at": "2024-02-29T12:30", "bought": "", "said": "cheap red wine"}
    for name, value in row.items():
        set_field(browser, name, value)
    set_field(browser, "asked", "true")
    cells = {**row, "asked": "true", "member": "ja", "at": "2024-02-29 12:30"}
    typed = {"plain": 4.25, "gaps": None, "large": 1700000003.0, "euro": 7.5}
    expected = model.predict([{**cells, **typed}])[0]
    np.testing.assert_allclose(answer(browser), expected, rtol=1e-5)
    assert browser.run("return document.getElementById('headline').textContent").startswith("price $ ")
    notes = browser.run("return document.getElementById('notes').innerText")
    assert "'gaps' is missing and was filled in" in notes


@needs_browser
def test_the_members_of_an_ensemble_share_the_fields_of_a_form(show, tmp_path_factory):
    model, dataset = ensemble_of_tables(tmp_path_factory.getbasetemp())
    browser = show(model, dataset)
    labels = browser.run("return [...document.querySelectorAll('.field label')].map((label) => label.textContent)")
    assert labels == list(subject(model, dataset).steps.by_column)
    (row,) = subject(model, dataset).examples.cells[:1]
    np.testing.assert_allclose(answer(browser), model.predict([row])[0], rtol=1e-5)
    set_field(browser, "colour", "violet")  # which one member has not met
    np.testing.assert_allclose(answer(browser), model.predict([{**row, "colour": "violet"}])[0], rtol=1e-5)


@needs_browser
def test_probabilities_are_bars_and_change_with_the_sliders(show):
    model, dataset = lesson("iris")
    browser = show(model, dataset)
    for length in (1.5, 4.5, 6.5):
        set_field(browser, "petal_length", length)
        row = browser.run("return [...document.querySelectorAll('input[type=number]')].map((box) => Number(box.value))")
        expected = model.predict([row])[0]
        np.testing.assert_allclose(answer(browser), expected, atol=1e-5)
        bars = "return [...document.querySelectorAll('#bars li')].map((line) => [line.firstChild.textContent, {}])"
        shares = browser.run(bars.format("Number(line.dataset.share)"))
        assert [name for name, _ in shares] == list(model.classes)
        np.testing.assert_allclose([share for _, share in shares], expected, atol=1e-5)
        widths = browser.run(bars.format("line.querySelector('i').style.width"))
        np.testing.assert_allclose([float(width.rstrip("%")) for _, width in widths], 100 * expected, atol=1e-3)
        assert browser.run("return document.getElementById('headline').textContent") == model.predict_labels([row])[0]
    spoken = browser.wait("return document.getElementById('spoken').textContent")
    browser.wait(
        f"return document.getElementById('spoken').textContent.startsWith({json.dumps(model.predict_labels([row])[0])})"
    )
    assert "%" in spoken


@needs_browser
def test_a_curve_shows_how_the_answer_changes_with_one_number(show):
    model, dataset = lesson("iris")
    browser = show(model, dataset)
    set_field(browser, "petal_width", 2.4)
    answer(browser)
    told = browser.run("return document.querySelector('#curve figcaption').textContent")
    assert told == "as petal_width changes and all else stays"
    lines = browser.run(
        "return [...document.querySelectorAll('.trace')].map((line) => [line.style.stroke, line.getAttribute('d')])"
    )
    assert [colour for colour, _ in lines] == ["var(--blue)", "var(--orange)", "var(--green)"]
    # Each line ends at the value that was entered, which is the highest: the heights are the shares, from 8 to 124.
    ends = [float(path.rpartition(",")[2]) for _, path in lines]
    np.testing.assert_allclose((124 - np.array(ends)) / 116, answer(browser), atol=1e-3)
    set_field(browser, "petal_width", "")
    answer(browser)
    assert browser.run("return document.getElementById('curve').hidden")


@needs_browser
def test_a_value_that_is_missing_or_outside_is_said(show):
    model, dataset = lesson("penguins")
    browser = show(model, dataset)
    set_field(browser, "bill_depth_mm", "40")
    answer(browser)
    assert "outside of 13.1 to 21.2, which the model learned from" in browser.run("return document.body.innerText")
    set_field(browser, "bill_depth_mm", "")
    browser.wait("return document.getElementById('problem').textContent")
    problem = browser.run("return document.getElementById('problem').textContent")
    assert problem == "column 'bill_depth_mm': the value is missing, and the model learned from whole rows"


@needs_browser
def test_everything_can_be_reached_and_changed_by_keyboard(show):
    model, dataset = lesson("iris")
    browser = show(model, dataset)
    browser.run("document.body.focus()")
    reached = []
    for _ in range(18):
        press(browser, "Tab")
        reached.append(
            browser.run(
                "const { ariaLabel, labels, textContent } = document.activeElement;"
                "return ariaLabel || labels?.[0]?.textContent || textContent"
            )
        )
    fields = [
        label
        for name in [column.column for column in subject(model).steps.columns]
        for label in (f"{name}, slider", name)
    ]
    assert reached[: len(fields)] == fields
    assert reached[len(fields) : len(fields) + 8] == [f"fill in example {number}" for number in range(1, 9)]
    assert "About this model" in reached
    browser.run("document.querySelector('input[type=range]').focus()")
    before = answer(browser)
    for _ in range(5):
        press(browser, "ArrowRight")
    assert answer(browser) != before


def press(browser: Browser, key: str) -> None:
    codes = {"Tab": 9, "ArrowRight": 39, "ArrowDown": 40, "ArrowLeft": 37, "ArrowUp": 38, " ": 32, "Enter": 13}
    for kind in ("keyDown", "keyUp"):
        text = {"text": key} if key == " " and kind == "keyDown" else {}
        browser.devtools(
            "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **text
        )


@needs_browser
def test_the_test_of_the_page_says_the_greatest_difference(show):
    model, dataset = lesson("iris")
    browser = show(model, dataset)
    browser.run("document.getElementById('about').open = true; document.getElementById('test').click()")
    tested = browser.run("return document.getElementById('tested').textContent")
    assert re.fullmatch(r"passed: 8 rows, greatest difference \d\.\de[+-]\d+", tested)
    facts = browser.run("return document.getElementById('about').innerText")
    assert re.search(r"On \d+ test rows", facts)
    assert "accuracy" in facts
    assert "sepal_length" in facts


@needs_browser
def test_names_cannot_be_markup(show, tmp_path):
    rows = [[number % 3 / 3, number / 30, STRANGE[number % 3]] for number in range(30)]
    config = {
        "dataset": {"type": "inline", "x": [row[:2] for row in rows], "y": [row[2] for row in rows]},
        "layers": [{"type": "dense", "units": 3, "activation": "softmax"}],
        "loss": "sparse_categorical_crossentropy",
        "training": {"epochs": 1},
    }
    model = mltrain.fit(config)
    browser = show(model, model.config.dataset.load(0, tmp_path))
    names = browser.run("return [...document.querySelectorAll('#bars li')].map((line) => line.firstChild.textContent)")
    assert sorted(names) == sorted(STRANGE)
    assert browser.run("return typeof hacked + document.querySelectorAll('img, b').length") == "undefined0"
    lines = "".join(f"{a},{b},{'ab'[a > 0]}\n" for a, b, _ in rows)
    header = ",".join('"' + name.replace('"', '""') + '"' for name in STRANGE)
    (tmp_path / "t.csv").write_text(f"{header}\n{lines}")
    table = {"type": "csv", "path": "t.csv", "target": STRANGE[2], "columns": {STRANGE[1]: "category"}}
    model = mltrain.fit(
        {**config, "dataset": table, "layers": [{"type": "dense", "units": 2, "activation": "softmax"}]},
        folder=tmp_path,
    )
    browser = show(model, model.config.dataset.load(0, tmp_path))
    assert browser.run("return [...document.querySelectorAll('.field label')].map((label) => label.textContent)") == [
        *STRANGE[:2]
    ]
    assert browser.run("return typeof hacked + document.querySelectorAll('img, b').length") == "undefined0"
    np.testing.assert_allclose(browser.run("return model.selfTest().difference"), 0, atol=1e-5)


@needs_browser
@pytest.mark.parametrize(("name", "labels"), [("quadratic", ["x"]), ("circle", ["x1", "x2"])])
def test_numbers_without_columns_have_sliders(show, name, labels):
    model, dataset = lesson(name)
    browser = show(model, dataset)
    assert (
        browser.run("return [...document.querySelectorAll('.field label')].map((label) => label.textContent)") == labels
    )
    for label in labels:
        set_field(browser, label, "0.75")
    expected = model.predict([[0.75] * len(labels)])[0]
    np.testing.assert_allclose(answer(browser), expected, rtol=1e-5, atol=1e-5)


@needs_browser
def test_many_numbers_are_one_text_and_positions_one_answer(show):
    model, x = model_of_layers([{"type": "conv1d", "filters": 2, "kernel_size": 3}], (11, 3))
    browser = show(model, x=x)
    np.testing.assert_allclose(answer(browser), model.predict(x[:1])[0], rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def digits() -> Model:
    """A small network that has learned digits from the test images of MNIST."""
    files = {"images": str(DATA / "t10k-images-idx3-ubyte.gz"), "labels": str(DATA / "t10k-labels-idx1-ubyte.gz")}
    return mltrain.fit(
        {
            "dataset": {"type": "idx", **files, "test_split": 0.6},
            "layers": [
                "flatten",
                {"type": "dense", "units": 48, "activation": "relu"},
                {"type": "dense", "units": 10, "activation": "softmax"},
            ],
            "loss": "sparse_categorical_crossentropy",
            "optimizer": "adam",
            "training": {"epochs": 4},
        }
    )


@needs_browser
def test_a_drawn_digit_is_recognized(show, digits, tmp_path):
    browser = show(digits)
    for digit, strokes in STROKES.items():
        browser.run(DRAW % json.dumps(strokes))
        answer(browser)
        assert browser.run("return document.getElementById('headline').textContent") == digit
        drawn = browser.run("return document.getElementById('pad').toDataURL()")
        (tmp_path / "drawn.png").write_bytes(base64.b64decode(drawn.partition(",")[2]))
        expected = digits.predict(read_digit(tmp_path / "drawn.png", 28, 28)[None])[0]
        np.testing.assert_allclose(answer(browser), expected, atol=1e-5)
        browser.run("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Clear').click()")
        assert answer(browser) is None


def test_a_page_has_few_bytes_besides_its_weights(digits, monkeypatch):
    """The packed weights of the MNIST lesson take 951 kB, and its page is to stay below 1 MB."""
    monkeypatch.setattr(page, "_MOST_PLAIN", 0)
    text = Html().write(subject(digits)).files[".html"].decode()
    weights = text.partition('id="weights">')[2].partition("</script>")[0]
    assert len(text.encode()) - len(weights.encode()) < 42_000


@needs_browser
def test_a_digit_can_be_drawn_with_the_keyboard(show, digits):
    browser = show(digits)
    browser.run("document.getElementById('pad').focus()")
    for key in [" ", *["ArrowDown"] * 16, " ", "ArrowLeft"]:
        press(browser, key)
    answer(browser)
    assert browser.run("return document.getElementById('headline').textContent") == "1"


def drop(browser: Browser, file: Path) -> None:
    """Drop an image file on the page, and wait for the answer."""
    content = base64.b64encode(file.read_bytes()).decode()
    browser.run(
        f"""const bytes = Uint8Array.from(atob("{content}"), (one) => one.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "image.png", {{type: "image/png"}}));
        document.dispatchEvent(new DragEvent("drop", {{bubbles: true, dataTransfer: data}}));"""
    )
    browser.wait(f"{ANSWER} || document.getElementById('problem').textContent")


@needs_browser
def test_a_dropped_image_is_seen_as_predict_sees_it(show, digits, tmp_path):
    draw = pytest.importorskip("PIL.ImageDraw")
    image = pytest.importorskip("PIL.Image").new("RGB", (310, 260), (230, 228, 220))
    draw.Draw(image).line([(60, 50), (180, 60), (110, 200)], fill=(40, 30, 90), width=17)
    image.save(tmp_path / "seven.png")
    digit = read_idx(DATA / "train-images-idx3-ubyte.gz", 3, 2**30)[0]
    shades = photograph(digit, "with a shadow", "ruled", 0)
    importlib.import_module("PIL.Image").fromarray(shades).save(tmp_path / "photograph.png")
    browser = show(digits)
    for name in ("seven.png", "photograph.png"):
        drop(browser, tmp_path / name)
        expected = digits.predict(read_digit(tmp_path / name, 28, 28)[None])[0]
        browser.wait(f"return Math.abs(({ANSWER[7:]})?.[0] - {expected[0]}) < 1e-5")
        np.testing.assert_allclose(answer(browser), expected, atol=1e-5)
    pytest.importorskip("PIL.Image").new("RGB", (40, 40), (9, 99, 9)).save(tmp_path / "green.png")
    drop(browser, tmp_path / "green.png")
    browser.wait("return document.getElementById('problem').textContent.startsWith('there is nothing to be seen')")
    (tmp_path / "broken.png").write_bytes(b"no image")
    drop(browser, tmp_path / "broken.png")
    browser.wait("return document.getElementById('problem').textContent.startsWith('this file is no image')")


@needs_browser
@pytest.mark.parametrize(
    ("colour", "option"), [(False, {}), (True, {"crop_to_aspect_ratio": True}), (True, {"pad_to_aspect_ratio": True})]
)
def test_a_model_of_pictures_takes_pictures(show, tmp_path, colour, option):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(2)
    for number in range(8):
        folder = tmp_path / "photos" / ("sea", "wood")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (20, 30, 3)) // (1 + np.array([number % 2, 1, 0]))
        image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    model = mltrain.fit(
        {
            "dataset": {"type": "images", "path": "photos", "height": 12, "width": 16, "colour": colour, **option},
            "layers": [
                {"type": "conv2d", "filters": 3, "kernel_size": 3},
                "flatten",
                {"type": "dense", "units": 2, "activation": "softmax"},
            ],
            "loss": "sparse_categorical_crossentropy",
            "training": {"epochs": 2},
        },
        folder=tmp_path,
    )
    browser = show(model)
    for size in ((20, 30, 3), (70, 31, 3), (12, 16, 3)):
        image.fromarray(rng.integers(0, 256, size).astype(np.uint8)).save(tmp_path / "new.png")
        pixels = model.config.dataset.read_image(str(tmp_path / "new.png"), model.row_spec)
        drop(browser, tmp_path / "new.png")
        browser.wait(f"return Math.abs(({ANSWER[7:]})[0] - {model.predict(pixels[None])[0, 0]}) < 1e-5")


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_phone_and_follows_the_scheme(show, digits, scheme):
    model, dataset = lesson("penguins")
    for one, rows in ((model, dataset), (digits, None)):
        browser = show(one, rows)
        browser.resize(360, 740)
        browser.prefer(scheme)
        browser.run("document.getElementById('about').open = true")
        assert browser.run("const page = document.documentElement; return page.scrollWidth - page.clientWidth") == 0
        ground = browser.run("return getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[scheme]
    assert browser.run("return getComputedStyle(document.getElementById('pad')).touchAction") == "none"
    browser.resize(1200)


@needs_browser
def test_a_large_network_is_packed_and_answers_alike(show, monkeypatch):
    """Packed weights are read as they were written, and change answers by less than is allowed."""
    model, _ = model_of_layers(
        [
            "flatten",
            {"type": "dense", "units": 64, "activation": "tanh"},
            {"type": "dense", "units": 4, "activation": "softmax"},
        ],
        (20, 20),
    )
    monkeypatch.setattr(page, "_MOST_PLAIN", 0)
    x = np.random.default_rng(5).normal(size=(50, 20, 20)).astype(np.float32)
    browser = show(model, x=x)
    found = browser.run(f"return {json.dumps(x.tolist())}.map((row) => model.outputs(row))")
    np.testing.assert_allclose(found, model.predict(x), atol=1e-5)
    (note,) = Html().write(subject(model, x=x)).notes
    assert re.fullmatch(
        r"large kernels are rounded, which changes the answers to 50 made-up rows by \de-0\d at most", note
    )
    weights = browser.run("return document.getElementById('weights').textContent")
    assert 0 < len(weights.encode()) < 0.9 * model.network.parameters.nbytes
    assert "<" not in weights
