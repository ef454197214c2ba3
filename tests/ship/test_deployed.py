"""The image, started with exactly the words, user and volumes of each manifest, does its work."""

import hashlib
import shutil
from pathlib import Path

from tests.ship.conftest import STARTS, Launch, Released
from tests.ship.container import Image
from tests.ship.manifests import KUBERNETES, Start, pod


def test_it_serves_and_leaves_as_the_manifest_says(
    start: Start, released: Released, image: Image, launch: Launch
) -> None:
    """On its port, below its memory limit, healthy; gone before anyone loses patience."""
    assert start.port == image.port
    with launch(start) as server:
        server.wait_for_greeting()
        rows = [golden["row"] for golden in released.golden]
        status, answer = server.ask("POST", "/v1/predict", {"rows": rows})
        assert (status, len(answer["predictions"])) == (200, len(rows))
        assert server.run(*image.health).returncode == 0
        most = server.run("grep", "VmHWM", "/proc/1/status").stdout.split()[1]
        assert int(most) * 1024 < start.memory
        server.terminate()
        assert server.code(start.grace) == 0, server.said()


def test_it_follows_what_is_released(
    start: Start, released: Released, launch: Launch, unsigned: Path, tmp_path: Path
) -> None:
    """Another bundle, accepted and released while it runs, answers without a restart; and back."""
    manifest = (unsigned / "unsigned" / "manifest.json").read_bytes()
    other = hashlib.sha256(manifest).hexdigest()
    (unsigned / "unsigned").rename(unsigned / other)
    shutil.copytree(released.store / released.champion, unsigned / released.champion)

    def answers(bundle: str) -> None:
        while server.ask("GET", "/readyz") != (200, {"status": "ready", "bundle": bundle}):
            assert server.process.poll() is None, server.said()
        _, answer = server.ask("POST", "/v1/predict", released.golden[0]["row"])
        assert answer["bundle"] == bundle

    with launch(start, unsigned) as server:
        server.wait_for_greeting()
        answers(released.champion)
        for before, after in ((released.champion, other), (other, released.champion)):
            recorded(tmp_path, before, after)
            for file in (tmp_path / "deploy").glob("release.toml"):
                file.write_text(file.read_text("utf-8").replace(before, after), "utf-8")
            answers(after)
        server.terminate()
        assert server.code(start.grace) == 0, server.said()


def recorded(folder: Path, before: str, after: str) -> None:
    """Put the record of another bundle where that of one lies: by its id, and without a folder."""
    shutil.copytree(folder / "records" / before, folder / "records" / after, dirs_exist_ok=True)
    verdict = folder / "records" / after / "verdict.json"
    signed = hashlib.sha256(verdict.read_bytes()).hexdigest()
    verdict.write_text(verdict.read_text("utf-8").replace(before, after), "utf-8")
    signs = hashlib.sha256(verdict.read_bytes()).hexdigest()
    for signature in verdict.parent.glob("*.toml"):
        text = signature.read_text("utf-8").replace(before, after).replace(signed, signs)
        signature.write_text(text, "utf-8")
    shutil.copytree(verdict.parent, folder / "mounted", dirs_exist_ok=True)


def test_it_can_write_to_its_logs_alone(start: Start, launch: Launch, tmp_path: Path) -> None:
    """The store, the code and even /tmp are closed to it; the volume of logs is not."""
    with launch(start) as server:
        server.wait_for_greeting()
        for place in ("/bundles", "/app", "/app/deploy", "/tmp", "/opt/server", "/dev"):  # noqa: S108
            assert server.run("touch", f"{place}/mark").returncode != 0, place
        assert server.run("touch", "/logs/mark").returncode == 0
        assert (tmp_path / "logs" / "mark").exists()


def test_probes_find_it_and_see_it_leave(released: Released, image: Image, launch: Launch) -> None:
    """While it drains, readiness says no, liveness yes, and whoever comes is still answered."""
    [stated] = pod(KUBERNETES)["containers"]
    startup, alive, ready = (
        stated[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")
    )
    with launch(STARTS["kubernetes"]) as server:
        server.wait_for_greeting()
        assert [server.ask("GET", path)[0] for path in (startup, alive, ready)] == [200] * 3
        server.terminate()
        while server.ask("GET", ready)[0] == 200:
            pass  # the signal is still on its way
        assert server.ask("GET", ready)[0] == 503
        assert server.ask("GET", alive)[0] == 200
        assert server.ask("POST", "/v1/predict", released.golden[0]["row"])[0] == 200
        assert server.run(*image.health).returncode != 0
        assert server.code(STARTS["kubernetes"].grace) == 0
