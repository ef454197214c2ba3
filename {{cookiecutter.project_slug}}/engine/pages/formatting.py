"""How numbers and verdicts are written, on pages, in charts and in the terminal."""

import math
from typing import Literal

Severity = Literal["good", "warn", "bad", "quiet"]

# Every verdict of the project. Tables on pages and in the terminal colour these words.
SEVERITIES: dict[str, Severity] = {
    **dict.fromkeys(("pass", "passed", "accepted", "ok", "pays on past cases"), "good"),
    **dict.fromkeys(("warn", "warned", "assumed", "drift", "unsure", "suspicious"), "warn"),
    **dict.fromkeys(
        ("worse", "degraded", "refuse", "refused", "stopped", "broken", "does not pay"), "bad"
    ),
    **dict.fromkeys(("not run", "not applicable", "insufficient data"), "quiet"),
}

# The sign carries the severity for people who do not see the colour.
SIGNS: dict[Severity, str] = {"good": "✓", "warn": "!", "bad": "✕", "quiet": "–"}

NOTHING = "–"
LARGE = {1e12: "T", 1e9: "B", 1e6: "M"}


def number(value: float | None) -> str:
    """A number for people: 12,345 · 0.0123 · 1.23 M; a missing one is a dash."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    for unit, letter in LARGE.items():
        if size >= unit:
            return _minus(f"{value / unit:.3g} {letter}") if size < unit * 1e3 else f"{value:.2e}"
    if size >= 999.5 or value == int(value):
        return _minus(f"{value:,.0f}")
    if size < 1e-4:
        return _minus(f"{value:.1e}")
    decimals = 2 - math.floor(math.log10(size))
    return _minus(f"{value:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}")


def percent(share: float | None) -> str:
    """A share between 0 and 1 for people: 12 %, 0.4 %; never 0 % or 100 % unless it is."""
    if share is None or math.isnan(share):
        return NOTHING
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    near_an_end = 0 < abs(share) < 0.02 or 0.98 < share < 1
    return _minus(f"{share * 100:.1f} %" if near_an_end else f"{share * 100:.0f} %")


def seconds(duration: float) -> str:
    """How long something took: 0.4 s, 12 s, 3 min 20 s."""
    if duration < 0.05:
        return "<0.1 s"
    if duration < 9.95:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return " ".join(f"{n} {unit}" for n, unit in ((minutes, "min"), (rest, "s")) if n)


def count(how_many: int, one: str, many: str = "") -> str:
    """A counted thing: 1 row, 12,345 rows."""
    return f"{how_many:,} {one if how_many == 1 else many or one + 's'}"


def listed(words: list[str], at_most: int | None = None) -> str:
    """Words in a sentence: `a`, `a and b`, `a, b and c`; beyond `at_most`, three and a number."""
    if at_most is not None and len(words) > at_most:
        words = [*words[:3], f"{len(words) - 3} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def subject(words: list[str], verb: str) -> str:
    """Words and what they do: `a changes`, `a and b change`."""
    return f"{listed(words)} {verb}{'s' if len(words) == 1 else ''}"


def severity(word: object) -> Severity | None:
    """The severity of a verdict; None for any other word."""
    return SEVERITIES.get(word) if isinstance(word, str) else None


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
