"""May another team run this, and answer for it?"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from engine.bundle.archive import load_model
from engine.bundle.bundle import LARGEST_FILE, REQUIRED
from engine.bundle.feature_code import unportable
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import shorten
from engine.problem.errors import BadInput

# What a secret looks like, by the issuers' own formats; and a password in a URL.
SECRETS = {
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an AWS key": rb"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": rb"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b",
    "a GitLab token": rb"\bglpat-[A-Za-z0-9_-]{20,}\b",
    "a Slack token": rb"\bxox[abprs]-[A-Za-z0-9-]{10,}\b",
    "a Google key": rb"\bAIza[0-9A-Za-z_-]{35}\b",
    "a password in a URL": rb"[a-z][a-z0-9+.-]*://[^\s:/@\"']+:[^\s:/@\"']+@",
    "an Azure key": rb"(?i)\baccountkey=[A-Za-z0-9+/]{40,}",
    "a Slack address": rb"hooks\.slack\.com/services/T\w+/B\w+/\w+",
    "a Stripe key": rb"\b[rs]k_(live|test)_[A-Za-z0-9]{16,}\b",
    "a key of a model's API": rb"\bsk-[A-Za-z0-9_-]{32,}",
    "a Hugging Face token": rb"\bhf_[A-Za-z0-9]{30,}\b",
    "an npm token": rb"\bnpm_[A-Za-z0-9]{36}\b",
    "a signed token (JWT)": rb"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    # What hides a password (stars), or names a kind of token, is none.
    "a password": rb"(?i)\b(password|passwd|secret)[\"']?\s*[:=]\s*"
    rb"[\"'](?!\*+[\"'])[^\"'\s]{8,}[\"']",
    "a key": rb"(?i)\b(\w+_)?(api|access|secret)_?key[\"']?\s*[:=]\s*"
    rb"([\"'](?=[^\"'\s]*[0-9])[^\"'\s]{8,}[\"']"
    rb"|[\"']?(?=[A-Za-z+/=_-]*[0-9])[A-Za-z0-9+/=_-]{12,})",
    "a token": rb"(?i)\btoken[\"']?\s*[:=]\s*[\"'](?=[^\"'\s]*[0-9])[^\"'\s]{8,}[\"']",
}
# (skops keeps arrays as .npy, which it reads with pickles refused.)
PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth"}
# The first bytes of pickle protocols 2 to 5.
PICKLE_START = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
# What git calls a commit; anything else might be read as an option.
COMMIT = re.compile(r"[0-9a-f]{40,64}")
# What a manifest says beside the digests of its files.
FIELDS = (
    *("name", "version", "run_id", "code", "engine", "data_digest", "seed", "requirements"),
    "trained_at",
)


def complete(evidence: CheckContext) -> Result:
    """Every file there and unchanged (the gate reads a bundle no other way), and no stranger."""
    files, required = evidence.bundle.manifest["files"], "a bundle's files, none changed or besides"
    manifest = evidence.bundle.manifest
    absent = [field for field in FIELDS if field not in manifest]
    beside = set(manifest) - {*FIELDS, "format", "features_module", "files"}
    found = [f"{name} is none of a bundle's files" for name in files if name not in REQUIRED]
    found += [f"manifest.json does not say {field}" for field in absent]
    found += [
        f"manifest.json says {field}, which is none of its fields" for field in sorted(beside)
    ]
    code = manifest.get("code")
    if (
        not isinstance(code, dict)
        or set(code) != {"commit", "dirty", "snapshot"}
        or not (code["commit"] is None or COMMIT.fullmatch(str(code["commit"])))
    ):
        found.append("manifest.json does not say which code made it")
    if found:
        return Result("refuse", shorten(found), required, "build the bundle anew from its run")
    measured = f"{len(files)} files as built, id {evidence.bundle.id[:12]}"
    return Result("pass", measured, required)


def safe(evidence: CheckContext) -> Result:
    """Trusted types, no pickle, no secret, no personal column, feature code that stands alone."""
    bundle = evidence.bundle
    found = _bombs(bundle.path)
    if not found:  # for all of it is unpacked from here on
        found += [*_pickles(bundle.path), *_secrets(bundle.path), *_archive(bundle.model_path)]
    found += [*unportable(bundle.features_path), *_personal(evidence)]
    try:
        _ = found or load_model(bundle)
    except BadInput as error:
        found.append(str(error))
    required = "trusted types, no pickle, no secret, no personal column, code that stands alone"
    if found:
        advice = "take it out, train and build again; a secret that was in a file is to be revoked"
        return Result("refuse", "; ".join(found), required, advice)
    return Result("pass", "nothing found in any file", required)


def _bombs(path: Path) -> list[str]:
    """Archives, whatever they are called, that would fill the memory of whoever unpacks them."""
    found = []
    for file in filter(zipfile.is_zipfile, _files(path)):
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST_FILE:
            found.append(f"{file.name} unpacks to {size:,} bytes, more than {LARGEST_FILE:,}")
    return found


def _archive(model: Path) -> list[str]:
    """What an archive can hide from those who read it entry by entry."""
    if not zipfile.is_zipfile(model):
        return ["model.skops is no archive"]
    with zipfile.ZipFile(model) as archive:
        entries = archive.infolist()
        found = ["model.skops has a comment"] if archive.comment else []
    names = [entry.filename for entry in entries]
    if min((entry.header_offset for entry in entries), default=0) > 0:
        found.append("model.skops has something before its first entry")
    if len(set(names)) < len(names):
        found.append("model.skops holds two entries of one name")
    strange = [name for name in names if not re.fullmatch(r"schema\.json|\d+\.(npy|npz)", name)]
    found += [f"model.skops holds {name!r}, which skops does not write" for name in strange]
    return found


def _pickles(path: Path) -> list[str]:
    return [
        f"{name} is a pickle: loading it runs whatever it says"
        for file in _files(path)
        for name, content in _contents(file, file.relative_to(path).as_posix())
        if Path(name).suffix.lower() in PICKLES or content.startswith(PICKLE_START)
    ]


def _secrets(path: Path) -> list[str]:
    return [
        f"{name} holds {what}"
        for file in _files(path)
        for name, content in _contents(file, file.relative_to(path).as_posix())
        for what, pattern in SECRETS.items()
        if re.search(pattern, content)
    ]


def _contents(file: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The file's bytes; of an archive those of every file in it, which are packed otherwise."""
    if not zipfile.is_zipfile(file):
        yield name, file.read_bytes()
        return
    with zipfile.ZipFile(file) as archive:
        for entry in archive.namelist():
            yield f"{name}: {entry}", archive.read(entry)


def _personal(evidence: CheckContext) -> list[str]:
    personal = evidence.problem.columns.personal
    read = {column.name for column in evidence.bundle.contract.inputs}
    golden = {name for row in evidence.bundle.golden() for name in row["row"]}
    watched = {str(one.get("name")) for one in evidence.bundle.reference.get("features", [])}
    # The log holds what callers send, which is what the model reads.
    places = (
        ("model's inputs, and so in the prediction log", read),
        ("golden rows", golden),
        ("monitor's reference", watched),
    )
    return [
        f"personal column '{name}' is in the {place}"
        for name in personal
        for place, names in places
        if name in names
    ]


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())
