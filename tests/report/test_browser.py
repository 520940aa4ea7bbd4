"""The page in a headless Chromium: it renders, asks for nothing, and its parts work by mouse and by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from anonbench.report.writing import write_report
from tests.helpers.attacked import attacked
from tests.helpers.found import found, missing_cell

pytestmark = pytest.mark.slow

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRAWINGS = 20  # in the report below
WIDTHS = {"screen": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two levels, with a missing cell and attacks on faces."""
    folder = tmp_path_factory.mktemp("report")
    privacy = attacked({"face-gan-low": {"naive": 0.1, "parrot": 0.2}, "face-blur-low": {"naive": 0.3}})
    write_report(found(levels=("low", "high"), missing=[missing_cell()], privacy=privacy), folder)
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    if CHROMIUM is None:
        pytest.skip("needs Chromium in the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS)
def opened(request: pytest.FixtureRequest, chromium, written: Path) -> Iterator[SimpleNamespace]:
    """The page with all figures seen, and what it asked for and complained about."""
    yield from _open(chromium, written, *WIDTHS[request.param])


@pytest.fixture
def wide(chromium, written: Path) -> Iterator[SimpleNamespace]:
    yield from _open(chromium, written, *WIDTHS["screen"])


def _open(chromium, written: Path, width: int, height: int, **context) -> Iterator[SimpleNamespace]:
    page = chromium.new_page(viewport={"width": width, "height": height}, **context)
    told, asked = [], []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(written.as_uri())
    for place in page.locator(".drawing").all():
        place.scroll_into_view_if_needed()
        place.locator("svg").wait_for()
    page.evaluate("scrollTo(0, 0)")
    yield SimpleNamespace(
        page=page, told=told, asked=[url for url in asked if not url.startswith("data:")], width=width
    )
    page.close()


def test_it_renders_without_a_complaint_and_asks_for_nothing(opened, written: Path) -> None:
    page = opened.page
    assert opened.told == [] and opened.asked == [written.as_uri()]
    drawings = page.locator(".drawing")
    assert drawings.count() == page.locator(".drawing svg").count() == DRAWINGS
    assert page.evaluate("document.documentElement.scrollWidth") == opened.width  # nothing hangs over
    widths = page.evaluate("[...document.querySelectorAll('.drawing svg')].map((s) => s.getBoundingClientRect().width)")
    assert all(100 < width <= opened.width for width in widths)


DRAWN = "document.querySelectorAll('.drawing svg').length"


def test_a_figure_is_drawn_when_it_comes_near_and_keeps_its_place_until_then(chromium, written: Path) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(written.as_uri())
    page.wait_for_selector("#drop-street-pose-td-hm .drawing svg")
    last = page.locator("#training-street-td-hm .drawing")
    assert page.evaluate(DRAWN) < 8 and last.locator("svg").count() == 0
    assert last.bounding_box()["height"] >= 240
    last.scroll_into_view_if_needed()
    last.locator("svg").wait_for()
    assert page.evaluate(DRAWN) < DRAWINGS
    page.close()


def test_what_nobody_has_seen_is_drawn_before_it_is_printed(chromium, written: Path) -> None:
    """Before the next task of the browser, which takes the page as it is then."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(written.as_uri())
    page.wait_for_selector("#drop-street-pose-td-hm .drawing svg")
    drawn = page.evaluate(
        """() => new Promise((then) => {
            const {port1, port2} = new MessageChannel();
            port1.onmessage = () => then([...document.querySelectorAll(".drawing svg")].length);
            port2.postMessage(0);
            dispatchEvent(new Event("beforeprint"));
        })"""
    )
    assert drawn == DRAWINGS
    page.close()


def test_errors_are_of_people_until_all_categories_are_chosen(wide) -> None:
    figure = wide.page.locator("#errors-street-detection-mask-rcnn")
    choice, axis = figure.get_by_label("Errors of"), figure.locator(".role-axis-label").first
    assert choice.locator("option").all_inner_texts() == ["people", "all categories"]
    assert choice.input_value() == "people"
    before = axis.text_content()
    choice.focus()
    wide.page.keyboard.press("ArrowDown")
    assert choice.input_value() == "all categories"
    wide.page.wait_for_timeout(50)
    assert axis.text_content() != before  # half as much
    assert wide.page.locator("#errors-street-pose-td-hm select").count() == 0 and wide.told == []


def test_the_first_screen_answers(wide) -> None:
    page = wide.page
    for title in ("Detection", "Instance segmentation", "Pose"):
        assert page.locator("h3", has_text=title).first.bounding_box()["y"] < 400
    first = page.locator("#drop-street-detection-mask-rcnn")
    assert "Equivalent to no anonymization, within 1 AP point: face" in first.inner_text()
    assert first.locator(".drawing").bounding_box()["y"] < 800
    assert "body · gan · low" in page.locator("#drop-street-pose-td-hm .drawing").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_axe_finds_nothing(chromium, written: Path, width: tuple[int, int], scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for opened in _open(chromium, written, *width, color_scheme=scheme):
        for details in opened.page.locator("details").all():
            details.evaluate("one => one.open = true")
        found = Axe().run(opened.page)
        assert found.violations_count == 0, found.generate_report()


def column(page, table: str, number: int) -> list[str]:
    return page.locator(f"#{table} tbody tr:not([hidden]) td:nth-child({number})").all_inner_texts()


def drop_column(page) -> tuple[int, object]:
    heads = page.locator("#drops thead th").all_inner_texts()
    number = heads.index("drop") + 1
    return number, page.locator("#drops thead th").nth(number - 1)


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_a_heading_sorts_by_value_one_way_and_back(wide) -> None:
    at, head = drop_column(wide.page)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = [number(text) for text in column(wide.page, "drops", at)]
    assert up == sorted(up) and len(set(up)) > 10
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert [number(text) for text in column(wide.page, "drops", at)] == up[::-1]
    assert wide.page.locator("#drops th[aria-sort]").count() == 1


def test_a_filter_keeps_the_rows_with_all_of_its_words(wide) -> None:
    box = wide.page.locator("#drops [data-filter]")
    box.focus()
    wide.page.keyboard.type("POSE gan")
    assert set(column(wide.page, "drops", 1)) == {"Pose"} and set(column(wide.page, "drops", 3)) == {"gan"}
    assert wide.page.locator("#drops output").inner_text() == "4 rows"
    box.fill("")
    assert len(column(wide.page, "drops", 1)) == 60


def test_the_slider_uncovers_by_keyboard_and_by_mouse(opened) -> None:
    scene = opened.page.locator("[data-scene]").first
    slider, box = scene.locator("[data-slider]"), scene.locator(".compare")
    slider.focus()
    slider.press("ArrowRight")
    assert box.evaluate("one => one.style.getPropertyValue('--at')") == "51%"
    assert slider.get_attribute("aria-valuetext") == "51 % before, 49 % after"
    slider.press("Home")
    assert box.locator(".after").evaluate("one => getComputedStyle(one).clipPath") == "inset(0px 0px 0px 0%)"
    place = slider.bounding_box()
    opened.page.mouse.click(place["x"] + place["width"] * 0.75, place["y"] + place["height"] / 2)
    assert 70 <= int(slider.input_value()) <= 80


def test_a_variant_is_shown_when_it_is_chosen(wide) -> None:
    scene = wide.page.locator("[data-scene]").first
    after, buttons = scene.locator(".after"), scene.locator("[data-variant]")
    before = after.get_attribute("src")
    buttons.nth(3).press("Space")
    assert after.get_attribute("src") == buttons.nth(3).locator("img").get_attribute("src") != before
    pressed = buttons.evaluate_all("all => all.map((one) => one.getAttribute('aria-pressed'))")
    assert pressed.index("true") == 3 and pressed.count("true") == 1


def test_a_term_is_defined_under_the_mouse_and_in_focus(wide) -> None:
    page, tip = wide.page, wide.page.locator("#tip")
    term = page.locator("#answer a.term", has_text="drop").first
    term.hover()
    assert tip.is_visible() and tip.inner_text().startswith("Baseline minus value;")
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    heading = page.locator("#drops .sort", has_text="baseline")
    heading.focus()
    assert tip.is_visible() and tip.inner_text().startswith("The same metric of the same model and seed")
    heading.blur()
    assert tip.is_hidden()


def test_a_mark_says_its_numbers(wide) -> None:
    mark = wide.page.locator("#drop-street-pose-td-hm .mark-symbol path").last
    mark.hover()
    assert "variant: body · mask out · high" in wide.page.locator("#tip").inner_text()


def test_data_and_drawings_are_saved_from_the_page_alone(wide, written: Path) -> None:
    page = wide.page
    figure = page.locator("#matrix")
    figure.locator("summary").click()
    with page.expect_download() as saved:
        figure.locator("[data-save=csv]").click()
    assert Path(saved.value.path()).read_text() == (written.parent / "figures/matrix.csv").read_text()
    with page.expect_download() as saved:
        figure.locator("[data-save=svg]").click()
    drawn = Path(saved.value.path()).read_text()
    assert drawn.startswith("<svg") and "var(--" not in drawn and "#b3400e" in drawn
    page.locator("#drops [data-filter]").fill("pose")
    with page.expect_download() as saved:
        page.locator("#drops [data-save=table]").click()
    assert len(Path(saved.value.path()).read_text().splitlines()) == 1 + 20


def test_a_charts_data_are_a_table_when_they_are_asked_for(wide) -> None:
    figure = wide.page.locator("#drop-street-pose-td-hm")
    assert figure.locator("table").count() == 0
    figure.locator("summary").press("Enter")
    rows = figure.locator("tbody tr")
    rows.first.wait_for()
    assert rows.count() == 20
    head = figure.locator("th", has_text="drop").first
    head.get_by_role("button").click()
    at = figure.locator("thead th").all_inner_texts().index("drop")
    values = [number(row.locator("td").nth(at).inner_text()) for row in rows.all()]
    assert head.get_attribute("aria-sort") == "ascending" and values == sorted(values)
    figure.locator("th", has_text="variant").get_by_role("button").hover()
    assert wide.page.locator("#tip").inner_text().startswith("All images of a split,")


def test_a_missing_cell_is_told_first_and_explained(wide) -> None:
    page = wide.page
    assert "1 of 126 cells is missing" in page.locator(".masthead").inner_text()
    text = page.locator("#missing").inner_text()
    assert "the rule train_model failed" in text and "ERROR Not enough <memory>." in text
    assert "logs/train_model/street/td-hm/body-gan-medium/seed1.log" in text


def test_it_prints_every_figure_in_ink_on_paper(chromium, written: Path, tmp_path: Path) -> None:
    for opened in _open(chromium, written, 1280, 800, color_scheme="dark"):
        page = opened.page
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(253, 253, 251)"
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        body, place, drawing = page.evaluate(
            "['body', '.drawing', '.drawing svg'].map((of) => document.querySelector(of).getBoundingClientRect().width)"
        )
        assert 500 < drawing <= place <= body <= 704  # px of a page's text: one column, drawn anew
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert (tmp_path / "report.pdf").stat().st_size > 50_000
