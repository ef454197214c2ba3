"""Relatives of equal columns, ranges, sums and fees: in other types, units, classes and rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.tests.leakage.tables import find, missing, named, noise
from engine.tests.leakage.test_near import ids, other_than, parts, rooms, threshold

Rng = np.random.Generator
ROWS = 2_000


def coded(rng: Rng, honest: float = 0.0) -> Any:
    """Codes as numbers, and as texts of which every ninth has letters."""
    late, planned = rng.random(ROWS) < 0.3, rng.integers(0, 40, ROWS)
    late[::9] = True
    differ = late ^ (rng.random(ROWS) < honest)
    real = np.where(differ, other_than(rng, planned, 40), planned)
    texts = [f" {code:03d}" if row % 9 else "none" for row, code in enumerate(real)]
    return {"leak": planned, "more": texts}, late


def far_apart(rng: Rng) -> Any:
    """Measurements in several units that together separate two classes."""
    late = rng.random(ROWS) < 0.4
    return {f"m{n}": (10.0**n * rng.normal(3 * late, 1)).round(2) for n in range(5)}, late


def raised(rng: Rng) -> Any:
    """The price before, which was raised for few."""
    before = rng.gamma(3, 20, ROWS).round(2)
    return {"before": before}, before + 15.0 * (rng.random(ROWS) < 0.07)


def of_three(rng: Rng) -> Any:
    state = rng.choice(["early", "due", "late"], ROWS)
    return rooms(rng, state != "due"), state


def numbered(rng: Rng, text: str, purity: float = 1.0) -> Any:
    made, target = ids(rng, purity)
    return {"leak": [text.format(number) for number in made["leak"]]}, target


def repeated(rng: Rng, purity: float = 1.0) -> Any:
    """Ids with one to three rows each, which all have the class of the id."""
    made, target = ids(rng, purity)
    times = rng.integers(1, 4, len(target))
    return {"leak": np.repeat(made["leak"], times)}, np.repeat(target, times)


def agreed(rng: Rng, unit: str, per_day: float, off: float = 0.0) -> Any:
    """Two dates, and how many units may lie between them; `off` days are not known."""
    start = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**5, ROWS), "min")
    minutes, limit = rng.gamma(3, 900, ROWS).round(), rng.gamma(9, 0.3 * per_day, ROWS).round()
    end = pd.Series(start + pd.to_timedelta(minutes, "min"))
    planned = end + pd.to_timedelta(rng.normal(0, off, ROWS) if off else 0, "D")
    return {"leak": start, "more": planned, unit: limit}, minutes / 1440 > limit / per_day


def ranked(rng: Rng, off: float = 0.0) -> Any:
    """Three classes by a sum, the two largest of which are no neighbours."""
    made, _ = threshold(rng, [1, 1, -1])
    total = made["part 0"] + made["part 1"] - made["part 2"]
    total = total + off * total.std() * rng.normal(size=len(total))
    low, high = np.quantile(total, [0.4, 0.6])
    return made, np.select([total <= low, total <= high], ["low", "middle"], "high")


def in_cents(rng: Rng, off: float = 0.0) -> Any:
    paid, credit, cents = rng.gamma(3, 10, ROWS), rng.gamma(3, 10, ROWS), rng.gamma(3, 1e3, ROWS)
    made = {"paid": paid.round(2), "credit": credit.round(2), "cents": cents.round()}
    rest = made["paid"] - made["credit"] + made["cents"] / 100
    return made, rest + off * rest.std() * rng.normal(size=ROWS) > 40


def charged(rng: Rng, rest: Any) -> Any:
    """Four parts, of which one is deducted, with gaps, and a rest."""
    columns = parts(rng, ROWS, 4)
    made = {f"part {number}": missing(rng, values) for number, values in enumerate(columns.T)}
    return made, (columns @ [1, 1, -1, 1] + rest).round(2)


LEAKS: dict[str, Callable[[Rng], Any]] = {
    "equal, text and number": coded,
    "equal, one of three classes": of_three,
    "ids, text with a year": lambda rng: numbered(rng, "P24-{:07d}"),
    "ids, repeated": repeated,
    "dates, limit in hours": lambda rng: agreed(rng, "hours", 24),
    "dates, limit in minutes": lambda rng: agreed(rng, "minutes", 1440),
    "sum_of_three_classes": ranked,
    "sum, in cents": in_cents,
    "fees, with gaps": lambda rng: charged(rng, rng.choice([0, 1.5, 4], ROWS)),
    "fees, ten": lambda rng: charged(rng, rng.choice(np.arange(10) ** 2 / 2, ROWS)),
    "fees, most have one": lambda rng: charged(rng, 2.5 * (rng.random(ROWS) < 0.06)),
}
HONEST: dict[str, Callable[[Rng], Any]] = {
    "equal, text and number": lambda rng: coded(rng, 0.04),
    "ids, text with a year": lambda rng: numbered(rng, "P24-{:07d}", 0.95),
    "ids, repeated": lambda rng: repeated(rng, 0.95),
    "dates, limit in hours": lambda rng: agreed(rng, "hours", 24, 0.1),
    "dates, limit in minutes": lambda rng: agreed(rng, "minutes", 1440, 0.1),
    "sum_of_three_classes": lambda rng: ranked(rng, 0.05),
    "sum, in cents": lambda rng: in_cents(rng, 0.05),
    "fees, any": lambda rng: charged(rng, rng.gamma(2, 1, ROWS)),
    "fees, above and below": lambda rng: charged(rng, rng.choice([-2, 0, 2], ROWS)),
    "price, raised for few": raised,
    "classes far apart": far_apart,
}


@pytest.mark.parametrize("case", LEAKS)
def test_find_relative_of_a_leak_is_named_with_all_its_columns(case: str) -> None:
    for seed in range(2):
        rng = np.random.default_rng(seed)
        made, target = LEAKS[case](rng)
        leaks = find(noise(rng, len(target), 3).assign(**made), pd.Series(target))
        assert named(leaks) == set(made), (seed, leaks)
        assert len(leaks) == 1


@pytest.mark.parametrize("case", HONEST)
def test_find_honest_relative_is_clean(case: str) -> None:
    for seed in range(5):
        rng = np.random.default_rng(100 + seed)
        made, target = HONEST[case](rng)
        assert find(noise(rng, len(target), 3).assign(**made), pd.Series(target)) == [], seed
