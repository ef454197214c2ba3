"""`python -m engine`: which version of the engine this is, and whether it is as released.

Exit codes: 0 as released or installed, 1 edited or under development, 2 no readable manifest.
"""

import argparse
from collections.abc import Sequence

from engine.problem.errors import BadInput, run
from engine.version import BadRelease, Status, status

NOT_AS_RELEASED = 1
# The template's own tests hold for these.
TESTED = ("as released", "installed as a wheel")
MOST_NAMED = 10


def main(words: Sequence[str]) -> int:
    """Print one line about the engine; the exit code lets make decide whether to test it."""
    argparse.ArgumentParser(prog="python -m engine", description=__doc__).parse_args(words)
    try:
        result = status()
    except BadRelease as error:
        raise BadInput(str(error)) from None
    print(line(result))
    return 0 if result.state in TESTED else NOT_AS_RELEASED


def line(result: Status) -> str:
    """Version, state and the edited files, at most ten of them by name."""
    if result.state in TESTED:
        return f"engine {result.version}, {result.state}"
    named = ", ".join(result.files[:MOST_NAMED])
    more = len(result.files) - MOST_NAMED
    files = f": {named}" + (f" and {more} more" if more > 0 else "") if named else ""
    return f"engine {result.version}, {result.state}, so `make check` runs its own tests too{files}"


if __name__ == "__main__":
    run(main)
