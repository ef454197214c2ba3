"""Pages stand alone, are accessible, and escape text from data."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from engine.pages.page import Figure, Note, Section, Table, anchors, render
from engine.tests.pages.journey import sections, write_journey

STYLE = (Path(__file__).parents[2] / "pages" / "style.css").read_text()


class Outline(HTMLParser):
    """The elements and text of a page, as a browser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_journey(tmp_path_factory.mktemp("page") / "deep" / "journey.html").read_text()


def test_page_needs_neither_network_nor_script(html: str) -> None:
    page = Outline(html)
    assert not page.all("script", "iframe", "img", "object", "base")
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"']?\s*(?:https?:)?//|url\(|@import", html)
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_page_is_below_500_kb(html: str) -> None:
    assert len(html.encode()) < 500_000


def test_page_hostile_text_is_escaped(tmp_path: Path) -> None:
    hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    page = Outline(write_journey(tmp_path / "page.html", hostile).read_text())
    assert not page.all("script", "img")
    assert "".join(page.text).count(hostile) > 10


def test_page_picture_not_from_charts_is_escaped() -> None:
    sneaked = Section("EDA", "both", "A sentence.", [Figure("<svg onload=x></svg>", "caption")])
    assert not Outline(render("Title", "Lead.", [sneaked])).all("svg")


def test_page_heading_levels_have_no_gaps(html: str) -> None:
    levels = [int(tag[1]) for tag, _ in Outline(html).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_page_has_landmarks_and_skip_link(html: str) -> None:
    page = Outline(html)
    assert all(len(page.all(name)) == 1 for name in ("header", "nav", "main", "footer"))
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0]["href"] == f"#{page.all('main')[0]['id']}"


def test_page_ids_are_unique_and_anchors_exist(html: str) -> None:
    page = Outline(html)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    named = [attrs["aria-labelledby"] for attrs in page.all("section")]
    jumps = [str(a["href"])[1:] for a in page.all("a") if str(a["href"]).startswith("#")]
    assert len(ids) == len(set(ids))
    assert set(jumps) | set(named) <= set(ids)


def test_anchors_equal_titles_are_numbered() -> None:
    twins = [Section(title, "both", "A sentence.") for title in ("Data", "Data", "數據", "Data")]
    assert anchors(twins) == ["data", "data-2", "part", "data-3"]


def test_tables_have_captions_and_scopes(html: str) -> None:
    page = Outline(html)
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert {cell.get("scope") for cell in page.all("th")} == {"col", "row"}


def test_table_on_phone_cells_name_their_column() -> None:
    header, row = ["check", "verdict", "measured", "required"], ["leakage", "refuse", "a", "none"]
    html = render("A gate", "", [Section("Gate", "both", "", [Table("honest", header, [row])])])
    assert [cell["data-name"] for cell in Outline(html).all("td")] == header[1:]
    assert "attr(data-name)" in STYLE
    # A sentence in a table of two columns, and a line to copy, wrap there too.
    phone = STYLE.partition("@media screen and (max-width: 40rem)")[2].partition("@page")[0]
    assert "\n  .long { min-width: 0;" in phone
    assert "\n  pre { white-space: pre-wrap;" in phone


def test_page_every_picture_has_title(html: str) -> None:
    assert len(re.findall(r"<svg[^>]*role=\"img\"[^>]*><title>[^<]+", html)) == html.count("<svg")


def test_page_stages_have_status_in_order(html: str) -> None:
    strip = re.search(r'<ol class="strip">(.*?)</ol>', html, re.DOTALL)
    assert strip
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", strip[1]))
    positions = [text.index(f"{one.title} {one.status}") for one in sections()]
    assert positions == sorted(positions)


def test_style_light_and_dark_have_same_colours(html: str) -> None:
    light, dark = _colours(STYLE)
    assert set(light) == set(dark)
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_style_contrast_meets_wcag(scheme: int) -> None:
    colours = _colours(STYLE)[scheme]
    words = ("ink", "soft", "good", "warn", "bad", "quiet", "scientist", "both", "engineer")
    for ground in ("page", "card", "well"):
        for word in words:
            assert contrast(colours[word], colours[ground]) >= 4.5, (word, ground)
    for mark in ("second", "third", "fourth", "fifth", "sixth"):
        assert contrast(colours[mark], colours["card"]) >= 3, mark


def test_page_same_sections_same_bytes(tmp_path: Path) -> None:
    first, second = (write_journey(tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second


def test_section_single_figure_is_beside_text() -> None:
    picture, table = Figure("", "caption"), Table("caption", ("a",), [("b",)])
    first, last = Note("first"), Note("last")
    section = Section("Data", "both", "One.", [first, picture, table, last])
    assert section.side is picture
    assert section.columns == ([first], [table, last])
    two = Section("Data", "both", "One.", [first, picture, table, Figure("", "another")])
    assert two.side is None
    assert [*two.columns[0], *two.columns[1]] == list(two.blocks)


def test_page_without_stages_has_contents() -> None:
    sections = [Section(title, "both", "One.", [Note("Two.")]) for title in ("Rows", "Time")]
    html = render("Title", "Lead.", sections)
    assert 'aria-label="Contents"' in html
    assert "strip" not in html.split("</style>")[1]


def _colours(style: str) -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", block)) for block in blocks]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours by WCAG 2.2, between 1 and 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    sections = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in sections]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
