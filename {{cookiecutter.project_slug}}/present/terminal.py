"""What a command prints: tables with coloured verdicts, and progress. Plain text without a tty."""

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from present.wording import SIGNS, Tone, number, tone

T = TypeVar("T")

STYLES: dict[Tone, str] = {
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
    "quiet": "bright_black",
}
PLAIN_WIDTH = 160  # a log file has no width of its own; 80 columns would tear sentences apart


def table(
    title: str, header: Sequence[str], rows: Iterable[Sequence[str | int | float | None]]
) -> None:
    """Print a table on stdout; verdict words get their sign and colour, numbers their alignment."""
    listed = [list(row) for row in rows]
    printed = Table(
        title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for i, name in enumerate(header):
        numeric = any(isinstance(row[i], int | float) for row in listed)
        printed.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        printed.add_row(*map(_cell, row))
    _console().print(printed)


def progress(items: Sequence[T], title: str) -> Iterator[T]:
    """Yield the items while a bar on stderr says how far it is and what is being worked on."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_console(stderr=True)) as bar:
        task = bar.add_task(title, total=len(items))
        for item in items:
            bar.update(task, description=f"{title}: {item}")
            yield item
            bar.advance(task)
        bar.update(task, description=title)


def _console(stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        # An old code page lacks the signs: a question mark is better than a traceback.
        stream.reconfigure(errors="replace")
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH)


def _cell(value: str | int | float | None) -> Text:
    # Text, not markup: a column may be called [red].
    sounds = tone(value)
    if sounds:
        return Text(f"{SIGNS[sounds]} {value}", style=STYLES[sounds])
    return Text(value if isinstance(value, str) else number(value))
