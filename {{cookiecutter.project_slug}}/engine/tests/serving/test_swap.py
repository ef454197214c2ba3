"""The real server follows the release file under load and loses no response."""

import json
import os
import re
import signal
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.bundle import bundle as bundles
from engine.bundle.archive import same
from engine.serving.model.predictor import load
from engine.serving.server_process import memory_mb
from engine.tests.serving.made import FEATURES, ROW, make_bundle
from engine.tests.serving.released import HELD_MB, OTHER, Released
from engine.tests.serving.soak import scaled
from engine.tests.serving.unbroken.process import Load, Server, logged_records, serving

# A load that takes long and keeps the interpreter busy.
SLOW = (
    FEATURES
    + """
from pathlib import Path
while Path("hold").exists():
    Path("loading").touch()
"""
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """Two bundles with different code of the same module name, by id in a folder."""
    folder, made = tmp_path_factory.mktemp("two"), []
    for name, code in (("one", FEATURES), ("other", OTHER)):
        made.append(make_bundle(folder / name, code=code))
        (folder / name).rename(folder / made[-1])
    return made[0], made[1], folder


@pytest.fixture
def released(two: tuple[str, str, Path], tmp_path: Path) -> Released:
    """Both are accepted, the first is released."""
    made = Released(tmp_path)
    for bundle in two[:2]:
        made.add(two[2] / bundle, bundle)
    made.name(two[0])
    return made


def ready(server: Server) -> dict[str, Any]:
    status, body = server.request("GET", "/readyz")
    assert status == 200
    made: dict[str, Any] = json.loads(body)
    return made


def swaps(server: Server) -> dict[str, float]:
    """The number of swaps by outcome."""
    lines = re.findall(
        r'serving_swaps_total{outcome="(\w+)"} (\S+)', server.request("GET", "/metrics")[1]
    )
    return {outcome: float(count) for outcome, count in lines}


def wait_for_answers(load_: Load, requests: int) -> None:
    """Wait for so many responses; fail if none arrives for a while."""
    while (there := len(load_.came)) < requests:
        load_.server.until(partial(_more, load_, there))


def _more(load_: Load, there: int) -> bool:
    return len(load_.came) > there


def answered_by(server: Server, bundle: str) -> None:
    """Wait until the bundle serves."""
    server.until(lambda: ready(server)["bundle"] == bundle)


def ended(server: Server, number: int) -> None:
    """Wait until so many swaps are done and the replaced model has left memory."""
    server.until(lambda: swaps(server)["answers"] == number)


def differing(folder: Path, bundle: str, answers: Sequence[dict[str, Any]]) -> Iterator[Any]:
    """Responses that name a bundle and differ from the predictions of its model."""
    own = [answer for answer in answers if answer["bundle"] == bundle]
    assert own, "the bundle made no prediction"
    predictor = load(bundles.read(folder / bundle), rehearsal=False)
    for start in range(0, len(own), 500):
        chunk = own[start : start + 500]
        expected = predictor.predict([answer["row"] for answer in chunk])
        for answer, of_model in zip(chunk, expected, strict=True):
            if not same({name: answer[name] for name in of_model}, of_model):
                yield answer, of_model


def test_responses_under_load_match_the_bundle_they_name(
    two: tuple[str, str, Path], released: Released, tmp_path: Path
) -> None:
    requests, number = scaled(2_000, 100_000), scaled(4, 20)
    pair = two[:2]
    with serving(tmp_path, None) as server:
        with Load(server, many=2) as load_:
            wait_for_answers(load_, 100)
            memory = [memory_mb(server.process.pid)]
            for swap in range(1, number + 1):
                bundle = pair[swap % 2]
                wait_for_answers(load_, requests * swap // (number + 1))
                released.name(bundle)
                answered_by(server, bundle)
                # Requests from now on must be served by the new bundle.
                assert json.loads(server.request("POST", "/v1/predict", ROW)[1])["bundle"] == bundle
                if bundle == pair[0]:
                    ended(server, swap)
                    memory.append(memory_mb(server.process.pid))
            wait_for_answers(load_, requests)
        assert "refused" not in ready(server)
        assert (swaps(server), server.dropped()) == ({"answers": number, "refused": 0}, 0)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
    assert not load_.wrong
    assert not load_.cut
    answers = list(load_.answers.values())
    for bundle in pair:
        assert not list(differing(two[2], bundle, answers))
    assert set(load_.answers) <= set(logged_records(tmp_path / "logs/predictions"))
    # The one that is in place holds nothing, so what its sibling held must be gone each time.
    assert max(memory) - memory[0] < HELD_MB / 2, memory


def test_two_bundles_predict_differently(two: tuple[str, str, Path]) -> None:
    """Without a difference the previous test could not fail."""
    rows = [ROW | {"days": days} for days in (0, 10, 100, 100_000)]
    one, other = (
        load(bundles.read(two[2] / bundle), rehearsal=False).predict(rows) for bundle in two[:2]
    )
    assert not [1 for here, there in zip(one, other, strict=True) if same(here, there)]


def test_refused_release_changes_nothing_and_a_fixed_one_serves(
    two: tuple[str, str, Path], released: Released, tmp_path: Path
) -> None:
    code = released.store / two[1] / "code/features.py"
    whole = code.read_bytes()
    code.write_bytes(whole + b"\n")
    with serving(tmp_path, None) as server, Load(server) as load_:
        released.name(two[1])
        server.until(lambda: "refused" in ready(server))
        assert ready(server)["bundle"] == two[0]
        assert ready(server)["refused"]["bundle"] == two[1]
        assert "was changed after the bundle was built" in ready(server)["refused"]["why"]
        assert swaps(server) == {"answers": 0, "refused": 1}
        code.write_bytes(whole)
        released.write(f'# fixed\nchampion = "{two[1]}"\n')
        server.until(lambda: ready(server) == {"status": "ready", "bundle": two[1]})
    assert not load_.wrong
    assert not load_.cut


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_signal_during_a_load_ends_the_server_in_order(
    two: tuple[str, str, Path], released: Released, tmp_path: Path
) -> None:
    slow = make_bundle(tmp_path / "slow", code=SLOW)
    released.add(tmp_path / "slow", slow)
    (tmp_path / "hold").touch()
    with serving(tmp_path, None) as server:
        with Load(server) as load_:
            released.name(slow)
            server.until((tmp_path / "loading").exists)
            begun = len(load_.came)
            wait_for_answers(load_, begun + 50)
            assert ready(server) == {"status": "ready", "bundle": two[0]}
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(60) == 0
        assert not load_.wrong
        assert not load_.cut
    assert set(load_.answers) <= set(logged_records(tmp_path / "logs/predictions"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no file that hangs")
def test_hanging_disk_delays_no_response(
    two: tuple[str, str, Path], released: Released, tmp_path: Path
) -> None:
    with serving(tmp_path, None) as server:
        released.file.unlink()
        os.mkfifo(released.file)  # opening it to read blocks until something is written
        with Load(server) as load_:
            wait_for_answers(load_, scaled(600, 6_000))
            assert ready(server) == {"status": "ready", "bundle": two[0]}
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(60) == 0
        assert not load_.wrong
        assert not load_.cut
