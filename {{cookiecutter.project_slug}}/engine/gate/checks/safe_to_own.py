"""Checks of the group `safe to own`: a complete bundle without secrets or unsafe content."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bundle.archive import load_model
from engine.bundle.bundle import LARGEST_FILE, MANIFEST, REQUIRED
from engine.bundle.feature_code import unportable
from engine.gate.checks.check import CheckContext, Result, pass_without, shorten
from engine.monitoring.drift import drift_between
from engine.monitoring.result import Finding
from engine.problem.errors import BadInput

# The forms of secrets.
SECRETS = {
    "a private key": rb"----[- ]BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?[ -]----",
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
    # Stars that hide a password, or the name of a kind of token, are no secrets.
    "a password": rb"(?i)\b(password|passwd|secret)[\"']?\s*[:=]\s*"
    rb"[\"'](?!\*+[\"'])[^\"'\s]{8,}[\"']",
    "a key": rb"(?i)\b(\w+_)?(api|access|secret)_?key[\"']?\s*[:=]\s*"
    rb"([\"'](?=[^\"'\s]*[0-9])[^\"'\s]{8,}[\"']"
    rb"|[\"']?(?=[A-Za-z+/=_-]*[0-9])[A-Za-z0-9+/=_-]{12,})",
    "a token": rb"(?i)\btoken[\"']?\s*[:=]\s*[\"'](?=[^\"'\s]*[0-9])[^\"'\s]{8,}[\"']",
}
PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth"}
# The first bytes of pickle protocols 2 to 5.
PICKLE_START = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
# A commit's hash, or None before the first one; git might read other text as an option.
COMMIT = re.compile(r"[0-9a-f]{40,64}|None")
# The fields of manifest.json.
FIELDS = {
    *("format", "name", "version", "run_id", "code", "engine", "features_module", "data_digest"),
    *("seed", "requirements", "trained_at", "files"),
}
# What people write where they mean to write something later.
PLACEHOLDER = re.compile(
    r"\b(TODO|TBD|TBC|FIXME|XXX)\b|\bNot yet said\b|\blorem ipsum\b|<[a-z][a-z _-]*>|\?\?\?",
    re.IGNORECASE,
)

# Random halves of the test rows: one false alarm in a hundred can be chance, two are not.
HALVES, TOLERATED_ALARMS = 5, 1


def complete(context: CheckContext) -> Result:
    """No missing or unknown file or field. (Reading the bundle verified that none is changed.)"""
    manifest, files = context.bundle.manifest, context.bundle.manifest["files"]
    results = [f"unknown file: {name}" for name in files if name not in REQUIRED]
    results += [f"unknown field in {MANIFEST}: {name}" for name in sorted({*manifest} - FIELDS)]
    results += [f"{MANIFEST} lacks {name}" for name in sorted(FIELDS - {*manifest})]
    code = manifest.get("code", {})
    if set(code) != {"commit", "dirty", "snapshot"} or not COMMIT.fullmatch(str(code["commit"])):
        results.append("manifest.json does not name the code of the training")
    required = "all files and fields of a bundle, unchanged, and no others"
    measured = f"{len(files)} files as built, id {context.bundle.id[:12]}"
    return pass_without(results, measured, required, "Build the bundle again from its run.")


def safe(context: CheckContext) -> Result:
    """Trusted types only, no pickle, secret or personal column; portable feature code."""
    bundle = context.bundle
    paths = [path for path in bundle.path.rglob("*") if path.is_file()]
    files = {path.relative_to(bundle.path).as_posix(): path for path in sorted(paths)}
    results = _bombs(files)
    if not results:  # the others unpack the archives
        results += [*_contents_faults(files), *_archive(bundle.model_path)]
    # The log holds the fields of requests, which are the model's inputs.
    columns = {
        "model's inputs and so in the prediction log": {one.name for one in bundle.contract.inputs},
        "golden rows": {name for row in bundle.golden() for name in row["row"]},
        "monitor's reference": {one["name"] for one in bundle.reference.get("features", [])},
    }
    results += unportable(bundle.features_path)
    for name in context.problem.columns.personal:
        where = [place for place, names in columns.items() if name in names]
        results += [f"personal column '{name}' is in the {place}" for place in where]
    try:
        _ = results or load_model(bundle)
    except BadInput as error:
        results.append(str(error))
    required = "trusted types, no pickle, no secret, no personal column, portable feature code"
    if results:
        advice = "Remove it, then train and build again. Revoke a secret that was in a file."
        return Result("refuse", "; ".join(results), required, advice)
    return Result("pass", f"nothing unsafe in {len(files)} files", required)


def _bombs(files: Mapping[str, Path]) -> list[str]:
    """Archives, whatever their names, that would fill the memory when unpacked."""
    results = []
    for name, path in files.items():
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
            if size > LARGEST_FILE:
                results.append(f"{name} unpacks to {size:,} bytes, more than {LARGEST_FILE:,}")
    return results


def _archive(model: Path) -> list[str]:
    if not zipfile.is_zipfile(model):
        return ["model.skops is no archive"]
    with zipfile.ZipFile(model) as archive:
        entries = archive.infolist()
        results = ["model.skops has a comment"] if archive.comment else []
    names = [entry.filename for entry in entries]
    if min((entry.header_offset for entry in entries), default=0) > 0:
        results.append("model.skops has bytes before its first entry")
    if len(set(names)) < len(names):
        results.append("model.skops has two entries of one name")
    unknown = [name for name in names if not re.fullmatch(r"schema\.json|\d+\.(npy|npz)", name)]
    return results + [f"model.skops holds {name!r}, which skops does not write" for name in unknown]


def _contents_faults(files: Mapping[str, Path]) -> Iterator[str]:
    for name, path in files.items():
        if not zipfile.is_zipfile(path):
            yield from _content_faults(name, path.read_bytes())
            continue
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                yield from _content_faults(f"{name}: {entry}", archive.read(entry))


def _content_faults(name: str, content: bytes) -> Iterator[str]:
    if Path(name).suffix.lower() in PICKLES or content.startswith(PICKLE_START):
        yield f"{name} is a pickle, which can run any code when it is loaded"
    yield from (f"{name} holds {key}" for key, form in SECRETS.items() if re.search(form, content))


def documented(context: CheckContext) -> Result:
    """No placeholder in problem, contract or card (assumed: a warning); inputs are described."""
    required = "no placeholder in problem, contract or card; a description of each input"
    assumed = {*context.problem.assumed}
    card = (context.bundle.path / "model_card.md").read_text("utf-8", errors="replace")
    columns = context.dataset.columns
    texts = [*_texts("", context.problem.model_dump(exclude={"assumed"}))]
    texts += [(f"data/contract.py {column.name}", column.meaning) for column in columns]
    placeholders = {where: text for where, text in texts if PLACEHOLDER.search(text)}
    for text in placeholders.values():
        card = card.replace(text, "")  # reported once, where it is to be fixed
    is_assumed = [where for where in placeholders if {where, where.split(".")[0]} & assumed]
    is_open = [where for where in placeholders if where not in is_assumed]
    is_open += [f"model_card.md: {match[0]}" for match in PLACEHOLDER.finditer(card)]
    if is_open:
        measured = f"placeholders: {shorten(is_open, ', ', 8)}"
        return Result("refuse", measured, required, "Replace them, then train and build again.")
    undescribed = [one.name for one in columns if one.meaning in ("", one.name)]
    warnings, advice = [], []
    if is_assumed:
        warnings.append(f"assumed: {shorten(is_assumed, ', ', 8)}")
        advice.append("Answer the assumed questions in problem.toml.")
    if undescribed:
        warnings.append(f"no description: {shorten(undescribed, ', ', 8)}")
        advice.append("Describe each input and its unit in data/contract.py (description=).")
    if warnings:
        return Result("warn", "; ".join(warnings), required, " ".join(advice))
    return Result("pass", f"no placeholder; all {len(columns)} inputs are described", required)


def _texts(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value, start=1):
            yield from _texts(f"{where}.{name}".lstrip("."), inner)


def monitorable(context: CheckContext) -> Result:
    """No alarm between random halves of the test rows; drift over the test period is named."""
    rows, minimum = len(context.dataset.test), context.problem.monitoring.minimum_rows
    required = f"at most {TOLERATED_ALARMS} alarm between {HALVES} random halves of the test rows"
    if rows < 2 * minimum:
        measured = f"{rows} test rows; two halves of {minimum} are needed"
        advice = "Collect more rows; until then, the monitor finds drift late."
        return Result("not applicable", measured, required, advice)
    rng = np.random.default_rng(0)
    drifts = [_drift(context, rng.permutation(rows)) for _ in range(HALVES)]
    alarms = [drift for drift in drifts if drift]
    measured = f"alarms in {len(alarms)} of {HALVES} random halves"
    if len(alarms) > TOLERATED_ALARMS:
        columns = {f"{one.about} ({one.check})" for drift in alarms for one in drift}
        advice = "Group rare values of these columns, or exclude them; then train and build again."
        return Result("refuse", f"{measured}: {', '.join(sorted(columns))}", required, advice)
    if context.problem.rows.time and (drift := _drift(context, np.arange(rows))):
        names = "; ".join(f"{one.about}: {one.detail}" for one in drift)
        measured += f"; drift within the test period in {len(drift)}: {names}"
        advice = "Expect these alarms. Exclude the columns, or retrain once per test period."
        return Result("warn", measured, required, advice)
    return Result("pass", measured, required)


def _drift(context: CheckContext, order: NDArray[np.intp]) -> list[Finding]:
    """The monitor's alarms on the second half of the test rows in this order."""
    dataset, scores = context.dataset, context.predictions.scores
    scores = scores.max(axis=1) if scores.ndim > 1 else scores
    table = dataset.inputs(dataset.test)
    minimum, halves = dataset.problem.monitoring.minimum_rows, np.array_split(order, 2)
    before, after = ((table.iloc[rows].reset_index(drop=True), scores[rows]) for rows in halves)
    return [one for one in drift_between(before, after, dataset.columns, minimum) if one.wrong]
