"""A bulk run: reads parts, predicts them on every core, joins them into one file.

A run can end at any time, even by a power cut. The same command then continues behind the last
finished part. A part is a fixed number of rows of the file, so both runs together give the same
file as one run without interruption.
"""

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path

import joblib

from engine.bundle.bundle import Bundle, file_digest
from engine.problem.errors import EXIT_GATE_CLOSED, BadInput
from engine.serving.batch.columns import output_schema
from engine.serving.batch.parts import MOST_FAILED, REFUSED_SUFFIX, Counts, claim
from engine.serving.batch.source import Part, Source, open_source
from engine.serving.batch.workers import Setting, predict_parts

# Less than a second's work: a run that was stopped repeats at most so much.
PART_ROWS = 32_768
# Seconds between two lines of progress: on a terminal, and in a file.
TERMINAL_SECONDS, FILE_SECONDS = 0.2, 15.0

# A full disk, a used-up quota, and a limit of the size of files.
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Run:
    """A run whose output no other process writes; `begin` makes it."""

    def __init__(
        self, source: Source, setting: Setting, part_rows: int, stamp: tuple[int, int]
    ) -> None:
        self._source, self._setting, self._stamp = source, setting, stamp
        self._part_rows = part_rows
        self._counts = setting.parts.finished()
        # The share of the file that is read with each part, and the rows that were read.
        self._shares, self._rows = dict[int, float](), 0
        self._progress = _Progress(0.0)

    @contextmanager
    def predictions(self, processes: int) -> Iterator[Iterator[tuple[int, Counts]]]:
        """Read the file and predict each part that is not finished; workers write them.

        Args:
            processes: how many workers predict, each with a model of its own; 0 for one a core.

        Yields:
            The number and counts of each part that a worker has written; `add` takes them.
        """
        setting, parts = self._setting, self._unfinished(set(self._counts))
        _print(f"bundle {setting.id[:12]}: {self._source.path} into {setting.parts.out}")
        if self._counts:
            rows = sum(counts.rows for counts in self._counts.values())
            _print(f"continuing: {rows:,} rows were predicted before")
        first = next(parts, None)
        if first is None:  # no process is started
            yield iter(())
            return
        self._progress = _Progress(self._shares.get(first.number - 1, 0.0))
        try:
            with closing(
                predict_parts(chain([first], parts), processes or joblib.cpu_count(), setting)
            ) as written:
                yield written
        finally:
            self._progress.end()

    def add(self, number: int, counts: Counts) -> None:
        """Count the rows of a part that a worker has written, and show the progress.

        Raises:
            BadInput: the model failed on more than `MOST_FAILED` rows of all parts.
        """
        self._counts[number] = counts
        self._check_model()
        self._progress.add(counts.rows, self._shares[number])

    def join(self) -> None:
        """Make one file of all parts.

        Raises:
            BadInput: the file of rows was changed during the run, or the model failed on many.
        """
        self._check_model()
        setting, path = self._setting, self._source.path
        written = sum(counts.rows for counts in self._counts.values())
        if self._counts.keys() != self._shares.keys() or written != self._rows:
            raise RuntimeError(f"{self._rows:,} rows were read and {written:,} written")
        if _stamp(path) != self._stamp:
            raise BadInput(
                f"{path} was changed while it was read; run again with --overwrite",
                code="input-changed",
            )
        metadata = {"bundle": setting.id, "rehearsal": str(setting.rehearsal).lower()}
        setting.parts.join(setting.schema, self._counts, metadata)

    def report(self) -> int:
        """Print how many rows have a prediction, and return the exit code.

        It is 0, or that of a closed gate if every single row was refused.
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

    def _check_model(self) -> None:
        """BadInput if the model failed on many rows; an earlier run's count too."""
        failed = sum(counts.failed for counts in self._counts.values())
        if failed > MOST_FAILED:
            raise BadInput(
                f"the model of bundle {self._setting.id[:12]} failed on {failed:,} rows of "
                f"{self._source.path}, more than {MOST_FAILED}; show its owners the rows and "
                f"reasons in {self._setting.parts.folder}/*{REFUSED_SUFFIX}",
                code="model-failed",
            )

    def _unfinished(self, finished: set[int]) -> Iterator[Part]:
        """Read the whole file; the parts that are still to be predicted."""
        for part in self._source.parts(self._part_rows):
            self._rows += len(part.table) + len(part.unreadable)
            self._shares[part.number] = part.share
            if part.number not in finished:
                yield part


class _Progress:
    """Prints a line that is overwritten on a terminal, or a line every 15 seconds in a file."""

    def __init__(self, share: float) -> None:
        """Begin behind the `share` that an earlier run predicted: the speed is this run's alone."""
        self._began, self._from, self._share, self._rows = time.monotonic(), share, share, 0
        self._screen, self._width = sys.stderr.isatty(), 0
        self._next = self._began + (0 if self._screen else FILE_SECONDS)

    def add(self, rows: int, share: float) -> None:
        """Count `rows`, with which this `share` of the file is predicted."""
        self._rows, self._share = self._rows + rows, max(self._share, share)
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (TERMINAL_SECONDS if self._screen else FILE_SECONDS)
        seconds, done = max(now - self._began, 1e-9), self._share - self._from
        words = f"{100 * self._share:.0f} %, {self._rows / seconds:,.0f} rows a second"
        if done:
            words += f", {timedelta(seconds=round(seconds * (1 - self._share) / done))} left"
        if self._screen:
            print(f"\r{words:{self._width}}", end="", file=sys.stderr, flush=True)
            self._width = len(words)
        else:
            _print(words)

    def end(self) -> None:
        """Clear the line, so that the next output starts on an empty one."""
        if self._width:
            print(f"\r{'':{self._width}}\r", end="", file=sys.stderr, flush=True)


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
        rows: a text or Parquet file.
        out: a .parquet file.
        bundle: the bundle that predicts.
        rehearsal: whether the bundle is not accepted, which every row then states.
        overwrite: discard what an earlier run began or finished.
        part_rows: rows of a part.

    Raises:
        BadInput: the file does not fit the contract, `out` exists or was begun from something
            else, or the disk is full.
    """
    source = open_source(rows, bundle.contract.layout)
    if out.suffix != ".parquet" or out.resolve() == rows.resolve():
        raise BadInput(
            f"expected another file for OUT, whose name ends in .parquet, got {out}",
            code="not-parquet",
        )
    schema = output_schema(bundle, source, rehearsal=rehearsal)
    stamp = _stamp(rows)
    job = {
        "input": f"{rows.name}, {stamp[0]:,} bytes, SHA-256 {file_digest(rows)}",
        "bundle": bundle.id,
        "rehearsal": rehearsal,
        "rows a part": part_rows,
    }
    try:
        with claim(out, job, overwrite=overwrite) as parts:
            setting = Setting(bundle.path, bundle.id, rehearsal, schema, parts)
            yield Run(source, setting, part_rows, stamp)
    except OSError as error:
        full = error.errno in NO_SPACE
        then = "free some space" if full else "remove the cause"
        raise BadInput(
            f"cannot write {out}: {error}; {then}, and run the same command to continue",
            code="no-space" if full else "system-error",
        ) from None


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _print(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
