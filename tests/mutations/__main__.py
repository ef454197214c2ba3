"""`make mutations`: plant every fault, make every clean case, and write docs/mutations.md.

Words on the command line select the cases with that name, check or data set; the page is not
written then. With `--quick`, only the checks that start no process and the check of each fault run,
which takes half the time. Exit code 3 if a fault passes or is refused by other checks than it
names, if a clean case is refused, or if a check has no fault.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import journey
from tests.mutations import clean, faults, page  # noqa: F401  # they fill the catalogue
from tests.mutations.catalogue import Clean, Fault, chosen, unplanted
from tests.mutations.trial import WORKERS, Outcome, attempt
from tests.mutations.workshop import Workshop, available

# The project's own packages, which `make mutations` puts there.
ENVIRONMENT = journey.BUILD / ".project"


def main(words: list[str]) -> int:
    """Try the cases that `words` select, or all, and print the result of each."""
    quick = "--quick" in words
    words = [word for word in words if word != "--quick"]
    cases = [case for case in chosen(words) if case.home in available()]
    left_out = len(chosen(words)) - len(cases)
    if left_out:
        print(f"{left_out} cases are left out: their tables are not beside the repository")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(cases, Workshop(Path(folder), ENVIRONMENT), quick=quick)
    seconds = time.perf_counter() - began
    wrong = [one for one in outcomes if one.wrong]
    print(f"{page.summary(outcomes, seconds)}; {len(wrong)} wrong")
    missing = unplanted() if not words else []
    if missing:
        print(f"no fault is planted against: {', '.join(missing)}")
    if not words and not left_out:
        print(f"written: {page.write(outcomes, seconds, quick=quick)}")
    return 3 if wrong or missing else 0


def run(cases: list[Fault | Clean], shop: Workshop, *, quick: bool) -> list[Outcome]:
    """Try the cases, as many at a time as there are processors; in the order of the catalogue."""

    def one(case: Fault | Clean) -> Outcome:
        outcome = attempt(case, shop, quick=quick)
        kind = f"refused by {case.check}" if isinstance(case, Fault) else "passed"
        word = f"WRONG: {outcome.wrong}" if outcome.wrong else kind
        print(f"{outcome.seconds:5.0f} s  {case.home}: {case.name}: {word}", flush=True)
        return outcome

    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(one, cases))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
