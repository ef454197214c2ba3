"""The finished parts of a run on the disk; at the end they become one file."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.problem.errors import BadInput
from engine.problem.files import atomic_path, read_json, sync

MANIFEST = "run.json"
SUFFIX, REFUSED_SUFFIX = ".parquet", ".refused.parquet"
REFUSED = pa.schema([("row", pa.int64()), ("reason", pa.string()), ("text", pa.string())])
# A row on which the model fails is set aside; beyond so many of a file, the model is at fault.
MOST_FAILED = 100
# So many parts become one row group of the joined file.
PARTS_PER_GROUP = 4


@dataclass(frozen=True)
class Counts:
    """Rows with a prediction, rows without one, and those of them on which the model failed."""

    answered: int
    refused: int
    failed: int = 0

    @property
    def rows(self) -> int:
        """All rows."""
        return self.answered + self.refused


@dataclass(frozen=True)
class Parts:
    """The folder of parts beside the output file; `claim` gives it, and workers write to it."""

    out: Path
    run: str

    @property
    def folder(self) -> Path:
        """The folder of the parts."""
        return self.out.with_name(f"{self.out.name}.parts")

    @property
    def refused(self) -> Path:
        """The file of the rows without a prediction."""
        return self.out.with_name(f"{self.out.stem}{REFUSED_SUFFIX}")

    def write(
        self, number: int, predictions: pa.Table, refused: pa.Table, *, failed: int
    ) -> Counts:
        """Write a part durably; it is finished once its predictions are there."""
        counts = Counts(len(predictions), len(refused), failed)
        metadata = {"run": self.run, "counts": json.dumps(vars(counts))}
        tables = {REFUSED_SUFFIX: refused} if counts.refused else {}
        for suffix, table in {**tables, SUFFIX: predictions}.items():
            sink = pa.BufferOutputStream()
            pq.write_table(table.replace_schema_metadata(metadata), sink, write_page_checksum=True)
            _write(self._path(number, suffix), sink.getvalue())
        return counts

    def finished(self) -> dict[int, Counts]:
        """The counts of the finished parts, each read whole; damaged ones are deleted."""
        results = {}
        for path in sorted(self.folder.glob("part-??????.parquet")):
            number = int(path.stem.removeprefix("part-"))
            try:
                predictions = self._read(path)
                counts = Counts(**json.loads(predictions.schema.metadata[b"counts"]))
                if counts.refused:
                    self._read(self._path(number, REFUSED_SUFFIX))
                results[number] = counts
            except pa.ArrowException:
                path.unlink()
        return results

    def join(
        self, schema: pa.Schema, counts: Mapping[int, Counts], metadata: Mapping[str, str]
    ) -> None:
        """Make one file of all parts, put it in its place, and delete the parts.

        The refused rows go first: when the output file is there, the run is complete. `metadata`
        stands in both files. BadInput if a part was changed during the run.
        """
        numbers = sorted(counts)
        predictions = [self._path(number) for number in numbers]
        refused = [self._path(at, REFUSED_SUFFIX) for at in numbers if counts[at].refused]
        draft = self._joined(self.out, schema, predictions, metadata)
        if refused:
            self._joined(self.refused, REFUSED, refused, metadata).replace(self.refused)
        else:
            self.refused.unlink(missing_ok=True)
        draft.replace(self.out)
        sync(self.out.parent)
        (self.folder / MANIFEST).unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _joined(
        self, final: Path, schema: pa.Schema, paths: Sequence[Path], metadata: Mapping[str, str]
    ) -> Path:
        """A durable file of all the parts at `paths`, under a temporary name (see `claim`)."""
        draft = self.folder / f".{final.name}"
        try:
            with pq.ParquetWriter(
                draft, schema.with_metadata(dict(metadata)), write_page_checksum=True
            ) as writer:
                for first in range(0, len(paths), PARTS_PER_GROUP):
                    tables = map(self._read, paths[first : first + PARTS_PER_GROUP])
                    writer.write_table(pa.concat_tables(tables).cast(schema))
        except pa.ArrowException as error:
            raise BadInput(
                f"a part in {self.folder} was changed during the run ({error}); run the same "
                "command again",
                code="part-changed",
            ) from None
        sync(draft)
        return draft

    def _path(self, number: int, suffix: str = SUFFIX) -> Path:
        return self.folder / f"part-{number:06d}{suffix}"

    def _read(self, path: Path) -> pa.Table:
        """A part, whole and of this run; else pa.ArrowInvalid."""
        try:
            table = pq.read_table(path, page_checksum_verification=True, use_threads=False)
        except OSError as error:  # missing, truncated, or another checksum
            raise pa.ArrowInvalid(f"{path.name}: {error}") from None
        if (table.schema.metadata or {}).get(b"run") != self.run.encode():
            raise pa.ArrowInvalid(f"{path.name} is of another run")
        return table


@contextmanager
def claim(out: Path, job: Mapping[str, Any], *, overwrite: bool) -> Iterator[Parts]:
    """The parts of a run that writes `out`, locked for this process; `job` identifies the run.

    Raises:
        BadInput: `out` exists, or belongs to another run that began it or is working on it.
    """
    text = json.dumps(job, indent=2, sort_keys=True)
    parts = Parts(out, hashlib.sha256(text.encode()).hexdigest())
    manifest = parts.folder / MANIFEST
    begun = manifest.exists() and any(parts.folder.glob("part-*"))
    existing = [path for path in (out, parts.refused) if path.exists()]
    if existing and not overwrite and not begun:
        raise BadInput(
            f"{existing[0]} exists; name another OUT, or add --overwrite", code="output-exists"
        )
    if not out.parent.is_dir():
        raise BadInput(f"expected a folder {out.parent}; create it first", code="no-such-folder")
    parts.folder.mkdir(exist_ok=True)
    with _locked(parts.folder):
        try:
            if overwrite or not begun:
                for path in parts.folder.glob("*part-*"):
                    path.unlink()
                _write(manifest, text.encode())
            else:
                _check_same_run(manifest, job)
            yield parts
        finally:
            for path in parts.folder.glob(".*"):  # drafts
                path.unlink(missing_ok=True)
            if parts.folder.exists() and not any(parts.folder.glob("part-*")):
                shutil.rmtree(parts.folder)  # there is nothing to continue


def _check_same_run(manifest: Path, job: Mapping[str, Any]) -> None:
    then = "continue with the same input and bundle, name another OUT, or discard them with "
    then += "--overwrite"
    begun = read_json(manifest, "the description of a run", then)
    differs = [
        f"{name} was {begun.get(name)}, now {value}"
        for name, value in job.items()
        if begun.get(name) != value
    ]
    if differs:
        raise BadInput(
            f"{manifest.parent} holds parts of another run: {'; '.join(differs)}; {then}",
            code="another-run",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder; a process that is killed holds no lock."""
    with (folder / "lock").open("wb") as lock:
        with suppress(ImportError):  # Windows has none; there people must avoid a second run
            import fcntl  # noqa: PLC0415

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BadInput(
                    f"another run is at work in {folder}; wait for its end", code="run-in-progress"
                ) from None
        yield


def _write(path: Path, data: Any) -> None:
    """Write a file whole or not at all, even if the machine stops."""
    with atomic_path(path) as draft:
        draft.write_bytes(data)
        sync(draft)
    sync(path.parent)
