"""Equal columns, ranges of an id, thresholds on sums, sums with fees; and honest ones near them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.tests.leakage.tables import find, named, noise

Rng = np.random.Generator
Made = dict[str, Any]
# Columns of (rng, rows), and their target.
Table = Callable[[Rng, int], tuple[Made, Any]]
ROOMS = np.array([f"room {number}" for number in range(30)])
FEES = np.array([0.8, 1.3, 1.8, 3.3, 3.8, 4.3])


def other_than(rng: Rng, codes: Any, most: int) -> Any:
    return (codes + rng.integers(1, most, len(codes))) % most


def rooms(rng: Rng, moved: Any, honest: float = 0.0) -> Made:
    """What was reserved and assigned; in a share `honest` of rows it is otherwise."""
    codes = rng.integers(0, len(ROOMS), len(moved))
    differ = moved ^ (rng.random(len(moved)) < honest)
    assigned = ROOMS[np.where(differ, other_than(rng, codes, len(ROOMS)), codes)]
    upper = pd.Series(assigned).str.upper() + " "
    return {"leak": ROOMS[codes], "more": upper.astype("str")}


def sent(rng: Rng, late: Any, honest: float = 0.0) -> Made:
    """The times of an order and of its dispatch, on the same day unless it is late."""
    ordered = pd.Series(
        pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.random(len(late)) * 99, "D")
    )
    differ = late ^ (rng.random(len(late)) < honest)
    days = rng.random(len(late)) + np.where(differ, rng.integers(1, 4, len(late)), 0)
    return {"leak": ordered, "more": ordered.dt.normalize() + pd.to_timedelta(days, "D")}


def counted(rng: Rng, wrong: Any, honest: float = 0.0) -> Made:
    """What was ordered and what was counted."""
    ordered = rng.integers(1, 60, len(wrong))
    differ = wrong ^ (rng.random(len(wrong)) < honest)
    return {"leak": ordered, "more": np.where(differ, other_than(rng, ordered, 60), ordered)}


def within(rng: Rng, honest: float = 0.0, rows: int = 1_000) -> tuple[Made, Any]:
    """Two readings, and whether they are further apart than is allowed."""
    one, apart = rng.normal(50, 20, rows), rng.normal(0, 5, rows)
    wrong = np.abs(apart + rng.normal(0, honest, rows)) > 6
    return {"leak": one.round(2), "more": (one + apart).round(2)}, wrong


def ids(rng: Rng, purity: float = 1.0, ranges: int = 5, each: int = 150) -> tuple[Made, Any]:
    """Ids of several sites, in whose ranges one class has the share `purity`."""
    number = np.concatenate([100_000 * n + rng.choice(90_000, each, False) for n in range(ranges)])
    target = (number // 100_000 % 2 == 1) ^ (rng.random(len(number)) > purity)
    return {"leak": number}, target


def inside(rng: Rng, rows: int) -> tuple[Made, Any]:
    """A number, and whether it is in the middle."""
    values = rng.normal(size=rows)
    return {"leak": values}, np.abs(values) < 1


def states(rng: Rng, rows: int) -> tuple[Made, Any]:
    """A machine's state that lasts for hours, and numbers that count the time."""
    lasts = np.repeat(np.arange(5) % 2 == 1, rows // 5)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(len(lasts)) * 10, "min")
    return {"counter": 1_000 + np.arange(len(lasts)) * 3, "at": days}, lasts


def blobs(rng: Rng, rows: int) -> tuple[Made, Any]:
    """Clusters that take turns along a measurement, far apart and in whole units."""
    cluster = rng.integers(0, 3, rows)
    return {"size": (rng.normal(cluster * 100_000, 9_000)).round().astype(int)}, cluster == 1


def parts(rng: Rng, rows: int, count: int) -> Any:
    scale = np.array([30.0, 25.0, 8.0, 20.0, 5.0])
    return (rng.gamma(3, 1, (rows, 5)) * scale)[:, :count].round(1)


def threshold(
    rng: Rng, signs: list[float], off: float = 0.0, rows: int = 2_000
) -> tuple[Made, Any]:
    """Parts whose sum with `signs` decides, but for what nobody knew: `off` of its spread."""
    columns = parts(rng, rows, len(signs))
    total = columns @ signs
    decides = total + rng.normal(0, 1, rows) * off * total.std()
    made = {f"part {number}": values for number, values in enumerate(columns.T)}
    return made, decides > np.quantile(decides, 0.8)


def apart(rng: Rng, rows: int) -> tuple[Made, Any]:
    """Two clusters that any five measurements together separate wholly, and none alone."""
    ill = rng.random(rows) < 0.4
    return {f"m{number}": rng.normal(2.5 * ill, 1).round(2) for number in range(5)}, ill


def fares(rng: Rng, rest: Callable[[Any], Any], rows: int = 1_200) -> tuple[Made, Any]:
    """A fare, a tip, tolls and what the total has beside these."""
    fare = (rng.gamma(3, 5, rows) + 2.5).round(1)
    tip = (fare * rng.choice([0, 0.2, 0.25], rows) * rng.normal(1, 0.05, rows)).round(2)
    tolls = rng.choice([0.0, 5.76, 6.12], rows, p=[0.9, 0.06, 0.04])
    made = {"fare": fare, "tip": tip, "tolls": tolls}
    return made, (fare + tip + tolls + rest(fare)).round(2)


def mostly(rng: Rng, values: Any, others: float = 0.04) -> Callable[[Any], Any]:
    """One of the values, and anything in a share of the rows."""
    return lambda fare: np.where(
        rng.random(len(fare)) < others,
        rng.uniform(0, 20, len(fare)).round(2),
        rng.choice(values, len(fare)),
    )


def prices(rng: Rng, rows: int) -> tuple[Made, Any]:
    """The price of yesterday: the same, or a few steps higher or lower."""
    before = rng.integers(100, 900, rows)
    return {"before": before}, (before + rng.choice([-10, -5, 0, 5, 10], rows)).astype(float)


def in_fives(rng: Rng, rows: int) -> tuple[Made, Any]:
    """Prices in steps of five, of which an unknown part is five to twenty."""
    base = rng.integers(10, 200, rows) * 5.0
    return {"base": base}, base + rng.choice([0.0, 5.0, 10.0, 15.0], rows)


def by_class(made: Callable[..., Made], honest: float = 0.0) -> Table:
    def table(rng: Rng, rows: int) -> tuple[Made, Any]:
        late = rng.random(rows) < 0.3
        return made(rng, late, honest), late

    return table


# By mechanism: leaks, each of which names all columns that it makes; then honest tables.
NEAR: dict[str, tuple[dict[str, Table], dict[str, Table]]] = {
    "equal": (
        {
            "words": by_class(rooms),
            "numbers": by_class(counted),
            "days": by_class(sent),
            "nearly": lambda rng, rows: within(rng),
        },
        {
            "words, mostly": by_class(rooms, 0.04),
            "numbers, mostly": by_class(counted, 0.04),
            "days, mostly": by_class(sent, 0.04),
            "nearly, by other readings": lambda rng, rows: within(rng, 1.0),
        },
    ),
    "ranges": (
        {
            "of an id": lambda rng, rows: ids(rng),
            "of an id, few wrong": lambda rng, rows: ids(rng, 0.997),
            "of an id, three": lambda rng, rows: ids(rng, 1.0, 3, 400),
            "of a number": inside,
        },
        {
            "that differ": lambda rng, rows: ids(rng, 0.95),
            "many, of few rows": lambda rng, rows: ids(rng, 1.0, 60, 15),
            "of time": states,
            "clusters": blobs,
        },
    ),
    "sums": (
        {
            "of three": lambda rng, rows: threshold(rng, [1, 1, 1]),
            "of four, a difference": lambda rng, rows: threshold(rng, [1, -1, 1, 1]),
            "of five": lambda rng, rows: threshold(rng, [1, -1, 1, 1, 1]),
            "of five, weighed": lambda rng, rows: threshold(rng, [2, 1, 3, 1, 4]),
        },
        {
            "of three, nearly": lambda rng, rows: threshold(rng, [1, 1, 1], 0.08),
            "of five, nearly": lambda rng, rows: threshold(rng, [1, -1, 1, 1, 1], 0.05),
            "of a few rows": lambda rng, rows: threshold(rng, [1, 1, 1], 0.08, 300),
            "clusters": apart,
        },
    ),
    "fees": (
        {
            "six, in 96 of 100 rows": lambda rng, rows: fares(rng, mostly(rng, FEES)),
            "discounts": lambda rng, rows: fares(rng, mostly(rng, -FEES[:3])),
        },
        {
            "any rest": lambda rng, rows: fares(rng, lambda f: rng.gamma(2, 1, len(f))),
            "in 85 of 100 rows": lambda rng, rows: fares(rng, mostly(rng, FEES, 0.15)),
            "a price before": prices,
            "in_steps": in_fives,
        },
    ),
}
LEAKS = [(kind, name) for kind, (leaks, _) in NEAR.items() for name in leaks]
HONEST = [(kind, name) for kind, (_, honest) in NEAR.items() for name in honest]


@pytest.mark.parametrize(("kind", "name"), LEAKS)
def test_find_near_leak_is_named_with_all_its_columns(kind: str, name: str) -> None:
    for seed in range(2):
        rng = np.random.default_rng(seed)
        made, target = NEAR[kind][0][name](rng, 1_200)
        leaks = find(noise(rng, len(target), 3).assign(**made), pd.Series(target))
        assert named(leaks) == set(made), (seed, leaks)
        assert len(leaks) == 1


@pytest.mark.parametrize(("kind", "name"), HONEST)
def test_find_honest_near_a_leak_is_clean(kind: str, name: str) -> None:
    """Five tables of each kind: twenty near each mechanism."""
    for seed in range(5):
        rng = np.random.default_rng(100 + seed)
        made, target = NEAR[kind][1][name](rng, 1_200)
        assert find(noise(rng, len(target), 3).assign(**made), pd.Series(target)) == [], seed


def test_find_ranges_of_few_units_are_clean() -> None:
    """Five patients with many rows each are five pieces of evidence."""
    rng = np.random.default_rng(0)
    made, target = ids(rng)
    patient = made["leak"] // 100_000
    rows, frame = rng.permutation(len(target)), noise(rng, len(target), 3).assign(**made)
    frame = frame.assign(patient=[f"p{n}" for n in patient]).iloc[rows]
    assert named(find(frame.drop(columns="patient"), pd.Series(target[rows]))) == {"leak"}
    assert find(frame, pd.Series(target[rows]), unit="patient") == []
