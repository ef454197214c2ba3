"""How every command says no: one sentence, a next step, an exit code."""

import _thread
import errno
import io
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

EXIT_BAD_INPUT = 2
EXIT_GATE_CLOSED = 3
EXIT_STOPPED = 130
# As a shell reports a program that printed into a pipe whose reader had left.
EXIT_UNREAD = 141

# States of a disk that only a person can change, wherever a file was to be written. A file that is
# missing is not among them: what reads it knows what to say.
DISK = {
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "EEXIST"),
        *("ENAMETOOLONG", "ELOOP"),
    )
    if hasattr(errno, name)
}


class BadInput(Exception):
    """Something a person gave is wrong; the message: what was expected, what came, what next.

    `code` names the kind of fault. Programs and tests use it: it stays when the wording changes.
    """

    def __init__(self, message: str, *, code: str = "bad-input") -> None:
        super().__init__(message)
        self.code = code


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Run a command's `main` on the command line's words and exit with its code.

    Bad input becomes one line on stderr and exit code 2, as does a disk that is full or does not
    take a file; Ctrl-C becomes one line and 130. Anything else keeps its traceback (exit code 1):
    that is a defect of ours, and hiding where it happened helps nobody.

    A `main` reads the words first and imports what is slow only where it is needed: a slip of the
    keyboard then costs no seconds, and Ctrl-C arrives here whatever is being imported.
    """
    sys.unraisablehook = _stop_again
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or pipe may take fewer signs than UTF-8 has.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main(sys.argv[1:])
        with suppress(BrokenPipeError):  # whoever stops reading has read enough
            _flush()
    except BadInput as error:
        code = _fail(str(error), error.code)
    except (Exception, KeyboardInterrupt) as error:
        if _is_stop(error):
            print("stopped: nothing half-written was left behind", file=sys.stderr, flush=True)
            code = EXIT_STOPPED
        elif isinstance(error, BrokenPipeError) and _is_unread():
            code = EXIT_UNREAD
        elif isinstance(error, OSError) and error.errno in DISK:
            code = _fail(
                f"cannot read or write {error.filename or 'the output'}: {error.strerror}; make "
                "room or move what is in the way, then run the command again",
                "disk",
            )
        else:
            raise
    _drop_output()
    # What is left is to leave: a second Ctrl-C ends that at once, and without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _fail(message: str, code: str) -> int:
    print(f"error[{code}]: {_printable(message)}", file=sys.stderr, flush=True)
    return EXIT_BAD_INPUT


def _printable(message: str) -> str:
    """A message may repeat what a file holds: its control characters must not steer a terminal."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in message
    )


def _flush() -> None:
    """Write what was printed, while an error can still be reported."""
    if sys.stdout:  # none where the caller has closed it
        sys.stdout.flush()


def _drop_output() -> None:
    """Give up what cannot be written: Python flushes once more as it ends, and would complain."""
    try:
        _flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_unread() -> bool:
    """Whether nobody reads any more what is printed here; a socket of a library may break too."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(0))


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
