"""May another team run this, and answer for it?"""

import ast
import re
import sys
import zipfile
from pathlib import Path

from handoff.checks.finding import Evidence, Finding
from problem.errors import BadInput
from serving.model import load_model

# What a secret looks like, by the issuers' own formats; and a password in a URL.
SECRETS = {
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an AWS key": rb"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": rb"\bgh[pousr]_[A-Za-z0-9]{36,}\b",
    "a GitLab token": rb"\bglpat-[A-Za-z0-9_-]{20,}\b",
    "a Slack token": rb"\bxox[abprs]-[A-Za-z0-9-]{10,}\b",
    "a Google key": rb"\bAIza[0-9A-Za-z_-]{35}\b",
    "a password in a URL": rb"[a-z][a-z0-9+.-]*://[^\s:/@\"']+:[^\s:/@\"']+@",
    "a password": rb"(?i)\b(password|passwd|secret|api_?key|token)\s*[:=]\s*[\"'][^\"'\s]{8,}[\"']",
}
PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".npy", ".pt", ".pth"}
# The first bytes of pickle protocols 2 to 5.
PICKLE_START = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
# What the bundle's feature code may import: what the serving image holds anyway.
MAY_IMPORT = {*sys.stdlib_module_names, "numpy", "pandas", "sklearn", "scipy"}


def safe(evidence: Evidence) -> Finding:
    """Trusted types, no pickle, no secret, no personal column, feature code that stands alone."""
    bundle = evidence.bundle
    found = [
        *_pickles(bundle.path),
        *_secrets(bundle.path),
        *_imports(bundle.features_path),
        *_personal(evidence),
    ]
    try:
        load_model(bundle)
    except BadInput as error:
        found.append(str(error))
    required = "trusted types, no pickle, no secret, no personal column, code that stands alone"
    if found:
        return Finding(
            "safe", "safe to own", "refuse", "; ".join(found), required,
            "take it out, train and build again; a secret that was in a file is to be revoked",
        )  # fmt: skip
    return Finding("safe", "safe to own", "pass", "nothing found in any file", required)


def complete(evidence: Evidence) -> Finding:
    """Every file there and unchanged: the gate reads a bundle no other way (`handoff.bundle`)."""
    files = len(evidence.bundle.manifest["files"])
    return Finding(
        "complete", "safe to own", "pass", f"{files} files as built, id {evidence.bundle.id[:12]}",
        "every file there, none changed, none besides",
    )  # fmt: skip


def _pickles(path: Path) -> list[str]:
    found = []
    for file in _files(path):
        name = file.relative_to(path).as_posix()
        if file.suffix.lower() in PICKLES or _head(file).startswith(PICKLE_START):
            found.append(f"{name} is a pickle: loading it runs whatever it says")
        elif zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                inside = [entry for entry in archive.namelist() if Path(entry).suffix in PICKLES]
            # skops keeps arrays as .npy, which it reads with pickles refused.
            strange = [entry for entry in inside if not entry.endswith(".npy")]
            found += [f"{name} holds a pickle: {entry}" for entry in strange]
    return found


def _secrets(path: Path) -> list[str]:
    return [
        f"{file.relative_to(path).as_posix()} holds {what}"
        for file in _files(path)
        if not zipfile.is_zipfile(file)
        for what, pattern in SECRETS.items()
        if re.search(pattern, file.read_bytes())
    ]


def _imports(features: Path) -> list[str]:
    strangers = set()
    for node in ast.walk(ast.parse(features.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            strangers |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            strangers.add("." if node.level else str(node.module).split(".")[0])
    strangers -= MAY_IMPORT
    return [f"features.py imports {name}, which serving has not" for name in sorted(strangers)]


def _personal(evidence: Evidence) -> list[str]:
    personal = evidence.bundle.problem.columns.personal
    read = {column.name for column in evidence.columns}
    logged = {name for row in evidence.bundle.golden() for name in row["row"]}
    return [
        f"personal column '{name}' is in the {place}"
        for name in personal
        for place, names in (("model's inputs", read), ("golden rows", logged))
        if name in names
    ]


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(2)
