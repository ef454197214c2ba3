"""`python -m tests.robustness`: try every case, and write docs/robustness.md.

Words on the command line select the cases with that name or kind; the page is not written then.
Exit code 3 if a case is not treated right, 2 if the handed cases are not beside the repository.
"""

import sys
import tempfile
from pathlib import Path

import journey
from tests.robustness import kinds, page  # noqa: F401  # they fill the catalogue
from tests.robustness.catalogue import CASES
from tests.robustness.project import HANDED, available
from tests.robustness.trial import attempt_all


def main(words: list[str]) -> int:
    """Try the cases that `words` select, or all, and print the result of each."""
    if not available():
        print(f"expected the handed cases in {HANDED}; there is no such folder", file=sys.stderr)
        return 2
    cases = [case for case in CASES if not words or {case.name, case.kind} & set(words)]
    outcomes = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rendered = journey.render({}, folder / "rendered")
        python = journey.BUILD / ".project/bin/python"
        for one in attempt_all(cases, rendered, python, folder):
            print(f"{one.case.kind}: {one.case.name}: {one.wrong or 'right'}", flush=True)
            outcomes.append(one)
    if not words:
        print(f"written: {page.write(outcomes)}")
    return 3 if any(one.wrong for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
