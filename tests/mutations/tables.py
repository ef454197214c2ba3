"""Tables of text: written as CSV; and made, with honest columns that are strong or strange."""

import csv
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

Row = dict[str, str]

SHOPS = ("north", "south", "west", "on-line")


def made(rows: int, seed: int, row: Callable[[Random, int], dict[str, Any]]) -> list[Row]:
    """A table of text, missing cells empty, each row made by `row` from dice and its number."""
    rng = Random(seed)
    return [
        {name: "" if value is None else str(value) for name, value in row(rng, number).items()}
        for number in range(rows)
    ]


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write a table as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def nearly_perfect(rng: Random, _: int) -> dict[str, Any]:
    """Two sensors that between them tell a broken machine from a sound one, nearly always."""
    broken = rng.random() < 0.3
    return {
        "vibration": round(rng.gauss(3.0 if broken else 1.0, 0.45), 3),
        "temperature": round(rng.gauss(80 if broken else 55, 6), 1),
        "age_years": rng.randint(0, 20),
        "hall": rng.choice("ABC"),
        "broken": "yes" if broken else "no",
    }


def half_empty(rng: Random, _: int) -> dict[str, Any]:
    """Mixed types, many missing values, and missingness that says something but not all."""
    income, member = rng.lognormvariate(7, 0.5), rng.random() < 0.4
    odds = -1.5 + 1.6 * member + 0.0012 * (income - 1100)
    bought = rng.random() < 1 / (1 + math.exp(-odds))
    return {
        "income": None if rng.random() < (0.2 if bought else 0.45) else round(income, 2),
        "member": None if rng.random() < 0.1 else str(member).lower(),
        "shop": None if rng.random() < 0.15 else rng.choice(SHOPS),
        "basket": None if rng.random() < 0.5 else rng.randint(1, 40),
        "first_seen": (datetime(2024, 1, 1) + timedelta(days=rng.randrange(600))).date(),
        "bought": int(bought),
    }


def three_kinds(rng: Random, _: int) -> dict[str, Any]:
    """Three classes, one of them rare, with numbers and words that tell them apart in part."""
    kind = rng.choices(["letter", "parcel", "pallet"], [0.5, 0.38, 0.12])[0]
    heavy = {"letter": 0.0, "parcel": 1.6, "pallet": 4.2}[kind]
    return {
        "kilograms": round(math.exp(rng.gauss(heavy, 0.7)), 3),
        "stops": rng.randint(1, 6),
        "sender": rng.choice(["shop", "person"] if kind != "pallet" else ["shop", "plant"]),
        "insured": rng.random() < (0.1 if kind == "letter" else 0.4),
        "kind": kind,
    }


def price_of_a_flat(rng: Random, _: int) -> dict[str, Any]:
    """A number that honest columns explain to a good nine tenths, with noise of its own."""
    area, floor, lift = rng.gauss(75, 22), rng.randint(0, 8), rng.random() < 0.5
    quarter = rng.choice(["old town", "harbour", "hills", "station"])
    rate = {"old town": 61, "harbour": 52, "hills": 70, "station": 44}[quarter]
    price = max(20.0, area) * rate * (1 + 0.02 * floor * lift) * math.exp(rng.gauss(0, 0.09))
    return {
        "area": round(max(20.0, area), 1),
        "floor": floor,
        "lift": lift,
        "quarter": quarter,
        "built": rng.randint(1890, 2024),
        "price": round(price),
    }


def load_of_a_grid(_: Random, number: int) -> dict[str, Any]:
    """An hourly load with day, week and weather, slowly growing: honest drift over time."""
    rng = Random(number)
    at = datetime(2025, 1, 1) + timedelta(hours=3 * number)
    warm = 10 - 9 * math.cos(2 * math.pi * at.timetuple().tm_yday / 365) + rng.gauss(0, 3)
    day = math.sin(2 * math.pi * (at.hour - 6) / 24)
    load = 500 + 0.02 * number + 120 * day + 6 * abs(warm - 15) - 60 * (at.weekday() > 4)
    return {
        "at": at.isoformat(sep=" "),
        "celsius": round(warm, 1),
        "hour": at.hour,
        "weekend": at.weekday() > 4,
        "load": round(load + rng.gauss(0, 25), 1),
    }


def accounts_of_customers(rng: Random, number: int) -> dict[str, Any]:
    """Several rows a customer, who keep their habits: one customer must not be on both sides."""
    customer = number // 4
    habit = Random(customer)
    late_before, plan = habit.randint(0, 9), habit.choice(["free", "plus", "team"])
    odds = -2.0 + 0.45 * late_before + (1.0 if plan == "free" else 0.0)
    return {
        "customer": f"k{customer:04d}",
        "late_before": late_before,
        "plan": plan,
        "amount": round(rng.lognormvariate(3, 1), 2),
        "paid_late": rng.random() < 1 / (1 + math.exp(-odds)),
    }
