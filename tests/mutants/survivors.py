"""Why a change that no test notices is harmless, or the same: read from survivors.toml."""

import tomllib
from functools import cache
from pathlib import Path

from tests.mutants.sample import Mutant

FILE = Path(__file__).with_name("survivors.toml")


@cache
def _reasons() -> dict[tuple[str, str, str], str]:
    entries = tomllib.loads(FILE.read_text(encoding="utf-8")).get("survivor", [])
    return {(one["where"], one["before"], one["after"]): one["reason"] for one in entries}


def reason(mutant: Mutant) -> str:
    """The reason that a person wrote down for this change; empty if none did."""
    return _reasons().get((mutant.where, mutant.before, mutant.after), "")
