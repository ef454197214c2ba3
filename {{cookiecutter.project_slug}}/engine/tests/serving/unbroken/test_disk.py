"""Faults of the disk delay no response, and the server counts exactly the records it lost."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.serving.log.predictions import QUEUED_RECORDS
from engine.tests.serving.soak import scaled
from engine.tests.serving.unbroken.process import Load, Server, logged_records, serving, truncated
from engine.tests.serving.unbroken.readers import read_by_monitoring

# As root and as anybody: a namespace of its own, in which the folder `logs` is a small disk.
SMALL_DISK = (
    "unshare", "--map-root-user", "--mount", "sh", "-ec",
    "mkdir -p logs; mount -t tmpfs -o size=512k disk logs;"
    'head -c 256K /dev/zero >logs/filler; exec "$@"', "sh",
)  # fmt: skip
# As root alone: the folder `logs` is a disk that can be made to hang.
OWN_DISK = (
    "unshare", "--mount", "sh", "-ec",
    "mkdir -p logs; truncate -s 64M disk; mkfs.ext4 -q disk; mount -o loop disk logs;"
    'exec "$@"', "sh",
)  # fmt: skip
# No file may grow beyond 64 blocks of 512 or 1,024 bytes.
SHORT_FILES = ("sh", "-ec", 'ulimit -f 64; exec "$@"', "sh")
LABEL = {"prediction_id": "0" * 32, "label": True}


def can(around: tuple[str, ...], folder: Path) -> bool:
    """Whether this system can start a process this way."""
    if not shutil.which(around[0]):
        return False
    done = subprocess.run([*around, "true"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def seen(server: Server) -> Path:
    """The log folder in the server's namespace."""
    return Path(f"/proc/{server.process.pid}/root{server.folder}/logs")


def more(load: Load, answers: int) -> None:
    """Wait for so many more responses."""
    enough = len(load.came) + answers
    load.server.until(lambda: len(load.came) >= enough)


def settled(load: Load, *folders: Path) -> int:
    """End the load; the number of missing records, which must be the counted one."""
    load.end()
    assert not load.wrong
    assert not load.cut

    def logged() -> dict[str, object]:
        return {id_: record for folder in folders for id_, record in logged_records(folder).items()}

    load.server.until(lambda: len(logged()) + load.server.dropped() == len(load.answers))
    assert load.server.request("GET", "/readyz")[0] == 200
    for id_, record in logged().items():
        assert record == load.answers[id_]
    assert not any(map(truncated, folders))
    return load.server.dropped()


def stored(server: Server) -> bool:
    """Send a label; whether it was stored, which the response must state."""
    status, body = server.request("POST", "/v1/labels", LABEL)
    assert status == 200 or (status, json.loads(body)["type"]) == (503, "urn:problem:not-stored")
    return status == 200


def left(server: Server) -> bool:
    """Whether the server stops in order."""
    server.process.terminate()
    return server.process.wait(timeout=60) == 0


def test_full_disk_drops_counted_records_only(tmp_path: Path, bundle_path: Path) -> None:
    if not can(SMALL_DISK, tmp_path):
        pytest.skip("this system lets nobody make a small disk")
    with serving(tmp_path, bundle_path, *SMALL_DISK) as server, Load(server) as load:
        log = seen(server) / "predictions"
        server.until(lambda: server.dropped() > 0)
        more(load, scaled(500, 20_000))
        assert not stored(server)
        assert all(path.stat().st_size for path in log.iterdir())  # no empty files
        full = len(logged_records(log))
        (seen(server) / "filler").unlink()
        server.until(lambda: len(logged_records(log)) > full and stored(server))
        assert settled(load, log)
        assert left(server)


def test_file_size_limit_drops_only_lines_beyond_it(tmp_path: Path, bundle_path: Path) -> None:
    with serving(tmp_path, bundle_path, *SHORT_FILES) as server, Load(server) as load:
        log = tmp_path / "logs/predictions"
        server.until(lambda: server.dropped() > 0 and len(list(log.iterdir())) > scaled(2, 50))
        assert settled(load, log)
        assert left(server)
    # Segment after segment, as after a rotation, and none truncated.
    assert read_by_monitoring(tmp_path, bundle_path) == (len(logged_records(log)), 0)


def test_deleted_log_folder_is_created_again_and_losses_counted(
    tmp_path: Path, bundle_path: Path
) -> None:
    log, away = tmp_path / "logs/predictions", tmp_path / "away"
    with serving(tmp_path, bundle_path) as server, Load(server) as load:
        for _ in range(scaled(1, 20)):
            server.until(lambda: bool(logged_records(log)))
            before = server.dropped()
            shutil.rmtree(log)
            server.until(lambda: server.dropped() > before)  # noqa: B023
        server.until(lambda: bool(logged_records(log)))
        before = server.dropped()
        log.rename(away)
        log.write_text("a file where the folder should be")
        server.until(lambda: server.dropped() > before)
        log.unlink()
        server.until(lambda: log.is_dir() and bool(logged_records(log)))
        assert settled(load, log, away) > before
        assert left(server)


def test_hanging_disk_delays_no_response_and_drops_beyond_the_queue(
    tmp_path: Path, bundle_path: Path
) -> None:
    if os.geteuid() != 0 or not can(OWN_DISK, tmp_path):
        pytest.skip("only root can make a disk hang, and not everywhere")
    with serving(tmp_path, bundle_path, *OWN_DISK) as server, Load(server, many=400) as load:
        log = seen(server) / "predictions"
        server.until(lambda: bool(logged_records(log)))
        subprocess.run(["fsfreeze", "--freeze", seen(server)], check=True)
        try:
            more(load, QUEUED_RECORDS)
            server.until(lambda: server.dropped() > 0)
            more(load, scaled(1_000, 50_000))
            assert not stored(server)
            assert server.request("GET", "/readyz")[0] == 200
        finally:
            subprocess.run(["fsfreeze", "--unfreeze", seen(server)], check=True)
        assert stored(server)
        assert settled(load, log)
        assert left(server)
