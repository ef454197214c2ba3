"""Tries one fault or one clean case, and evaluates the gate's verdict."""

import os
import shutil
import time
from dataclasses import dataclass

from tests.mutations.catalogue import Clean, Fault
from tests.mutations.work import REFUSED, Stopped, Verdict
from tests.mutations.workshop import Workshop

# Concurrent cases: training and most of the gate use one thread.
WORKERS = os.cpu_count() or 1


@dataclass(frozen=True)
class Outcome:
    """`wrong` is the reason why the verdict is wrong; empty if it is right."""

    case: Fault | Clean
    measured: str
    wrong: str
    seconds: float


def attempt(case: Fault | Clean, shop: Workshop, *, quick: bool = False) -> Outcome:
    """Make the case in its own project, run the gate, and delete the project.

    If `quick`, only the checks that start no process run, and the check of the fault.
    """
    began = time.perf_counter()
    place = f"work/{case.name}"
    try:
        work = shop.copy(case.home, place, trained=case.trained)
        case.act(work)
        check = case.check if isinstance(case, Fault) else ""
        verdict = work.check(only=check if quick else None)
    except (Stopped, AssertionError) as error:
        return Outcome(case, "", f"the gate did not run: {error}", time.perf_counter() - began)
    finally:
        shutil.rmtree(shop.root / place, ignore_errors=True)
    measured, wrong = (
        _evaluate_fault(case, verdict) if isinstance(case, Fault) else _evaluate_clean(verdict)
    )
    return Outcome(case, measured, wrong, time.perf_counter() - began)


def _evaluate_fault(fault: Fault, verdict: Verdict) -> tuple[str, str]:
    measured = verdict.refusals.get(fault.check, "")
    others = set(verdict.refusals) - {fault.check} - fault.also
    if fault.check not in verdict.refusals:
        by = f"only {', '.join(verdict.refusals)} did" if verdict.refusals else "it passed"
        return measured, f"{fault.check} did not refuse it: {by}"
    if others:
        lines = "; ".join(f"{name}: {verdict.refusals[name]}" for name in sorted(others))
        return measured, f"other checks refused, too: {lines}"
    if verdict.passed or verdict.exit_code != REFUSED:
        return measured, f"a check refused, but the exit code is {verdict.exit_code}"
    return measured, ""


def _evaluate_clean(verdict: Verdict) -> tuple[str, str]:
    if verdict.passed and verdict.exit_code == 0:
        return "", ""
    lines = "; ".join(f"{name}: {measured}" for name, measured in verdict.refusals.items())
    return "", f"refused: {lines}"
