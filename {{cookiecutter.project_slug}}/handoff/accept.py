"""Signs for a bundle; the second signature publishes it. Nothing else lets a model into production."""

import json
import os
import shutil
import subprocess
import tomllib
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from handoff.bundle import Bundle, read
from handoff.record import RECORDS, TEAMS, VERDICT, refusal, verdict_digest
from poc.provenance import provenance
from poc.tracking import connect, mlflow
from problem.errors import BadInput

# What the registry calls the version that both teams have signed for.
ALIAS = "accepted"


@dataclass(frozen=True)
class Signature:
    """Who signed for which team; `published` is where the bundle went, if this was the second."""

    team: str
    person: str
    file: Path
    published: Path | None


def accept(path: Path, team: str) -> Signature:
    """Sign for the bundle in `path` as `team`, and publish it if the other team has signed too.

    Raises:
        BadInput: the bundle was changed, refused or never judged, holds assumed answers, comes
            from a dirty tree, or the tree is dirty now, or git knows no name to sign with.
    """
    bundle = read(path)
    _check_may_be_signed(bundle)
    person = f"{_git('user.name')} <{_git('user.email')}>"
    file = RECORDS / bundle.id / f"{team}.toml"
    lines = [
        f"team = {json.dumps(team)}",
        f"person = {json.dumps(person)}",
        f"bundle = {json.dumps(bundle.id)}",
        f"verdict = {json.dumps(verdict_digest(bundle.id))}",
        f"signed_at = {json.dumps(datetime.now(UTC).isoformat(timespec='seconds'))}",
    ]
    if _signed_by(bundle.id, _other(team)) == person:
        # One person for both teams, as in a start-up: every check stays, and this says so.
        lines.append("self_review = true")
    _write(file, "\n".join(lines) + "\n")
    published = None if refusal(bundle.id) else _publish(bundle)
    return Signature(team, person, file, published)


def _check_may_be_signed(bundle: Bundle) -> None:
    if bundle.problem.assumed:
        raise BadInput(
            f"answers are still assumed: {', '.join(bundle.problem.assumed)}; answer them in "
            "problem/problem.toml, take them off 'assumed', then train, build and check again"
        )
    code = bundle.manifest["code"]
    if code["dirty"] or not code["commit"]:
        raise BadInput(
            f"bundle {bundle.id[:12]} was trained on work that is not committed; commit, then "
            "train, build and check again, so that anyone can repeat it"
        )
    if not (RECORDS / bundle.id / VERDICT).exists():
        raise BadInput(
            f"the gate has not judged bundle {bundle.id[:12]}; run `python -m handoff check`"
        )
    verdict = json.loads((RECORDS / bundle.id / VERDICT).read_text(encoding="utf-8"))
    if verdict.get("verdict") != "passed" or verdict.get("bundle") != bundle.id:
        raise BadInput(
            f"the gate refused bundle {bundle.id[:12]}; `python -m handoff check` says why"
        )
    if provenance().dirty:
        raise BadInput("the work tree has changes that are not committed; commit or stash them")


def _publish(bundle: Bundle) -> Path:
    """Copy the bundle into the store under its id, and name it in the registry."""
    store = Path(os.environ.get("BUNDLES", "bundles"))
    final = store / bundle.id
    if not final.exists():
        store.mkdir(parents=True, exist_ok=True)
        draft = store / f".{bundle.id[:12]}.{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(bundle.path, draft)
        draft.rename(final)
    read(final)
    _register(bundle)
    return final


def _register(bundle: Bundle) -> None:
    name, run_id = bundle.manifest["name"], bundle.manifest["run_id"]
    connect(name)
    client = mlflow.MlflowClient()
    known = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    if known:
        version = known[0].version
    else:
        model_id = client.get_run(run_id).outputs.model_outputs[0].model_id
        version = mlflow.register_model(
            f"models:/{model_id}", name, tags={"bundle": bundle.id}
        ).version
    client.set_registered_model_alias(name, ALIAS, version)


def _other(team: str) -> str:
    return next(one for one in TEAMS if one != team)


def _signed_by(bundle_id: str, team: str) -> str | None:
    path = RECORDS / bundle_id / f"{team}.toml"
    if not path.exists():
        return None
    return str(tomllib.loads(path.read_text(encoding="utf-8")).get("person"))


def _git(key: str) -> str:
    done = subprocess.run(
        ["git", "config", key], capture_output=True, text=True, check=False, timeout=30
    )
    if not done.stdout.strip():
        raise BadInput(f"a signature needs a name: git knows no {key}; git config {key} '…'")
    return done.stdout.strip()


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)
