"""How every command reports an error: one sentence, a next step, an exit code."""

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
from pathlib import Path
from typing import Any

EXIT_BAD_INPUT = 2
EXIT_GATE_CLOSED = 3
EXIT_STOPPED = 130
# As a shell reports a program that a signal has ended: this and the signal's number.
EXIT_SIGNAL = 128
# As a shell reports a program whose output nobody reads any more (SIGPIPE).
EXIT_UNREAD = 141

# Errors of a disk that only a person can fix. The code that reads a missing file has a message.
DISK = {"ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "EEXIST"}
DISK |= {"ENAMETOOLONG", "ELOOP"}


def command(words: str) -> str:
    """The shell command of `python -m WORDS`, as a next step to paste.

    It names the environment in the project's folder, so that nobody has to activate it. An
    environment elsewhere must be active: then `python` names it.
    """
    python, home = Path(sys.executable), Path.cwd()
    shown = python.relative_to(home).as_posix() if python.is_relative_to(home) else "python"
    return f"{shown} -m {words}"


class BadInput(Exception):
    """A wrong input; the message names what was expected, what was found and the next step.

    `code` names the kind of fault. Programs and tests use it: it stays when the wording changes.
    """

    def __init__(self, message: str, *, code: str = "bad-input") -> None:
        super().__init__(message)
        self.code = code


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Run a command's `main` on the command line's words and exit with its code.

    Bad input becomes one line on stderr and exit code 2, as does a disk that refuses a file;
    Ctrl-C becomes one line and 130. Any other error is a defect and keeps its traceback (1). The
    first process of a container ends at SIGTERM (143) as any other process does.
    A `main` imports slow modules last, so that Ctrl-C arrives here during every import.
    """
    sys.unraisablehook = _stop_again
    if os.getpid() == 1:  # of a container, where SIGTERM without a handler does nothing
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(EXIT_SIGNAL + number))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or pipe may support fewer characters than UTF-8.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main(sys.argv[1:])
        with suppress(BrokenPipeError):  # the reader has closed the pipe on purpose
            _flush()
    except BadInput as error:
        code = _fail(str(error), error.code)
    except (Exception, KeyboardInterrupt) as error:
        if _is_stop(error):
            print("stopped: nothing half-written was left behind", file=sys.stderr, flush=True)
            code = EXIT_STOPPED
        elif isinstance(error, BrokenPipeError) and _is_unread():
            code = EXIT_UNREAD
        elif isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in DISK:
            message = f"cannot read or write {error.filename or 'the output'}: {error.strerror}"
            code = _fail(f"{message}; {_next_step(error)}, then run again", "disk")
        else:
            raise
    try:
        _flush()
    except OSError:  # Python flushes again at its end, and would print an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    # A second Ctrl-C ends the process at once and without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _next_step(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "give this user the right to it"
    return "move what is in the way"


def _fail(message: str, code: str) -> int:
    # A message may quote a file: its control characters must not reach the terminal.
    safe = [s if s.isprintable() or s == "\n" else ascii(s)[1:-1] for s in message]
    print(f"error[{code}]: {''.join(safe)}", file=sys.stderr, flush=True)
    return EXIT_BAD_INPUT


def _flush() -> None:
    if sys.stdout:  # none where the caller has closed it
        sys.stdout.flush()


def _is_unread() -> bool:
    """Whether the reader of stdout is gone; a socket of a library may break too."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(0))


def _is_stop(error: BaseException | None) -> bool:
    """Whether it is Ctrl-C, or an error that a library raised because of it."""
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _stop_again(lost: Any) -> None:
    """Repeat a Ctrl-C that came during a callback, where Python cannot raise it."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        # Later, because this is a callback too.
        threading.Timer(0.01, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)
