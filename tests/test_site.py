"""The documents as a site: it has every page, reads as on GitHub, has no broken link, and asks no other host."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from anonbench.common.root import ROOT
from tests.test_docs import DOCUMENTS, anchors, identity

pytest.importorskip("material", reason="mkdocs-material is not installed")

GITHUB = MarkdownIt("commonmark").enable("table")
COUNTED = ("table", "tr", "li", "pre", "h1", "h2", "h3", "h4", "p", "img")
REFERENCES = {"a": "href", "link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """A page's ids, its references by tag, and how often each tag occurs in what its author wrote."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.references: list[tuple[str, str]] = []
        self.written: Counter[str] = Counter()
        self.within = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids.add(named.get("id") or "")
        self.within = self.within or tag == "article"
        if self.within:
            self.written[tag] += 1
        if target := named.get(REFERENCES.get(tag, "")):
            self.references.append((tag, target))

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag != "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def place(document: Path, site: Path) -> Path:
    """A document's page."""
    name = Path(identity(document)).with_suffix(".html")
    return site / (name.with_name("index.html") if name.stem == "README" else name)


def test_every_document_is_a_page_in_the_navigation(site: Path, pages: dict[Path, Page]) -> None:
    linked = {(site / target.split("#")[0]).resolve() for tag, target in pages[site / "index.html"].references}
    assert {place(document, site) for document in DOCUMENTS} <= linked
    assert pages.keys() == {place(document, site) for document in DOCUMENTS} | {site / "404.html"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=identity)
def test_a_page_reads_as_on_github(document: Path, site: Path, pages: dict[Path, Page]) -> None:
    github = Page(f"<article>{GITHUB.render(document.read_text(encoding='utf-8'))}</article>").written
    assert {tag: pages[place(document, site)].written[tag] for tag in COUNTED} == {tag: github[tag] for tag in COUNTED}
    assert anchors(document) <= pages[place(document, site)].ids


def test_links_lead_to_pages_and_anchors_that_exist(pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for _, target in page.references:
            name, _, anchor = unquote(target).partition("#")
            if "://" in name or path.name == "404.html":
                continue
            goal = (path.parent / name).resolve() if name else path
            goal = goal / "index.html" if goal.is_dir() else goal
            if not goal.exists() or (anchor and goal in pages and anchor not in pages[goal].ids):
                broken.append((path.name, target))
    assert broken == []


def test_no_page_asks_another_host_for_anything(site: Path, pages: dict[Path, Page]) -> None:
    asked = {target for page in pages.values() for tag, target in page.references if tag != "a" and "//" in target}
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert asked == set() and re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//", styles) == []
