"""A bulk run: reads parts, has them predicted on every core, joins them into one file.

A run may end at any moment, however hard. The same command then continues behind the last part that
was kept. A part is a fixed number of rows of the file, so both runs together give the very file
that one undisturbed run gives.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from engine.bundle.bundle import Bundle, file_digest
from engine.problem.errors import EXIT_GATE_CLOSED, BadInput
from engine.serving.batch.columns import output
from engine.serving.batch.message import Setting, packed
from engine.serving.batch.parts import Counts, claim, no_room
from engine.serving.batch.progress import Progress
from engine.serving.batch.source import Source, open_source
from engine.serving.batch.workers import Said, crew

# Less than a second's work: so much is done again after a stop, and lies in memory at a time.
PART_ROWS = 32_768


class Run:
    """A run that has its output to itself; `begin` makes it."""

    def __init__(
        self, source: Source, setting: Setting, part_rows: int, stamp: tuple[int, int]
    ) -> None:
        self._source, self._setting, self._stamp = source, setting, stamp
        self._counts = setting.parts.done()
        self._reading = _Reading(source, part_rows, set(self._counts))
        self._progress = Progress()

    @contextmanager
    def predictions(self, processes: int) -> Iterator[Iterator[Said]]:
        """Read the file and predict each part that is not done yet; a worker keeps it on the disk.

        Args:
            processes: how many workers predict, each with a model of its own; 0 for one a core.

        Yields:
            What became of each part, as workers finish it; `add` takes it.
        """
        setting, messages = self._setting, self._reading.messages()
        _say(f"bundle {setting.id[:12]}: {self._source.path} into {setting.parts.out}")
        if self._counts:
            done = sum(map(_rows, self._counts.values()))
            _say(f"going on: {done:,} rows were done before")
        first = next(messages, b"")
        if not first:  # nothing is left to do: no process is started
            yield iter(())
            return
        self._progress = Progress()
        try:
            with crew(self._reading.workers(processes or cores()), setting) as workers:
                yield workers.each(chain([first], messages))
        finally:
            self._progress.end()

    def add(self, part: Said) -> None:
        """Count the rows of a part that a worker has kept, and show how far the run is."""
        number = part["done"]
        self._counts[number] = counts = Counts(**part["counts"])
        self._progress.add(_rows(counts), self._reading.steps[number], self._reading.passed_over)

    def join(self) -> None:
        """Make one file of all parts and put it in its place.

        Raises:
            BadInput: the file of rows was changed meanwhile.
        """
        counts, reading, setting = self._counts, self._reading, self._setting
        kept = sum(map(_rows, counts.values()))
        if counts.keys() != reading.steps.keys() or kept != reading.rows:
            raise RuntimeError(f"{reading.rows:,} rows were read and {kept:,} kept")
        path = self._source.path
        if _stamp(path) != self._stamp:
            raise BadInput(f"{path} was changed while it was read; begin anew with --overwrite")
        metadata = {"bundle": setting.id, "rehearsal": str(setting.rehearsal).lower()}
        setting.parts.join(setting.schema, counts, metadata)

    def report(self) -> int:
        """Print how many rows have a prediction.

        Returns:
            The exit code: 0, or that of a closed gate if every single row was refused.
        """
        parts, counts = self._setting.parts, self._counts.values()
        answered = sum(one.answered for one in counts)
        refused = sum(one.refused for one in counts)
        print(f"{answered:,} of {answered + refused:,} rows answered in {parts.out}")
        if refused:
            print(f"{refused:,} refused, each with the reason, in {parts.refused}")
        if self._setting.rehearsal:
            print("REHEARSAL: the bundle is not accepted; every row says so")
        return EXIT_GATE_CLOSED if refused and not answered else 0


@contextmanager
def begin(
    rows: Path,
    out: Path,
    bundle: Bundle,
    *,
    rehearsal: bool,
    overwrite: bool = False,
    part_rows: int = PART_ROWS,
) -> Iterator[Run]:
    """A run that predicts `rows` with a bundle that may be served, into `out`.

    Args:
        rows: a .csv or .parquet file.
        out: a .parquet file.
        bundle: what predicts.
        rehearsal: whether the bundle is not accepted, which every row then says.
        anew: forget what an earlier run began or finished.
        part_rows: rows of a part.

    Raises:
        BadInput: the file does not fit the contract, `out` is there already or was begun from
            something else, or the disk is full.
    """
    source = open_source(rows)
    if out.suffix != ".parquet" or out.resolve() == rows.resolve():
        raise BadInput(f"expected another file for OUT, whose name ends in .parquet, got {out}")
    schema = output(bundle, source, rehearsal=rehearsal)
    stamp = _stamp(rows)
    job = {
        "input": f"{rows.name}, {stamp[0]:,} bytes, SHA-256 {file_digest(rows)}",
        "bundle": bundle.id,
        "rehearsal": rehearsal,
        "rows a part": part_rows,
    }
    try:
        with claim(out, job, overwrite=overwrite) as parts:
            setting = Setting(bundle.path, bundle.id, rehearsal, source.written, schema, parts)
            yield Run(source, setting, part_rows, stamp)
    except OSError as error:
        raise no_room(out, error) from None


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Reading:
    """Reads the source once, from its start to its end, and passes over the parts that are done.

    `steps` is how much of the file each part is.
    """

    def __init__(self, source: Source, part_rows: int, done: set[int]) -> None:
        self._source, self._part_rows, self._done = source, part_rows, done
        self.steps: dict[int, float] = {}
        self.rows, self.passed_over = 0, 0.0

    def workers(self, most: int) -> int:
        """How many workers have a part to predict, `most` at most."""
        rows = self._source.rows
        return most if rows is None else min(most, -(-rows // self._part_rows))

    def messages(self) -> Iterator[bytes]:
        """The parts that are still to be done."""
        before = 0.0
        for part in self._source.parts(self._part_rows):
            self.rows += len(part.table) + len(part.broken)
            self.steps[part.number], before = part.share - before, part.share
            if part.number in self._done:
                self.passed_over += self.steps[part.number]
            else:
                yield packed(part)


def _rows(counts: Counts) -> int:
    return counts.answered + counts.refused


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
