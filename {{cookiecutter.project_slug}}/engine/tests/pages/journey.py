"""A page with every kind of stage and block, for the tests and for changes to the style.

`python -m engine.tests.pages.journey [PATH]` writes it to look at.
"""

import sys
from pathlib import Path

from engine.pages import charts
from engine.pages.charts import Line
from engine.pages.page import Code, Facts, Figure, Gallery, Links, Note, Section, Table, render
from engine.problem.files import write_atomically

MONTHS = [f"2026-{month:02}" for month in range(1, 9)]
SHARES = [0.21, 0.22, 0.20, 0.24, 0.23, float("nan"), 0.26, 0.25]


def sections(name: str = "distance_km") -> list[Section]:
    """Stages of an invented journey that monitoring stops; `name` replaces text from data."""
    return [
        Section(
            "Problem",
            "data scientist",
            "Will this parcel arrive after the day we promised? One in five does.",
            [
                Facts([("a late parcel costs", "6 EUR"), ("least average precision", 0.35)]),
                Links([("problem.toml", "../../problem/problem.toml")]),
            ],
            status="passed",
            seconds=0.02,
        ),
        Section(
            "Data",
            "data scientist",
            "20,000 orders of eight months; every row keeps the contract.",
            [Figure(_share_by_month(), "Share of late parcels by month, with 95 % intervals.")],
            status="passed",
            seconds=1.24,
        ),
        Section(
            "EDA",
            "data scientist",
            f"{name} and promised_days explain most.",
            [
                Figure(
                    charts.bars("Variance explained", [(name, 0.18), ("weekday", 0.01)]),
                    "Each alone.",
                )
            ],
            status="warned",
            seconds=2.9,
        ),
        Section(
            "PoC model",
            "both",
            "Gradient boosting reaches an average precision of 0.52, the simple rule 0.31.",
            [
                Figure(_candidates(), "Each candidate with its 95 % interval."),
                Table(
                    "Candidates on the test rows",
                    ("candidate", "value", "low", "high", "verdict"),
                    [("dummy", 0.2, 0.19, 0.21, "refused"), (name, 0.52, 0.49, 0.55, "pass")],
                ),
            ],
            status="passed",
            seconds=14.2,
        ),
        Section(
            "Handoff",
            "both",
            "The gate is open: two checks pass, one warns.",
            [
                Table(
                    "The gate's checks",
                    ("check", "measured", "required", "verdict", "what to do"),
                    [
                        ("complete", "9 files", "hashes match", "pass", ""),
                        ("leakage", "no mechanism", "no mechanism", "warn", f"look at {name}"),
                        ("behaviour", None, None, "not applicable", "declare expectations"),
                    ],
                ),
                Note("A rehearsal signs nothing.", "quiet"),
                Note("Assumed: value.currency.", "warn"),
                Code(f'[columns.excluded]\n{name} = "why"', "Add this to problem/problem.toml:"),
            ],
            status="warned",
            seconds=8.1,
            gate=True,
        ),
        Section(
            "Deployment",
            "ML engineer",
            "500 rows were answered over HTTP, 99 of 100 within 11 ms.",
            [Figure(_latency(), "Latency of 500 requests.")],
            status="passed",
            seconds=3.3,
        ),
        Section("Live test", "ML engineer", "No challenger is named.", status="not run"),
        Section(
            "Maintenance",
            "ML engineer",
            "The share of missing weights rose from 2 % to 41 %.",
            [
                Gallery(
                    [
                        Figure(_calibration(), "On the line, a score is a share.", "score"),
                        Figure(_outcomes(name), "Share of each outcome.", "region"),
                    ]
                )
            ],
            status="stopped",
            seconds=1.1,
        ),
    ]


def write_journey(path: Path, name: str = "distance_km") -> Path:
    """Write the page to `path`."""
    html = render(
        f"The life of {name}",
        f"From a question to a watched model, as a rehearsal; {name} stopped it.",
        sections(name),
        verdict="stopped",
        footer=f"Made of {name}. One file, no network.",
    )
    return write_atomically(path, html)


def _share_by_month() -> str:
    low, high = [s - 0.02 for s in SHARES], [s + 0.02 for s in SHARES]
    return charts.lines("Late by month", MONTHS, [Line("late", SHARES, low, high)])


def _candidates() -> str:
    rows = [charts.Dot("dummy", 0.2, 0.19, 0.21), charts.Dot("boosting", 0.52, 0.49, 0.55)]
    return charts.interval_plot("Candidates", rows, mark=0.35, label="average precision")


def _latency() -> str:
    return charts.histogram("Latency, ms", [0, 2, 4, 6, 8, 10, 12], [3, 40, 120, 60, 9, 2])


def _calibration() -> str:
    return charts.calibration("Calibration", [(0.05, 0.04), (0.4, 0.45), (0.9, 0.8)])


def _outcomes(name: str) -> str:
    rows = [("north", [0.7, 0.2, 0.1]), ("south", [0.5, 0.4, 0.1]), (name, [0.9, 0.1, 0.0])]
    return charts.shares("Outcomes", ["on time", "late", name], rows)


if __name__ == "__main__":
    print(write_journey(Path(sys.argv[1] if sys.argv[1:] else "build/pages/journey.html")))
