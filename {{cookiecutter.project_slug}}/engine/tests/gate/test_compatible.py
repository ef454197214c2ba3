"""A contract that refuses requests of the champion's clients needs a declaration."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.bundle import Contract
from engine.contract.column import Column
from engine.contract.format import ColumnFormat
from engine.contract.layout import Layout
from engine.gate.checks.compatible import LAYOUT, OUTPUT, breaking_changes, dropped_inputs
from engine.tests.gate.lies import PROBLEM, put
from engine.tests.gate.made import Workshop
from engine.tests.gate.test_champion import release

TODAY = date(2026, 6, 1)
SIZE = Column("size", "number", minimum=0, maximum=40)
ITEMS = Column("items", "integer", nullable=True)
SERVICE = Column("service", "category", categories=("fast", "slow"), closed=True)
CARRIER = Column("carrier", "category", categories=("blue", "red"))
OLD = Contract("binary", (False, True), (SIZE, ITEMS, SERVICE, CARRIER), ())
# What is changed in a column, and whether a request of the old contract is refused.
CHANGES: list[tuple[Column, dict[str, Any], bool]] = [
    (SIZE, {"maximum": 39}, True),
    (SIZE, {"minimum": 1}, True),
    (SIZE, {"maximum": 41, "minimum": -1}, False),
    (SIZE, {"maximum": None}, False),
    (SIZE, {"type": "integer"}, True),
    (SIZE, {"type": "category"}, True),
    (SIZE, {"nullable": True}, False),
    (SIZE, {"meaning": "in centimetres", "example": 3.0}, False),
    (SIZE, {"format": ColumnFormat(decimal=",", thousands=".")}, True),
    (ITEMS, {"nullable": False}, True),
    (ITEMS, {"type": "number"}, False),
    (ITEMS, {"maximum": 10**9}, True),
    (SERVICE, {"categories": ("fast",)}, True),
    (SERVICE, {"categories": ("slow", "fast", "express")}, False),
    (SERVICE, {"closed": False}, False),
    (CARRIER, {"closed": True}, True),
    (CARRIER, {"categories": ("green",)}, False),
]


@pytest.mark.parametrize(("column", "change", "is_breaking"), CHANGES)
def test_change_of_an_input_is_breaking_if_it_refuses_a_request(
    column: Column, change: dict[str, Any], is_breaking: bool
) -> None:
    changed = (replace(one, **change) if one is column else one for one in OLD.inputs)
    names = [name for name, _ in breaking_changes(OLD, replace(OLD, inputs=tuple(changed)))]
    assert names == ([column.name] if is_breaking else [])


@pytest.mark.parametrize(("nullable", "breaking"), [(True, []), (False, ["hour"])])
def test_new_input_is_breaking_if_it_is_required(nullable: bool, breaking: list[str]) -> None:
    new = replace(OLD, inputs=(*OLD.inputs, Column("hour", "number", nullable=nullable)))
    assert [name for name, _ in breaking_changes(OLD, new)] == breaking


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"task": "regression", "classes": ()}, OUTPUT),
        ({"task": "multiclass", "classes": (False, True, 2)}, OUTPUT),
        ({"classes": ("no", "yes")}, OUTPUT),
        ({"layout": Layout(separator=";")}, LAYOUT),
    ],
)
def test_change_of_output_or_file_is_breaking(change: dict[str, Any], name: str) -> None:
    assert [one for one, _ in breaking_changes(OLD, replace(OLD, **change))] == [name]


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ({}, {}, ["carrier"]),
        ({}, {"carrier": "2026-06-01"}, []),
        ({}, {"carrier": "2026-05-31"}, ["carrier"]),
        # A client may still send what the champion ignores.
        ({"colour": "2026-06-01"}, {"carrier": "2027-01-01"}, ["colour"]),
        ({"colour": "2026-05-31"}, {"carrier": "2027-01-01"}, []),
    ],
)
def test_dropped_input_is_accepted_in_its_period_alone(
    before: dict[str, str], after: dict[str, str], refused: list[str]
) -> None:
    new = replace(OLD, inputs=OLD.inputs[:3], dropped=after)
    assert dropped_inputs(replace(OLD, dropped=before), new, TODAY) == refused


@pytest.fixture
def live(accepted: Workshop) -> Workshop:
    """A project whose champion is the accepted bundle, and a bundle without one of its inputs."""
    release(accepted.bundle.name)
    other = accepted.root / "build/other"
    shutil.copytree(accepted.bundle, other)
    made = Workshop(accepted.root, accepted.schema, other)
    made.edit_json("manifest.json", put("2026.01.01.000000", "version"))
    return made


def drop(live: Workshop, **dropped: str) -> None:
    """Take `fragile` out of the bundle's contract."""

    def without(contract: dict[str, Any]) -> None:
        contract["inputs"] = [one for one in contract["inputs"] if one["name"] != "fragile"]
        contract["dropped"] = dropped

    live.edit_json("contract.json", without)


def declare(live: Workshop, name: str) -> None:
    path = Path(live.root / PROBLEM)
    lines = f'\n[compatibility.breaking]\n{name} = "the shop was informed"\n'
    path.write_text(path.read_text() + lines)


def test_compatible_same_contract_passes(live: Workshop) -> None:
    assert live.run("compatible").outcome == "pass"


def test_compatible_dropped_input_is_refused_with_the_lines_to_add(live: Workshop) -> None:
    drop(live)
    finding = live.run("compatible")
    assert finding.outcome == "refuse"
    assert "'fragile' is dropped" in finding.measured
    assert finding.next.splitlines()[1:2] == ["[compatibility.dropped]"]


def test_compatible_input_dropped_for_a_period_passes(live: Workshop) -> None:
    drop(live, fragile="2199-12-31")
    finding = live.run("compatible")
    assert (finding.outcome, finding.measured) == ("pass", "ignored until 2199-12-31: fragile")


def test_compatible_declared_change_is_a_warning(live: Workshop) -> None:
    drop(live)
    declare(live, "fragile")
    finding = live.run("compatible")
    assert finding.outcome == "warn"
    assert "the shop was informed" in finding.measured


def test_compatible_declaration_of_no_change_is_a_warning(live: Workshop) -> None:
    declare(live, "fragile")
    finding = live.run("compatible")
    assert finding.outcome == "warn"
    assert "fragile, which breaks no request" in finding.measured


@pytest.mark.parametrize("champion", ["", "itself"])
def test_compatible_without_another_champion_is_not_applicable(
    accepted: Workshop, champion: str
) -> None:
    release(champion and accepted.bundle.name)
    assert accepted.run("compatible").outcome == "not applicable"
