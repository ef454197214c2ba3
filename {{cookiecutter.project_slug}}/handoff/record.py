"""What is said about a bundle stays outside it, in git: the verdict and one signature a team."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

RECORDS = Path("handoff/records")
VERDICT = "verdict.json"
# One file a team: CODEOWNERS gives each to one owner, so branch protection can require both.
TEAMS = ("data-science", "ml-engineering")


def verdict_digest(bundle_id: str, records: Path = RECORDS) -> str:
    """SHA-256 of the verdict that the signatures confirm."""
    return hashlib.sha256((records / bundle_id / VERDICT).read_bytes()).hexdigest()


def refusal(bundle_id: str, records: Path = RECORDS) -> str | None:
    """Why the bundle is not accepted, in words; None where it is.

    Accepted means: the gate passed it, and both teams signed for this bundle and this verdict.
    """
    path = records / bundle_id / VERDICT
    try:
        verdict: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"the gate has no verdict on it ({path}); run `python -m handoff check`"
    except (OSError, ValueError):
        return f"its verdict ({path}) cannot be read"
    if verdict.get("bundle") != bundle_id:
        return f"its verdict ({path}) speaks of another bundle"
    if verdict.get("verdict") != "passed":
        return f"the gate refused it ({path})"
    digest = verdict_digest(bundle_id, records)
    for team in TEAMS:
        reason = _unsigned(records / bundle_id / f"{team}.toml", bundle_id, digest)
        if reason:
            return f"{team} has not signed: {reason}"
    return None


def _unsigned(path: Path, bundle_id: str, digest: str) -> str | None:
    try:
        signature = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"no {path}"
    except (OSError, ValueError):
        return f"{path} cannot be read"
    if signature.get("bundle") != bundle_id:
        return f"{path} signs another bundle"
    if signature.get("verdict") != digest:
        return f"{path} signs another verdict; the gate judged again since"
    return None
