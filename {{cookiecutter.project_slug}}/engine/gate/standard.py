"""The checks that come with the engine, and how a team leaves one out for a stated reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from engine.gate.checks import honest, runs_the_same, safe_to_own, worth_it
from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.budget import budget
from engine.gate.checks.calibration import calibration
from engine.gate.checks.champion import champion
from engine.gate.checks.check import Check, Group
from engine.gate.checks.documented import documented
from engine.gate.checks.monitorable import monitorable
from engine.gate.checks.notebooks import notebooks
from engine.gate.checks.reproducible import reproducible
from engine.gate.checks.robust import robust
from engine.gate.checks.split import split
from engine.pages.formatting import listed
from engine.problem.errors import BadInput

# In the order of the table: the four groups, each from the plainest check to the deepest.
STANDARD_CHECKS: tuple[Check, ...] = (
    Check("framed", "worth it", worth_it.framed),
    Check("beats the baseline", "worth it", worth_it.beats_baseline),
    Check("champion", "worth it", champion),
    Check("slices", "worth it", worth_it.slices),
    Check("evaluation", "honest", honest.evaluation),
    Check("leakage", "honest", honest.leakage),
    Check("split", "honest", split),
    Check("calibration", "honest", calibration),
    Check("current", "runs the same", runs_the_same.current),
    Check("contract", "runs the same", runs_the_same.contract),
    Check("parity", "runs the same", runs_the_same.parity),
    Check("robust", "runs the same", robust),
    Check("behaviour", "runs the same", behaviour),
    Check("reproducible", "runs the same", reproducible, "training again, in a clean checkout"),
    Check("budget", "runs the same", budget, "asking the real server, for some ten seconds"),
    Check("complete", "safe to own", safe_to_own.complete),
    Check("safe", "safe to own", safe_to_own.safe),
    Check("documented", "safe to own", documented),
    Check("monitorable", "safe to own", monitorable),
    Check("notebooks", "safe to own", notebooks, "running the notebooks from top to bottom"),
)
# Every other check relies on these: the files are as they were built, from today's problem and
# rows, and can be loaded without running foreign code.
REQUIRED = ("complete", "current", "safe")
LIST = "CHECKS in handoff/gate.py"


def without(checks: Sequence[Check], reasons: Mapping[str, str]) -> tuple[Check, ...]:
    """The same checks, of which those named in `reasons` are not run.

    They stay in the verdict, as not applicable, each with the team's reason.

    Raises:
        BadInput: there is no check of that name, the reason is empty, or nothing works without it.
    """
    known = [check.name for check in checks]
    for name, reason in reasons.items():
        if name not in known:
            raise BadInput(
                f"expected the name of a check to leave out of {LIST}, got {name!r}; the checks "
                f"are {listed(known)}"
            )
        if name in REQUIRED:
            raise BadInput(
                f"expected a check that can be left out of {LIST}, got {name!r}, on which every "
                f"other check relies; keep {listed(list(REQUIRED))}"
            )
        if not reason.strip():
            raise BadInput(
                f"expected a reason for leaving {name!r} out of {LIST}, got an empty one; write "
                "one: it stands in the verdict that both teams sign"
            )
    return tuple(replace(check, dropped=reasons.get(check.name, check.dropped)) for check in checks)


def check_names(checks: Sequence[Check]) -> None:
    """Raise BadInput if two checks have one name, or one stands in no group of the verdict."""
    twice = [name for name, times in Counter(check.name for check in checks).items() if times > 1]
    if twice:
        raise BadInput(
            f"expected checks of different names in {LIST}, got {listed(twice)} more than once; "
            "rename the one that your team added"
        )
    for check in checks:
        if check.group not in get_args(Group):
            raise BadInput(
                f"expected a group of checks for {check.name!r} in {LIST}, got {check.group!r}; "
                f"use one of {listed(list(get_args(Group)))}"
            )


def team_checks(checks: Sequence[Check]) -> tuple[Check, ...]:
    """The team's list as it was given, if nothing is missing without a reason.

    Raises:
        BadInput: two checks have one name, one stands in no group, a standard check is missing, or
            one that nothing works without was replaced.
    """
    check_names(checks)
    names = {check.name for check in checks}
    if missing := [check.name for check in STANDARD_CHECKS if check.name not in names]:
        raise BadInput(
            f"expected all standard checks in {LIST}, found no {listed(missing)}; start the list "
            "with *STANDARD_CHECKS, or leave a check out by name with a reason: "
            f'*without(STANDARD_CHECKS, {{"{missing[0]}": "why"}})'
        )
    own = [one.name for one in STANDARD_CHECKS if one.name in REQUIRED and one not in checks]
    if own:
        raise BadInput(
            f"expected the engine's own {listed(own)} in {LIST}, found another check of that "
            "name; rename the one that your team added"
        )
    return tuple(checks)
