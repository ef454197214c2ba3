"""Answers all rows of a file: reads parts, has them answered on every core, joins what came of it.

A run may end at any moment, however hard; the same command then goes on behind the last part that
was kept. A part is so many rows of the file, so that both together give the very file that one
undisturbed run gives.
"""

import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from engine.bundle.bundle import Bundle, file_digest
from engine.problem.errors import EXIT_GATE_CLOSED, BadInput
from engine.serving.batch.columns import output
from engine.serving.batch.crew import crew
from engine.serving.batch.message import Setting, packed
from engine.serving.batch.parts import Counts, Parts, claim, no_room
from engine.serving.batch.progress import Progress
from engine.serving.batch.source import Source, open_source

# Less than a second's work: so much is done again after a stop, and lies in memory at a time.
PART_ROWS = 32_768


def batch(
    path: Path,
    out: Path,
    bundle: Bundle,
    *,
    rehearsal: bool,
    anew: bool = False,
    processes: int = 0,
    part_rows: int = PART_ROWS,
) -> int:
    """Answer the rows in `path` with a bundle that may be served, into `out`.

    Args:
        anew: forget what an earlier run began or finished.
        processes: how many ask the model at a time, 0 for one a core.

    Returns:
        The exit code: 0, or that of a closed gate if every single row was refused.

    Raises:
        BadInput: the file does not fit the contract, `out` is there already or was begun from
            something else, the bundle does not answer as it should, or the disk is full.
    """
    source = open_source(path)
    if out.suffix != ".parquet" or out.resolve() == path.resolve():
        raise BadInput(f"expected another file for OUT, whose name ends in .parquet, got {out}")
    schema = output(bundle, source, rehearsal=rehearsal)
    before = _stamp(path)
    job = {
        "input": f"{path.name}, {before[0]:,} bytes, SHA-256 {file_digest(path)}",
        "bundle": bundle.id,
        "rehearsal": rehearsal,
        "rows a part": part_rows,
    }
    try:
        with claim(out, job, anew=anew) as parts:
            setting = Setting(bundle.path, bundle.id, rehearsal, source.written, schema, parts)
            counts = _answered(source, setting, part_rows, processes or cores())
            if _stamp(path) != before:
                raise BadInput(f"{path} was changed while it was read; begin anew with --anew")
            told = {"bundle": bundle.id, "rehearsal": str(rehearsal).lower()}
            parts.join(schema, counts, told)
    except OSError as error:
        raise no_room(out, error) from None
    return _told(parts, list(counts.values()), rehearsal=rehearsal)


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _answered(
    source: Source, setting: Setting, part_rows: int, processes: int
) -> dict[int, Counts]:
    """What is in the parts, when all of them are done."""
    counts = setting.parts.done()
    _say(f"bundle {setting.id[:12]}: {source.path} into {setting.parts.out}")
    if counts:
        done = sum(map(_rows, counts.values()))
        _say(f"going on: {done:,} rows were done before")
    reading = _Reading(source, part_rows, set(counts))
    messages = reading.messages()
    if first := next(messages, b""):
        if source.rows is not None:
            processes = min(processes, -(-source.rows // part_rows))
        progress = Progress()
        try:
            with crew(processes, setting) as workers:
                for said in workers.each(chain([first], messages)):
                    counts[said["done"]] = found = Counts(**said["counts"])
                    step = reading.steps[said["done"]]
                    progress.add(_rows(found), step, reading.passed_over)
        finally:
            progress.end()
    kept = sum(map(_rows, counts.values()))
    if counts.keys() != reading.steps.keys() or kept != reading.rows:
        raise RuntimeError(f"{reading.rows:,} rows were read and {kept:,} kept")
    return counts


class _Reading:
    """Reads the source once, from its start to its end, and passes over the parts that are done.

    `steps` is how much of the file each part is.
    """

    def __init__(self, source: Source, part_rows: int, done: set[int]) -> None:
        self._source, self._part_rows, self._done = source, part_rows, done
        self.steps: dict[int, float] = {}
        self.rows, self.passed_over = 0, 0.0

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


def _told(parts: Parts, counts: list[Counts], *, rehearsal: bool) -> int:
    """Say what came of it; the exit code."""
    answered, refused = (sum(getattr(one, name) for one in counts) for name in vars(Counts(0, 0)))
    print(f"{answered:,} of {answered + refused:,} rows answered in {parts.out}")
    if refused:
        print(f"{refused:,} refused, each with the reason, in {parts.refused}")
    if rehearsal:
        print("REHEARSAL: the bundle is not accepted; every row says so")
    return EXIT_GATE_CLOSED if refused and not answered else 0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
