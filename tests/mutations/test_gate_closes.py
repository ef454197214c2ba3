"""A selection of the faults and clean cases, which touches every check of the gate.

All of them, and the page in docs/, come by `make mutations`.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.mutations import clean, faults  # noqa: F401  # they fill the catalogue
from tests.mutations.catalogue import CLEAN, FAULTS, Clean, Fault, checks, everything, unplanted
from tests.mutations.page import PAGE
from tests.mutations.trial import WORKERS, Outcome, attempt
from tests.mutations.workshop import Workshop

QUICK = [case for case in everything() if case.quick]


@pytest.fixture(scope="session")
def tried(
    request: pytest.FixtureRequest, project_env: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Outcome]]]:
    """The selected cases by name, tried concurrently."""
    names = " ".join(item.name for item in request.session.items)
    shop = Workshop(tmp_path_factory.mktemp("mutations"), project_env)
    workers = ThreadPoolExecutor(WORKERS)
    yield {
        case.name: workers.submit(attempt, case, shop, quick=isinstance(case, Fault))
        for case in QUICK
        if f"[{case.name}]" in names
    }
    workers.shutdown(wait=False, cancel_futures=True)


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_gate_verdict_is_right(case: Fault | Clean, tried: dict[str, Future[Outcome]]) -> None:
    """A fault is refused by the check that is meant for it, and honest work passes."""
    assert tried[case.name].result().wrong == ""


def test_catalogue_has_a_fault_for_every_check() -> None:
    """A gate that cannot close is a defect: each check is refused by a fault, here and in all."""
    assert unplanted() == []
    assert {fault.check for fault in FAULTS if fault.quick} == set(checks())


def test_catalogue_has_the_promised_size() -> None:
    """At least 30 faults over at least 4 data sets, at least 12 clean cases; no name twice."""
    assert len(FAULTS) >= 30
    assert len({fault.home for fault in FAULTS}) >= 4
    assert len(CLEAN) >= 12
    names = [case.name for case in everything()]
    assert len(set(names)) == len(names)


def test_page_names_every_case() -> None:
    """After a new fault, run `make mutations` and commit the page."""
    written = PAGE.read_text("utf-8")
    assert [case.name for case in everything() if case.about not in written] == []
