"""Slides hold all of the page, one idea a slide, and need no network."""

import re

import pytest

from engine.pages.page import (
    MOST_ROWS,
    Block,
    Figure,
    Gallery,
    Note,
    Section,
    Table,
    deck,
    render_slides,
)
from engine.tests.pages.journey import sections
from engine.tests.pages.test_page import Outline

PICTURE = Figure("", "caption")


@pytest.fixture(scope="module")
def html() -> str:
    return render_slides("A title", "A lead.", sections(), verdict="stopped", footer="One file.")


def test_slides_need_no_network_and_stay_small(html: str) -> None:
    page = Outline(html)
    assert not page.all("iframe", "img", "object", "base")
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"']?\s*(?:https?:)?//|url\(|@import", html)
    assert page.all("script") == [{}]
    assert not re.search(
        r"fetch|XMLHttp|import\(|eval|innerHTML|https?:", html.split("<script>")[1]
    )
    assert len(html.encode()) < 500_000


def test_slides_hold_every_sentence_and_picture(html: str) -> None:
    text = "".join(Outline(html).text)
    for section in sections():
        assert section.title in text
        assert section.sentence in text
    pictures = [block for slide in deck(sections()) for block in slide.blocks]
    assert sum(isinstance(block, Figure) for block in pictures) == html.count('role="img"')


def test_deck_one_picture_or_table_a_slide() -> None:
    rows = [(str(number),) for number in range(MOST_ROWS + 1)]
    blocks: list[Block] = [
        Note("a"),
        PICTURE,
        Note("b"),
        Gallery([PICTURE, PICTURE]),
        Table("t", ("n",), rows),
    ]
    slides = deck([Section("Title", "both", "One sentence.", blocks)])
    assert [[type(block).__name__ for block in slide.blocks] for slide in slides] == [
        ["Note", "Figure", "Note"], ["Figure"], ["Figure"], ["Table"], ["Table"],
    ]  # fmt: skip
    assert [slide.sentence for slide in slides] == ["One sentence.", "", "", "", ""]
    assert [len(t.rows) for s in slides for t in s.blocks if isinstance(t, Table)] == [MOST_ROWS, 1]
    assert {slide.title for slide in slides} == {"Title"}


def test_slides_have_unique_names_and_positions(html: str) -> None:
    page = Outline(html)
    result = page.all("section")
    ids = [attrs.get("id") for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert len({one["aria-label"] for one in result}) == len(result)
    assert all(one["tabindex"] == "-1" for one in result)
    positions = re.findall(r'<p class="turn">(\d+) / (\d+)', html)
    assert positions == [(str(n), str(len(result))) for n in range(1, len(result) + 1)]
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1


def test_slides_hostile_text_is_escaped() -> None:
    hostile = "\"'><script>alert(1)</script>"
    html = render_slides(hostile, hostile, sections(hostile), footer=hostile)
    assert len(Outline(html).all("script")) == 1
