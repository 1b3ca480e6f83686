"""The guide as a site: mdbook makes it, every internal link and anchor leads somewhere, no page is too hard to
read, and a real browser shows pages on a screen and on a phone without anything running out of them."""

import functools
import http.server
import os
import shutil
import subprocess
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from playwright.sync_api import sync_playwright

import readability

ROOT = readability.ROOT
SCREENS = {"screen": (1280, 900), "phone": (390, 844)}
# The front page, a long table, and a page with a picture.
SHOWN = {"front": "index.html", "table": "docs/streams.html", "picture": "docs/syncing.html"}
# What mdbook makes besides the pages.
OTHERS = {"404.html", "print.html", "toc.html"}


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site."""
    place = tmp_path_factory.mktemp("site") / "book"
    subprocess.run([os.environ["MDBOOK"], "build", "--dest-dir", place, ROOT], check=True)
    return place


class Page(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors, self.in_main = [], set(), False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.anchors.add(attrs["id"])
        self.in_main |= tag == "main"
        if self.in_main and tag in ("a", "img"):
            self.links.append(attrs.get("href") or attrs.get("src") or "")

    def handle_endtag(self, tag):
        self.in_main &= tag != "main"


def pages(site):
    """The pages of the site, by their paths in it."""
    found = {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}
    return {path: page for path, page in found.items() if path not in OTHERS}


def test_every_page_of_the_guide_is_in_it(site):
    built = pages(site)
    for page in readability.pages():
        assert page.with_suffix(".html").as_posix() in built, page


def test_every_internal_link_and_anchor_leads_somewhere(site):
    built = pages(site)
    broken, followed = [], 0
    for path, page in built.items():
        for link in page.links:
            if "://" in link or link.startswith("mailto:"):
                continue
            target, anchor = urldefrag(urljoin(path, link))
            followed += 1
            target, anchor = unquote(target), unquote(anchor)
            if target in built:
                if anchor and anchor not in built[target].anchors:
                    broken.append(f"{path}: {link} (no such anchor)")
            elif not (site / target).is_file():
                broken.append(f"{path}: {link} (no such page)")
    assert not broken, "\n".join(broken)
    assert followed > 300


@pytest.mark.parametrize("page", readability.pages(), ids=str)
def test_no_page_is_too_hard_to_read(page):
    assert not list(readability.too_hard(page))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address(site):
    """Where the site is served."""
    handler = functools.partial(Quiet, directory=site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """A real browser, without a window."""
    with sync_playwright() as playwright:
        # As root it cannot have a sandbox of its own.
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_runs_out_of_a_page(site, address, browser, screen):
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height})
    wide = []
    for path in sorted(pages(site)):
        page.goto(address + path)
        assert page.locator("main h1").first.is_visible(), path
        overflow = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        # A table may scroll within its own frame, and the frame stays within the page.
        frames = page.evaluate(
            """[...document.querySelectorAll('main table')]
                .map(table => (table.closest('.table-wrapper') ?? table).getBoundingClientRect().right)
                .filter(right => right > window.innerWidth + 1).length"""
        )
        if overflow > 0 or frames:
            wide.append(f"{path}: {overflow} pixels, {frames} tables")
    page.close()
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("shown", SHOWN)
def test_a_person_sees_pages_as_pictures(address, browser, shown, screen):
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address + SHOWN[shown])
    page.wait_for_load_state("networkidle")
    if shown == "picture":
        picture = page.locator("main img").first
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    place = Path(os.environ["ACCEPTANCE_HOME"]) / "site"
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{shown}-{screen}.png"
    page.screenshot(path=file)
    page.close()
    assert file.stat().st_size > 10_000


def test_search_finds_an_option(address, browser):
    page = browser.new_page()
    page.goto(address)
    page.keyboard.press("s")
    page.locator("#mdbook-searchbar").press_sequentially("deleted_at_field")
    first = page.locator("#mdbook-searchresults a").first
    first.wait_for()
    assert "html" in first.get_attribute("href")
    page.close()
