"""Prints tables with coloured verdicts, and progress; plain text where there is no terminal."""

import errno
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from engine.pages.formatting import SIGNS, number, severity

STYLES = {"good": "green", "warn": "yellow", "bad": "bold red", "quiet": "bright_black"}
PLAIN_WIDTH = 160  # a log file has no width of its own; 80 columns would break sentences


def table(
    title: str, header: Sequence[str], rows: Iterable[Sequence[str | int | float | None]]
) -> None:
    """Print a table on stdout; verdicts get their sign and colour, numbers their alignment.

    The first column names the row: a column called 'ok' is no verdict.
    """
    listed = [list(row) for row in rows]
    printed = Table(box=box.SIMPLE_HEAD)
    for i, name in enumerate(header):
        numeric = any(isinstance(row[i], int | float) for row in listed)
        printed.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        printed.add_row(_plain(row[0]), *map(_cell, row[1:]))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # An old code page lacks the signs: a question mark is better than a traceback.
        sys.stdout.reconfigure(errors="replace")
    console = _Console(highlight=False)
    if not console.is_terminal:
        console = _Console(width=PLAIN_WIDTH)
    # Not the table's own title: Rich would wrap it to the width of a narrow table.
    console.print(Text(title, style="bold"))
    console.print(printed)


@contextmanager
def progress_bar(work: str, steps: int | None = None) -> Iterator[Callable[[str], None]]:
    """Show on stderr how far the `work` is; call what it yields with a line before each step.

    On a terminal, a bar with the time stands below the lines until the work ends: it fills with
    the `steps`, or moves if their number is unknown. In a log there are only the lines.
    """
    console = _Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # What the work prints on stdout stays there, even if only stderr is a terminal.
        redirect_stdout=sys.stdout.isatty(),
    )
    with bar:
        task, begun = bar.add_task(work, total=steps), 0

        def step(line: str) -> None:
            nonlocal begun
            # Without markup: a line may name a column called [red].
            console.print(Text(line), soft_wrap=True)
            bar.update(task, completed=begun)
            begun += 1

        yield step


class _Console(Console):
    """Raises on a pipe without a reader, for `problem.errors.run`; Rich would exit with code 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _cell(value: str | int | float | None) -> Text:
    # Text, not markup: a column may be called [red].
    if verdict := severity(value):
        return Text(f"{SIGNS[verdict]} {value}", style=STYLES[verdict])
    return _plain(value)


def _plain(value: str | int | float | None) -> Text:
    return Text(value if isinstance(value, str) else number(value))
