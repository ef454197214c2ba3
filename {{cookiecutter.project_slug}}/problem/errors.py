"""How every command says no: one sentence, a next step, an exit code."""

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

EXIT_BAD_INPUT = 2
EXIT_GATE_CLOSED = 3
EXIT_STOPPED = 130


class BadInput(Exception):
    """Something a person gave is wrong; the message: what was expected, what came, what next."""


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Run a command's `main` on the command line's words and exit with its code.

    Bad input becomes one line on stderr and exit code 2, Ctrl-C one line and 130. Anything else
    keeps its traceback (exit code 1): that is a defect of ours, and hiding where it happened helps
    nobody.

    A `main` reads the words first and imports what is slow only where it is needed: a slip of the
    keyboard then costs no seconds, and Ctrl-C arrives here whatever is being imported.
    """
    sys.unraisablehook = _stop_again
    try:
        code = main(sys.argv[1:])
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        code = EXIT_BAD_INPUT
    except (Exception, KeyboardInterrupt) as error:
        if not _is_stop(error):
            raise
        print("stopped: nothing half-written was left behind", file=sys.stderr, flush=True)
        code = EXIT_STOPPED
    # What is left is to leave: a second Ctrl-C ends that at once, and without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _is_stop(error: BaseException | None) -> bool:
    """Was it Ctrl-C, or what a library made of it?"""
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _stop_again(lost: Any) -> None:
    """Python cannot raise in a callback, such as those of an import, and would go on."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        # Once this has returned: it is a callback, too.
        threading.Timer(0.01, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)
