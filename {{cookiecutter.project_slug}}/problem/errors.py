"""How every command says no: one sentence, a next step, an exit code."""

import sys
from collections.abc import Callable, Sequence

EXIT_BAD_INPUT = 2
EXIT_GATE_CLOSED = 3


class BadInput(Exception):
    """Something a person gave is wrong; the message: what was expected, what came, what next."""


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Run a command's `main` on the command line's words and exit with its code.

    Bad input becomes one line on stderr and exit code 2. Anything else keeps its traceback
    (exit code 1): that is a defect of ours, and hiding where it happened helps nobody.
    """
    try:
        code = main(sys.argv[1:])
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        code = EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("stopped: nothing half-written was left behind", file=sys.stderr)
        code = 130
    sys.exit(code)
