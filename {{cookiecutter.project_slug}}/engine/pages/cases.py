"""Pictures of single cases: a payoff matrix, and an icon array of a thousand cases."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.pages.drawing import WIDTH, Show, fit, picture, tag, text, widest
from engine.pages.formatting import number

ICONS = 1000  # an icon array shows so many cases, forty a row
PER_ROW = 40
STEP = WIDTH / PER_ROW
LEGEND = 20.0  # height of a line of the legend
CELL = 54.0
WIDEST_NAME = 120.0


@dataclass(frozen=True)
class CaseGroup:
    """Cases of one kind: `rows` (a count or a share) of them, in the colour c1…c6.

    Cases that went wrong are drawn as crosses.
    """

    label: str
    rows: float
    colour: int
    wrong: bool = False


def matrix(
    title: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    show: Show = number,
    description: str = "",
) -> Markup:
    """Amounts with their sign in a small table of cells: gains are green, costs are red."""
    left = min(widest(name for name, _ in rows), WIDEST_NAME) + 10
    wide = (WIDTH - left) / max(len(columns), 1)
    middles = [left + (i + 0.5) * wide for i in range(len(columns))]
    elements = [
        text(middle, 8, fit(name, wide - 6), name, anchor="middle")
        for middle, name in zip(middles, columns, strict=True)
    ]
    size, style = {"width": wide - 4, "height": CELL - 4, "rx": 6}, {"class_": "strong large"}
    for r, (name, amounts) in enumerate(rows):
        y = 20 + r * CELL
        elements.append(text(0.0, y + CELL / 2, fit(name, left - 8), name))
        for middle, amount in zip(middles, amounts, strict=True):
            kind = "gain" if amount > 0 else "loss" if amount < 0 else "even"
            elements.append(tag("rect", x=middle - wide / 2 + 2, y=y + 2, **size, class_=kind))
            words = f"+{show(amount)}" if amount > 0 else show(amount)
            elements.append(text(middle, y + CELL / 2, words, **style, anchor="middle"))
    return picture(title, description, 22 + len(rows) * CELL, elements)


def icon_array(title: str, groups: Sequence[CaseGroup], *, description: str = "") -> Markup:
    """A thousand marks, one a case, group by group: a dot for a right case, a cross for a wrong."""
    counts = thousand([group.rows for group in groups])
    elements, at, top = [], 0, LEGEND * len(groups) + 10
    for i, (group, count) in enumerate(zip(groups, counts, strict=True)):
        y = LEGEND * (i + 0.5)
        words = f"{count:,} {group.label}"
        elements.append(_marks([(6.0, y)], group))
        elements.append(text(16.0, y, fit(words, WIDTH - 18), words, class_="strong"))
        positions = [divmod(n, PER_ROW) for n in range(at, at + count)]
        spots = [((x + 0.5) * STEP, top + (row + 0.5) * STEP) for row, x in positions]
        elements.append(_marks(spots, group))
        at += count
    return picture(title, description, top + -(-at // PER_ROW) * STEP, filter(None, elements))


def thousand(rows: Sequence[float]) -> list[int]:
    """Shares of 1,000 as whole numbers that add up to it, by largest remainders (Hamilton 1792)."""
    exact = [ICONS * part / (sum(rows) or 1.0) for part in rows]
    counts = [int(part) for part in exact]
    largest_remainders = sorted(range(len(rows)), key=lambda i: counts[i] - exact[i])
    for i in largest_remainders[: ICONS - sum(counts) if any(rows) else 0]:
        counts[i] += 1
    return counts


def _marks(spots: Sequence[tuple[float, float]], group: CaseGroup) -> str:
    """One path for all marks: a thousand elements would be ten times as large."""
    class_, shape = ("crosses", "m-2.5-2.5l5 5m0-5l-5 5") if group.wrong else ("icon-array", "h0")
    drawn = "".join(f"M{x:.1f} {y:.1f}{shape}" for x, y in spots)
    return tag("path", d=drawn, class_=f"{class_} l{group.colour}") if spots else ""
