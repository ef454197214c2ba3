"""Do the papers say what they must, or does a note to oneself stand in for it?"""

import re
from collections.abc import Iterator
from typing import Any

from engine.gate.checks.check import CheckContext, Result

# What people write where they mean to write something later.
PLACEHOLDER = re.compile(
    r"\b(TODO|TBD|TBC|FIXME|XXX)\b|\bNot yet said\b|\blorem ipsum\b|<[a-z][a-z _-]*>|\?\?\?",
    re.IGNORECASE,
)
SHOWN = 8


def documented(evidence: CheckContext) -> Result:
    """No placeholder in problem, contract or card; each input has a meaning beside its name.

    What stands under `assumed` is a warning: a rehearsal may go on, `handoff accept` refuses it.
    """
    required = "no placeholder in problem, contract or card; a meaning for each input"
    assumed = {*evidence.problem.assumed}
    card = evidence.bundle.card_path.read_text("utf-8", errors="replace")
    unsaid: list[str] = []
    guessed: list[str] = []
    for where, text in _sentences(evidence):
        if not PLACEHOLDER.search(text):
            continue
        card = card.replace(text, "")  # named once, where it is to be mended
        is_assumed = bool({where, where.split(".")[0]} & assumed)
        (guessed if is_assumed else unsaid).append(where)
    unsaid += [f"model_card.md: {match[0]}" for match in PLACEHOLDER.finditer(card)]
    if unsaid:
        advice = "write what is meant there, then train and build again"
        return Result("refuse", f"placeholders: {_listed(unsaid)}", required, advice)
    bare = [one.name for one in evidence.dataset.columns if one.meaning in ("", one.name)]
    said = [f"assumed: {_listed(guessed)}"] if guessed else []
    said += [f"no meaning beside the name: {_listed(bare)}"] if bare else []
    if said:
        steps = ["answer what is assumed"] if guessed else []
        if bare:
            steps.append(
                "say under description= in data/contract.py what each input is, and its unit"
            )
        return Result("warn", "; ".join(said), required, "; ".join(steps))
    inputs = len(evidence.dataset.columns)
    return Result("pass", f"no placeholder; {inputs} of {inputs} inputs have a meaning", required)


def _sentences(evidence: CheckContext) -> Iterator[tuple[str, str]]:
    """Every text of the problem by its place, and each input's meaning."""
    yield from _texts("", evidence.problem.model_dump(exclude={"assumed"}))
    for column in evidence.dataset.columns:
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


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
