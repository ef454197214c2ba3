"""Rows that colleagues share: data/rows.toml, in git, has their place and their digest.

Git holds no rows. So two people know only by the digest that they work on the same ones.
"""

import hashlib
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from engine.data.digest import digest as rows_digest
from engine.data.paths import is_file, is_query
from engine.data.sources import read
from engine.problem.errors import BadInput, command
from engine.problem.files import atomic_path, read_toml, toml, write_atomically

RECORD = Path("data/rows.toml")
HEADER = f"# The rows of this project. Written by `{command('data share')}`; keep it in git.\n"


@dataclass(frozen=True)
class Shared:
    """What data/rows.toml holds: `digest` is the SHA-256 of a file, or of the rows of a query.

    `place`: the shared copy of a file; empty for a query, whose database all colleagues reach.
    """

    source: str
    place: str
    digest: str


def share(source: str, folder: Path | None) -> str:
    """Copy the rows to `folder`, and record them; returns the next step.

    The copy has a part of the digest in its name: earlier rows stay there for earlier commits.
    BadInput: the rows come with the project, or a file has no folder to go to.
    """
    if not is_file(source):
        message = f"{source} comes with the project, so everybody has the same rows; share none"
        raise BadInput(message, code="nothing-to-share")
    check_present(source)
    place = ""
    if is_query(source):
        digest = rows_digest(read(source))
    elif folder is None:
        message = f"expected a folder that colleagues can reach, for a copy of {source}; run "
        raise BadInput(f"{message}`{command('data share FOLDER')}`", code="no-folder")
    else:
        digest = _file_digest(Path(source))
        copy = folder / f"{Path(source).stem}.{digest[:12]}{Path(source).suffix}"
        if not copy.exists():
            _copy(Path(source), copy, digest)
        place = copy.as_posix()
    record = asdict(Shared(source, place, digest))
    write_atomically(RECORD, HEADER + "".join(f"{key} = {toml(record[key])}\n" for key in record))
    return f"shared {source}, {digest[:12]}{place and f': {place}'}; next: commit {RECORD}"


def fetch(source: str, folder: Path | None) -> str:
    """Copy the recorded rows to this project, or compare those of a query; returns the result.

    `folder`: where this machine has the shared folder, if elsewhere than recorded. BadInput: no
    rows are recorded, they cannot be reached, or the project has others, which would be lost.
    """
    shared = recorded()
    if shared is None or shared.source != source:
        message = f"expected {RECORD} with the place of {source}; whoever has the rows runs "
        message += f"`{command('data share FOLDER')}` and commits it"
        raise BadInput(message, code="not-shared")
    if is_query(source):
        verify(source, read(source))
        return f"{source} gives the shared rows, {shared.digest[:12]}"
    if Path(source).is_file():
        _check_digest(source, _file_digest(Path(source)), shared)
        return f"{source} is here already, {shared.digest[:12]}"
    place = Path(shared.place) if folder is None else folder / Path(shared.place).name
    if not place.is_file():
        message = f"expected the shared rows at {place}, found no such file; mount the folder, or "
        message += f"name its path on this machine: `{command('data fetch FOLDER')}`"
        raise BadInput(message, code="no-shared-rows")
    _copy(place, Path(source), shared.digest)
    return f"fetched {source} from {place}, {shared.digest[:12]}"


def check_present(source: str) -> None:
    """Raise BadInput where the file of the project's rows is missing, as in a fresh clone."""
    if not is_file(source) or Path(source).exists():
        return
    message = f"The rows of this project, {source}, are not on this machine; git holds none. "
    shared = recorded()
    if shared and shared.source == source and shared.place:
        message += f"Fetch them from {shared.place} with `{command('data fetch')}`."
    else:
        message += f"Whoever has them runs `{command('data share FOLDER')}` and commits {RECORD}."
    raise BadInput(message, code="missing-rows")


def verify(source: str, raw: pd.DataFrame) -> None:
    """Raise BadInput if the source holds other rows than the recorded ones, where there are any."""
    shared = recorded()
    if shared and shared.source == source:
        digest = rows_digest(raw) if is_query(source) else _file_digest(Path(source))
        _check_digest(source, digest, shared)


def recorded() -> Shared | None:
    """The content of data/rows.toml, None without one; BadInput if it is incomplete."""
    if not RECORD.is_file():
        return None
    then = f"restore it from git, or run `{command('data share')}` again"
    values = read_toml(RECORD, "the place and digest of the rows", then)
    if values.keys() != Shared.__annotations__.keys() or {*map(type, values.values())} != {str}:
        expected = ", ".join(Shared.__annotations__)
        message = f"expected the texts {expected} in {RECORD}, and nothing else; {then}"
        raise BadInput(message, code="invalid-rows-file")
    return Shared(**values)


def _check_digest(source: str, digest: str, shared: Shared) -> None:
    if digest != shared.digest:
        message = f"{source} holds other rows ({digest[:12]}) than {RECORD} records "
        message += f"({shared.digest[:12]}). For the shared rows, move the file away and run "
        message += f"`{command('data fetch')}`; for these, run `{command('data share')}` and commit"
        raise BadInput(message, code="other-rows")


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(original: Path, copy: Path, digest: str) -> None:
    try:
        with atomic_path(copy) as draft:
            shutil.copyfile(original, draft)
            if _file_digest(draft) != digest:
                message = f"{original} holds other rows than {digest[:12]}; get it again, or share "
                raise BadInput(f"{message}it again", code="other-rows")
    except OSError as error:
        message = f"cannot copy {original} to {copy.parent}: {error.strerror}; name a folder that "
        raise BadInput(
            f"{message}exists and that this user may write to", code="no-folder"
        ) from None
