"""Check of the group `runs the same`: requests that the champion accepts are still accepted.

A change of the contract is additive (a new optional input, a wider range), tolerant (an input that
clients may still send until a declared day) or breaking. The rules are those of Protocol Buffers
and of Avro's "backward" schemas: the new reader must accept what was written for the old one.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from engine.bundle.bundle import Contract, read
from engine.bundle.record import RELEASE_FILE, champion_if_any, stored
from engine.contract.column import HIGHEST, LOWEST, Column
from engine.gate.checks.check import CheckContext, Result, shorten
from engine.pages.formatting import listed

# Under which name [compatibility.breaking] declares a change of no single input.
OUTPUT, LAYOUT = "the output", "the file"
GRACE_DAYS = 90  # proposed for a dropped input
REQUIRED = "every request that the champion accepts is accepted, or the change is declared"


def compatible(context: CheckContext) -> Result:
    """No client of the champion is refused without a declaration that both teams sign for."""
    name = champion_if_any()
    if name is None:
        return Result("not applicable", f"{RELEASE_FILE} names no champion", REQUIRED)
    if name == context.bundle.id:
        return Result("not applicable", "this bundle is the champion", REQUIRED)
    old, new = read(stored(name)).contract, context.bundle.contract
    declared = context.problem.compatibility.breaking
    today = datetime.now(UTC).date()
    dropped = {one: f"'{one}' is dropped" for one in dropped_inputs(old, new, today)}
    breaking = dict(breaking_changes(old, new)) | dropped
    if undeclared := [text for one, text in breaking.items() if one not in declared]:
        first = next(one for one in breaking if one not in declared)
        return Result("refuse", shorten(undeclared), REQUIRED, _advice(first, first in dropped))
    if stale := [one for one in declared if one not in breaking]:
        measured = f"[compatibility.breaking] names {listed(stale)}, which breaks no request"
        return Result("warn", measured, REQUIRED, "Remove it: it would hide the next change.")
    if breaking:
        measured = "; ".join(f"{text} ({declared[one]})" for one, text in breaking.items())
        return Result("warn", measured, REQUIRED, "Sign only if every client knows the day.")
    return Result("pass", _harmless(old, new), REQUIRED)


def dropped_inputs(old: Contract, new: Contract, today: date) -> list[str]:
    """What clients of `old` may send from today on, and `new` refuses as an unknown field."""
    accepted = [column.name for column in old.inputs] + _tolerated(old, today)
    remaining = {column.name for column in new.inputs} | {*_tolerated(new, today)}
    return [name for name in accepted if name not in remaining]


def _tolerated(contract: Contract, today: date) -> list[str]:
    return [name for name, until in contract.dropped.items() if date.fromisoformat(until) >= today]


def breaking_changes(old: Contract, new: Contract) -> Iterator[tuple[str, str]]:
    """Each input, or another part of the contract, that refuses or changes what it was."""
    before = {column.name: column for column in old.inputs}
    for column in new.inputs:
        if column.name not in before:
            if not column.nullable:
                yield column.name, f"'{column.name}' is new and must not be missing"
        elif faults := [*narrowed(before[column.name], column)]:
            yield column.name, f"'{column.name}' {listed(faults)}"
    if (old.task, old.classes) != (new.task, new.classes):
        results = [f"{one.task} {[*one.classes] or ''}".strip() for one in (old, new)]
        yield OUTPUT, f"the output changes from {results[0]} to {results[1]}"
    if old.layout != new.layout:
        yield LAYOUT, "files have another layout (separator, header or encoding)"


def narrowed(old: Column, new: Column) -> Iterator[str]:
    """How `new` refuses values that `old` accepts, or reads them as others."""
    if old.type != new.type and (old.type, new.type) != ("integer", "number"):
        yield f"changes from {old.type} to {new.type}"
        return
    if old.nullable and not new.nullable:
        yield "must not be missing any more"
    low, high = _range(new)
    if low > _range(old)[0]:
        yield f"must be {low:g} or more"
    if high < _range(old)[1]:
        yield f"must be {high:g} or less"
    if new.closed and not old.closed:
        yield "accepts listed categories only"
    elif new.closed and (lost := [one for one in old.categories if one not in new.categories]):
        yield f"refuses {listed([repr(one) for one in lost[:3]])}"
    # Guards and marks widen what a text may be; all else reads the same text as another value.
    if replace(old.format, marks=(), guarded=False) != replace(new.format, marks=(), guarded=False):
        yield "is written otherwise in text files"


def _range(column: Column) -> tuple[float, float]:
    limits = (LOWEST, HIGHEST) if column.type == "integer" else (-float("inf"), float("inf"))
    low, high = column.minimum, column.maximum
    return (limits[0] if low is None else low), (limits[1] if high is None else high)


def _advice(name: str, is_dropped: bool) -> str:
    table, value = "compatibility.breaking", '"who was informed, and since when it holds"'
    sentence = f"Keep '{name}' as it was, or declare the change in problem.toml, then train again:"
    if is_dropped:
        until = (datetime.now(UTC) + timedelta(days=GRACE_DAYS)).date().isoformat()
        table, value = "compatibility.dropped", f"{until}  # clients may send it until then"
        sentence = f"Let clients send '{name}' for a while; the server ignores it. Agree on a day "
        sentence += "with them, declare it in problem.toml, then train again:"
    key = name if name.replace("_", "").isalnum() and name.isascii() else f'"{name}"'
    return f"{sentence}\n[{table}]\n{key} = {value}"


def _harmless(old: Contract, new: Contract) -> str:
    names = {column.name for column in old.inputs}
    added = [column.name for column in new.inputs if column.name not in names]
    parts = [f"new optional inputs: {listed(added)}"] if added else []
    parts += [f"ignored until {until}: {name}" for name, until in new.dropped.items()]
    return "; ".join(parts) or "the contract accepts what the champion's accepts"
