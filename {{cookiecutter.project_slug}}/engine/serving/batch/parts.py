"""What a run has finished so far, on the disk: whole parts, which the end joins into one file."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.problem.errors import BadInput

MANIFEST = "run.json"
REFUSED = pa.schema([("row", pa.int64()), ("reason", pa.string()), ("text", pa.string())])
# So many parts become one row group of the joined file.
TOGETHER = 4


@dataclass(frozen=True)
class Counts:
    """Rows that got an answer, and rows that got none."""

    answered: int
    refused: int


@dataclass(frozen=True)
class Parts:
    """The folder of parts beside OUT; `claim` gives it, and a worker only writes."""

    out: Path
    run: str

    @property
    def folder(self) -> Path:
        """Where the parts are."""
        return self.out.with_name(f"{self.out.name}.parts")

    @property
    def refused(self) -> Path:
        """Where the rows without an answer come to."""
        return self.out.with_name(f"{self.out.stem}.refused.parquet")

    def write(self, number: int, answers: pa.Table, refused: pa.Table) -> Counts:
        """Keep a part, durably: once the answers are there, it is done, and never by half.

        Raises:
            OSError: the disk is full, or takes no files.
        """
        count = Counts(len(answers), len(refused))
        if len(refused):
            _keep(self._refused(number), self._bytes(refused, count))
        _keep(self._answers(number), self._bytes(answers, count))
        return count

    def done(self) -> dict[int, Counts]:
        """The parts that are there and whole, read from start to end; others are thrown away."""
        found = {}
        for path in sorted(self.folder.glob("part-??????.parquet")):
            number = int(path.stem.removeprefix("part-"))
            try:
                answers = self._read(self._answers(number))
                counted = Counts(**json.loads(answers.schema.metadata[b"counts"]))
                if counted.refused:
                    self._read(self._refused(number))
                found[number] = counted
            except pa.ArrowException:
                path.unlink()
        return found

    def join(
        self, schema: pa.Schema, counts: Mapping[int, Counts], told: Mapping[str, str]
    ) -> None:
        """Make one file of all parts, put it in its place, and clear away what it was made of.

        The rows without an answer go first: where OUT is, all is done. `told` goes along as the
        metadata of both files.

        Raises:
            OSError: the disk is full, or takes no files.
            BadInput: a part was lost meanwhile.
        """
        bad = [number for number in sorted(counts) if counts[number].refused]
        with (
            self._joined(self.out, schema, map(self._answers, sorted(counts)), told) as answers,
            self._joined(self.refused, REFUSED, map(self._refused, bad), told) as refused,
        ):
            if bad:
                os.replace(refused, self.refused)
            else:
                self.refused.unlink(missing_ok=True)
            os.replace(answers, self.out)
            _sync(self.out.parent)
        (self.folder / MANIFEST).unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _joined(
        self, final: Path, schema: pa.Schema, paths: Iterator[Path], told: Mapping[str, str]
    ) -> Iterator[Path]:
        """A file of all the parts at `paths`, whole on the disk, under a name for the meantime."""
        path = self.folder / f".{final.name}.tmp"
        try:
            with pq.ParquetWriter(
                path, schema.with_metadata(dict(told)), write_page_checksum=True
            ) as writer:
                while some := [self._read(path) for path in islice(paths, TOGETHER)]:
                    writer.write_table(pa.concat_tables(some).cast(schema))
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            yield path
        except pa.ArrowException as error:
            raise BadInput(
                f"a part in {self.folder} was changed meanwhile ({error}); the same command makes "
                "it anew"
            ) from None
        finally:
            path.unlink(missing_ok=True)

    def _answers(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.parquet"

    def _refused(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.refused.parquet"

    def _bytes(self, table: pa.Table, count: Counts) -> pa.Buffer:
        told = {"run": self.run, "counts": json.dumps(vars(count))}
        sink = pa.BufferOutputStream()
        pq.write_table(table.replace_schema_metadata(told), sink, write_page_checksum=True)
        return sink.getvalue()

    def _read(self, path: Path) -> pa.Table:
        """A part, whole and of this run; else pa.ArrowInvalid."""
        try:
            table = pq.read_table(path, page_checksum_verification=True, use_threads=False)
        except OSError as error:  # missing, torn, or a checksum that is another
            raise pa.ArrowInvalid(f"{path.name}: {error}") from None
        if (table.schema.metadata or {}).get(b"run") != self.run.encode():
            raise pa.ArrowInvalid(f"{path.name} is of another run")
        return table


@contextmanager
def claim(out: Path, job: Mapping[str, Any], *, overwrite: bool) -> Iterator[Parts]:
    """The parts of a run that writes `out`, to itself alone; `job` is what makes it the same run.

    Raises:
        BadInput: `out` is there already, another run has begun it or is just now at it.
    """
    text = json.dumps(job, indent=2, sort_keys=True)
    parts = Parts(out, hashlib.sha256(text.encode()).hexdigest())
    manifest = parts.folder / MANIFEST
    begun = manifest.exists() and any(parts.folder.glob("part-*"))
    if not overwrite and not begun:
        for path in (out, parts.refused):
            if path.exists():
                raise BadInput(f"{path} is there already; name another OUT, or add --overwrite")
    if not out.parent.is_dir():
        raise BadInput(f"expected a folder {out.parent} to write into; make it first")
    parts.folder.mkdir(exist_ok=True)
    with _alone(parts.folder):
        try:
            if overwrite or not begun:
                for path in parts.folder.glob("*part-*"):
                    path.unlink()
                _keep(manifest, text.encode())
            elif differs := _difference(manifest, job):
                raise BadInput(
                    f"{parts.folder} holds the beginning of another run: {differs}; go on with "
                    "what it began with, name another OUT, or begin anew with --overwrite"
                )
            yield parts
        finally:
            for path in parts.folder.glob(".*.tmp"):
                path.unlink(missing_ok=True)
            if parts.folder.exists() and not any(parts.folder.glob("part-*")):
                shutil.rmtree(parts.folder)  # nothing to go on with


def no_room(out: Path, error: OSError) -> BadInput:
    """What a disk that takes no more is to a person."""
    return BadInput(
        f"cannot write {out}: {error}; make room, and the same command goes on where it stopped"
    )


def _difference(manifest: Path, job: Mapping[str, Any]) -> str:
    """What another run than this began, in words; nothing if it was this one."""
    try:
        begun = json.loads(manifest.read_bytes())
        return "; ".join(
            f"{name} was {begun[name]}, now {job[name]}" for name in job if begun[name] != job[name]
        )
    except (ValueError, LookupError, TypeError):
        return f"{manifest.name} is not to be read"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """For as long as it takes, nobody else may; a process that was killed holds no lock."""
    with (folder / "lock").open("wb") as lock:
        with suppress(ImportError):  # Windows has none; there a second run is for people to avoid
            import fcntl  # noqa: PLC0415

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BadInput(f"another run is at work in {folder}; wait for its end") from None
        yield


def _keep(path: Path, data: Any) -> None:
    """Write a file so that it is there whole or not at all, even if the machine stops."""
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
        _sync(path.parent)
    finally:
        half.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
