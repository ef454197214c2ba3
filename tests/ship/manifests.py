"""What compose.yaml and deployment.yaml say about a container, read so that it can be done."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import INSIDE, ROOT

COMPOSE = ROOT / INSIDE / "deploy" / "compose.yaml"
KUBERNETES = ROOT / INSIDE / "deploy" / "kubernetes"
UNITS = {"k": 1e3, "m": 1e6, "g": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
# Compose's letters mean powers of 1024.
COMPOSE_UNITS = {"k": "Ki", "m": "Mi", "g": "Gi"}


@dataclass(frozen=True)
class Start:
    """How a manifest starts the image; bytes and seconds. `mounts`: by target, read-only or not."""

    arguments: list[str]
    env: dict[str, str]
    user: tuple[int, int] | None
    mounts: dict[str, bool]
    port: int
    memory: float
    grace: float


def documents(path: Path) -> list[dict[str, Any]]:
    """Return every document of a YAML file."""
    return [each for each in yaml.safe_load_all(path.read_text("utf-8")) if each]


def resources(folder: Path) -> dict[str, dict[str, Any]]:
    """Return all that kustomization.yaml lists, by kind and name."""
    [kustomization] = documents(folder / "kustomization.yaml")
    found = [each for name in kustomization["resources"] for each in documents(folder / name)]
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}


def pod(folder: Path) -> dict[str, Any]:
    """Return what the deployment says of a pod."""
    deployment: dict[str, Any] = resources(folder)["Deployment/model-server"]
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def of_kubernetes(folder: Path) -> Start:
    """Read the deployment; its one container must not say how, only with which arguments."""
    spec = pod(folder)
    [server] = spec["containers"]
    assert "command" not in server, "the image knows how it is started"
    identity = spec["securityContext"]
    assert identity["runAsNonRoot"]
    assert server["securityContext"]["readOnlyRootFilesystem"]
    return Start(
        arguments=server["args"],
        env=_values(server["env"]),
        user=(identity["runAsUser"], identity["runAsGroup"]),
        mounts={each["mountPath"]: each.get("readOnly", False) for each in server["volumeMounts"]},
        port=server["ports"][0]["containerPort"],
        memory=amount(server["resources"]["limits"]["memory"]),
        grace=float(spec["terminationGracePeriodSeconds"]),
    )


def _values(variables: list[dict[str, Any]]) -> dict[str, str]:
    """Return what is set where nobody made a secret; no secret stands in the file itself."""
    said = {each["name"]: each["value"] for each in variables if "value" in each}
    secret = [each["valueFrom"]["secretKeyRef"] for each in variables if "valueFrom" in each]
    assert all(each["optional"] for each in secret)
    assert not [name for name in said if "KEY" in name]
    return said


def of_compose(path: Path) -> Start:
    """Read the one service; the image says how it is started and as whom."""
    [document] = documents(path)
    [server] = document["services"].values()
    assert not {"entrypoint", "user"} & set(server)
    assert server["read_only"]
    size = server["mem_limit"]
    return Start(
        arguments=server.get("command", []),
        env={name: os.environ[name] for name in server["environment"] if name in os.environ},
        user=None,
        mounts={each["target"]: each.get("read_only", False) for each in server["volumes"]},
        port=int(server["ports"][0].rpartition(":")[2]),
        memory=amount(size[:-1] + COMPOSE_UNITS[size[-1]]),
        grace=float(server["stop_grace_period"].removesuffix("s")),
    )


def judged(path: Path, schema: str) -> "subprocess.CompletedProcess[str]":
    """Hold a file against a schema that comes with check-jsonschema."""
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def amount(text: str) -> float:
    """Return a quantity of Kubernetes as a number: 1Gi is 1073741824."""
    found = re.fullmatch(r"([\d.]+)(\w*)", text)
    assert found is not None, text
    return float(found[1]) * (UNITS[found[2]] if found[2] else 1)
