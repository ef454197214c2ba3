"""Checks that problem, contract and model card hold no placeholders."""

import re
from collections.abc import Iterator
from typing import Any

from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import shorten

# What people write where they mean to write something later.
PLACEHOLDER = re.compile(
    r"\b(TODO|TBD|TBC|FIXME|XXX)\b|\bNot yet said\b|\blorem ipsum\b|<[a-z][a-z _-]*>|\?\?\?",
    re.IGNORECASE,
)


def documented(context: CheckContext) -> Result:
    """No placeholder in problem, contract or card; each input has a description.

    A placeholder under `assumed` is a warning: a rehearsal may continue, `handoff accept` stops.
    """
    required = "no placeholder in problem, contract or card; a description of each input"
    assumed = {*context.problem.assumed}
    card = context.bundle.card_path.read_text("utf-8", errors="replace")
    open_places: list[str] = []
    assumed_places: list[str] = []
    for where, text in _texts_of(context):
        if PLACEHOLDER.search(text):
            card = card.replace(text, "")  # reported once, where it is to be fixed
            is_assumed = bool({where, where.split(".")[0]} & assumed)
            (assumed_places if is_assumed else open_places).append(where)
    open_places += [f"model_card.md: {match[0]}" for match in PLACEHOLDER.finditer(card)]
    if open_places:
        advice = "Replace the placeholders, then train and build again."
        return Result("refuse", f"placeholders: {_shortened(open_places)}", required, advice)
    columns = context.dataset.columns
    undescribed = [one.name for one in columns if one.meaning in ("", one.name)]
    measured: list[str] = []
    steps: list[str] = []
    if assumed_places:
        measured.append(f"assumed: {_shortened(assumed_places)}")
        steps.append("Answer what is assumed.")
    if undescribed:
        measured.append(f"no description: {_shortened(undescribed)}")
        steps.append("Describe each input and its unit in data/contract.py (description=).")
    if measured:
        return Result("warn", "; ".join(measured), required, " ".join(steps))
    total = len(columns)
    return Result("pass", f"no placeholder; {total} of {total} inputs are described", required)


def _texts_of(context: CheckContext) -> Iterator[tuple[str, str]]:
    """Every text of the problem with its key, and each input's description."""
    yield from _texts("", context.problem.model_dump(exclude={"assumed"}))
    for column in context.dataset.columns:
        yield f"data/contract.py {column.name}", column.meaning


def _texts(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(f"{where}.{name}".lstrip("."), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            yield from _texts(f"{where}.{number}", inner)


def _shortened(names: list[str]) -> str:
    return shorten(names, ", ", shown=8)
