"""Every response is in the log, however the server ends."""

import signal
import time
from functools import partial
from pathlib import Path

from engine.serving.log.predictions import SYNC_SECONDS
from engine.tests.serving.soak import scaled
from engine.tests.serving.unbroken.process import Load, logged_records, serving, truncated
from engine.tests.serving.unbroken.readers import read_by_monitoring

LOG = "logs/predictions"


def test_kill_9_under_load_loses_at_most_one_second_of_records(
    tmp_path: Path, bundle_path: Path
) -> None:
    kills = scaled(2, 20)
    for attempt in range(kills):
        # At different points of the writer's cycle.
        lived = SYNC_SECONDS + 0.2 + attempt / kills
        with serving(tmp_path, bundle_path) as server, Load(server) as load:
            server.until(lambda: bool(load.came))
            server.until(partial(passed, load.came[0][0] + lived))
            killed = time.monotonic()
            server.process.kill()
            load.join()
        assert not load.wrong
        assert all(at > killed for at in load.cut)
        log = logged_records(tmp_path / LOG)
        safe = {id_ for at, id_ in load.came if at < killed - SYNC_SECONDS}
        assert safe
        assert safe <= set(log)
        for id_ in set(log) & set(load.answers):
            assert log[id_] == load.answers[id_]
    assert read_by_monitoring(tmp_path, bundle_path) == (len(log), truncated(tmp_path / LOG))
    # A kill during a write is rare; this simulates the result.
    last = max((tmp_path / LOG).glob("*.jsonl"))
    last.write_bytes(last.read_bytes().rpartition(b"\n")[0][:-10])
    assert read_by_monitoring(tmp_path, bundle_path) == (len(log) - 1, truncated(tmp_path / LOG))
    assert truncated(tmp_path / LOG)


def passed(timestamp: float) -> bool:
    return time.monotonic() > timestamp


def test_sigterm_under_load_loses_no_record(tmp_path: Path, bundle_path: Path) -> None:
    for attempt in range(scaled(1, 20)):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with serving(folder, bundle_path) as server, Load(server) as load:
            server.until(partial(has_answers, load, scaled(500, 5_000)))
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=60) == 0
            load.join()
        assert not load.wrong
        assert not load.cut
        # The log has every response, and no other.
        assert logged_records(folder / LOG) == load.answers
        assert truncated(folder / LOG) == 0


def has_answers(load: Load, many: int) -> bool:
    return len(load.came) > many
