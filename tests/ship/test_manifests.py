"""What deploys the image agrees with it: both are started, asked and stopped as they say."""

import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
from kubernetes_validate.utils import all_versions

from tests.conftest import INSIDE, ROOT
from tests.ship.conftest import STARTS, Released
from tests.ship.manifests import COMPOSE, KUBERNETES, Start, documents, judged, pod, resources


@pytest.mark.parametrize("version", all_versions())
def test_kubernetes_knows_every_field(version: str) -> None:
    """All resources, in every version that has a schema; an unknown field would be refused."""
    for resource in resources(KUBERNETES).values():
        kubernetes_validate.validate(resource, version, strict=True)


def test_a_misspelt_field_is_found() -> None:
    """The schema can say no."""
    deployment = resources(KUBERNETES)["Deployment/model-server"]
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readinesProbe"):
        kubernetes_validate.validate(deployment, all_versions()[-1], strict=True)


def test_compose_knows_every_key(tmp_path: Path) -> None:
    """The file holds to compose's own schema, which refuses a misspelt key."""
    done = judged(COMPOSE, "vendor.compose-spec")
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "compose.yaml"
    broken.write_text(
        COMPOSE.read_text("utf-8").replace("read_only: true\n    cap", "readonly: true\n    cap")
    )
    assert judged(broken, "vendor.compose-spec").returncode != 0


def test_what_the_resources_name_is_there() -> None:
    """Every file is listed; selectors, claims, ports and the image lead somewhere."""
    [kustomization] = documents(KUBERNETES / "kustomization.yaml")
    files = {path.name for path in KUBERNETES.iterdir()} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    found, spec = resources(KUBERNETES), pod(KUBERNETES)
    [server] = spec["containers"]
    deployment = found["Deployment/model-server"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    policy = found["NetworkPolicy/model-server"]["spec"]
    service = found["Service/model-server"]["spec"]
    budget = found["PodDisruptionBudget/model-server"]["spec"]
    assert deployment["selector"]["matchLabels"] == labels
    assert policy["podSelector"]["matchLabels"] == labels
    assert budget["selector"]["matchLabels"] == labels
    assert service["selector"] == labels
    assert budget["minAvailable"] < deployment["replicas"]
    ports = [port["name"] for port in server["ports"]]
    assert [port["targetPort"] for port in service["ports"]] == ports
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == ports
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert {each["name"] for each in server["volumeMounts"]} == set(volumes)
    # The one that each release makes anew, as deploy/README.md says, is no file here.
    made = volumes.pop("release")["configMap"]["name"]
    assert f"kubectl create configmap {made} " in (ROOT / INSIDE / "deploy/README.md").read_text()
    for volume in volumes.values():
        assert f"PersistentVolumeClaim/{volume['persistentVolumeClaim']['claimName']}" in found
    assert [each["name"] for each in kustomization["images"]] == [server["image"]]


def test_the_memory_limit_lies_above_every_budget(start: Start) -> None:
    """Whatever data the project starts with, the model may use what problem.toml grants it."""
    problems = [ROOT / INSIDE / "problem" / "problem.toml"]
    problems += (ROOT / INSIDE / "data" / "examples").glob("*/problem.toml")
    for problem in problems:
        budget = tomllib.loads(problem.read_text("utf-8"))["budget"]["memory_mb"]
        assert budget * 2**20 < start.memory, problem


def test_who_stops_it_waits_long_enough(released: Released, project_env: Path) -> None:
    """Longer than draining, finishing what was begun, and writing the log, one after the other."""
    asked = (
        "from engine.serving import run; from engine.serving.log import predictions as log;"
        "print(run.FINISH_SECONDS + log.CLOSE_SECONDS)"
    )
    done = released.project.run(str(project_env / "bin" / "python"), "-c", asked)
    assert done.returncode == 0, done.stderr
    for name, start in STARTS.items():
        words = [*start.arguments, "--drain", "0"]
        drain = float(words[words.index("--drain") + 1])
        assert start.grace > drain + float(done.stdout), name
