"""However a run ends, the same command then gives the very file that an undisturbed run gives."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.bundle import bundle as bundles
from engine.problem.errors import BadInput
from engine.tests.serving.batch.files import answered, command, parquet, rows
from engine.tests.serving.batch.processes import (
    ENVIRONMENT,
    finished,
    held,
    wait,
    youngest,
)
from engine.tests.serving.made import accept, make_bundle

PARTS = 12
PARTS_FOLDER = "out.parquet.parts"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, bundle_path: Path) -> Path:
    """A folder with rows, and what one undisturbed run makes of them."""
    folder = tmp_path_factory.mktemp("whole")
    samples = rows(100 * PARTS - 30)
    for place in range(0, len(samples), 150):
        samples[place]["items"] = 0
    answered(parquet(folder / "in.parquet", samples), bundle_path)
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, whole: Path, bundle_path: Path) -> Path:
    """A folder where a run has found no room for the whole: all its parts are there, unjoined."""
    path = tmp_path_factory.mktemp("stopped") / "in.parquet"
    path.write_bytes((whole / path.name).read_bytes())
    room = (whole / "out.parquet").stat().st_size - 1
    done = finished(command(path, bundle_path, limit=room))
    assert_no_room(path, done)
    assert len(parts_of(path)) == PARTS
    for part in parts_of(path):
        pq.read_table(part)
    return path.parent


@pytest.fixture
def begun(tmp_path: Path, stopped: Path) -> Path:
    """The same, to go on with."""
    shutil.copytree(stopped, tmp_path / "begun")
    return tmp_path / "begun" / "in.parquet"


@pytest.fixture
def given(tmp_path: Path, whole: Path) -> Path:
    """The same rows, nothing made of them yet."""
    path = tmp_path / "in.parquet"
    path.write_bytes((whole / path.name).read_bytes())
    return path


def parts_of(given: Path) -> list[Path]:
    """The finished parts of the run that answers a file."""
    return sorted(given.parent.glob(f"{PARTS_FOLDER}/part-??????.parquet"))


def same_files(one: Path, other: Path) -> bool:
    """Whether both folders hold the same rows and answers to the last byte, and nothing else."""
    result = [{path.name: path.read_bytes() for path in one.iterdir()} for one in (one, other)]
    return result[0] == result[1]


def assert_no_room(given: Path, done: "subprocess.CompletedProcess[str]") -> None:
    """It says so in one line, and nothing lies there by half."""
    assert done.returncode == 2
    message = done.stderr.splitlines()[-1]
    assert message.startswith("error[no-space]")
    assert "Traceback" not in done.stderr
    names = {path.name for path in given.parent.rglob("*")}
    assert not [name for name in names if name.startswith(".")]
    assert not names & {"out.parquet", "out.refused.parquet"}


@pytest.mark.parametrize("stored", [0, 1, 5, PARTS - 1, PARTS])
def test_killed_at_any_moment_it_goes_on_to_the_same_file(
    given: Path, whole: Path, bundle_path: Path, stored: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(command(given, bundle_path, held=stored)) as process:
        process.kill()  # this one alone: those that it started must end by themselves
        process.communicate(timeout=60)
    assert sorted(path.name for path in given.parent.iterdir()) == ["in.parquet", PARTS_FOLDER]
    assert len(parts_of(given)) >= stored
    answered(given, bundle_path)
    assert ("continuing: " in capsys.readouterr().err) == (stored > 0)
    assert same_files(given.parent, whole)


def test_those_that_it_started_end_with_it(given: Path, bundle_path: Path) -> None:
    with held(command(given, bundle_path, held=1)) as process:
        process.kill()
        # Its standard error closes with the last process that has it.
        process.communicate(timeout=60)


@pytest.mark.parametrize("name", ["part-000003.parquet", "part-000003.refused.parquet"])
@pytest.mark.parametrize("kind", ["torn", "changed", "gone"])
def test_a_part_that_is_not_whole_is_made_again(
    begun: Path, whole: Path, bundle_path: Path, name: str, kind: str
) -> None:
    part = begun.with_name("out.parquet.parts") / name
    data = bytearray(part.read_bytes())
    data[len(data) // 4] ^= 1
    part.unlink()
    if kind != "gone":
        part.write_bytes(data if kind == "changed" else data[: len(data) // 2])
    answered(begun, bundle_path)
    assert same_files(begun.parent, whole)


def test_another_file_or_bundle_is_no_way_to_go_on(
    begun: Path, bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    accept(bundles.read(bundle_path).id, tmp_path / "handoff/records")
    make_bundle(tmp_path / "other", "regression")
    with pytest.raises(BadInput, match=r"bundle was .* --overwrite"):
        answered(begun, tmp_path / "other")
    with pytest.raises(BadInput, match="rehearsal was True, now False"):
        answered(begun, bundle_path, rehearsal=False)
    parquet(begun, rows(20, seed=1))
    with pytest.raises(BadInput, match=r"input was in\.parquet, .* SHA-256"):
        answered(begun, bundle_path)
    _, result = answered(begun, bundle_path, overwrite=True)
    assert len(result) == 20
    assert not begun.with_name("out.parquet.parts").exists()


def test_where_there_is_no_room_for_a_part_nothing_is_left(given: Path, bundle_path: Path) -> None:
    assert_no_room(given, finished(command(given, bundle_path, limit=2_000)))
    assert list(given.parent.iterdir()) == [given]


def test_with_room_again_it_goes_on(begun: Path, whole: Path, bundle_path: Path) -> None:
    answered(begun, bundle_path)
    assert same_files(begun.parent, whole)


def test_ctrl_c_is_one_line(tmp_path: Path, bundle_path: Path) -> None:
    samples = pq.read_table(parquet(tmp_path / "few.parquet", rows(1000)))
    with pq.ParquetWriter(tmp_path / "in.parquet", samples.schema) as writer:
        for _ in range(1000):
            writer.write_table(samples)
    words = [sys.executable, "-m", "serving", "batch", "in.parquet", "out.parquet"]
    folder = tmp_path / "out.parquet.parts"
    process = subprocess.Popen(
        [*words, "--rehearsal", "--bundle", str(bundle_path)],
        cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait(process, lambda: any(folder.glob("part-*")))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130, message
    assert message.splitlines()[1:] == ["stopped: nothing half-written was left behind"]
    assert not list(folder.glob(".*"))


def test_a_process_that_dies_is_said_and_what_was_done_is_kept(
    given: Path, whole: Path, bundle_path: Path
) -> None:
    with held(command(given, bundle_path, held=1)) as process:
        worker = youngest(process.pid)
        os.kill(worker, signal.SIGKILL)
        _, message = process.communicate("go on\n", timeout=60)
    assert process.returncode == 2, message
    assert "error[worker-ended]" in message
    assert not given.with_name("out.parquet").exists()
    written = {part: part.stat().st_mtime_ns for part in parts_of(given)}
    assert 0 < len(written) < PARTS
    with held(command(given, bundle_path, held=PARTS - len(written))) as process:
        assert (
            written.items() <= {part: part.stat().st_mtime_ns for part in parts_of(given)}.items()
        )
        process.communicate("go on\n", timeout=60)
    assert process.returncode == 0
    assert same_files(given.parent, whole)


def test_two_runs_do_not_write_the_same_file(begun: Path, bundle_path: Path) -> None:
    lock = begun.with_name("out.parquet.parts") / "lock"
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="another run is at work"):
            answered(begun, bundle_path)
    answered(begun, bundle_path)


def test_a_file_that_changes_while_it_is_read_gives_no_answers(
    given: Path, bundle_path: Path
) -> None:
    with held(command(given, bundle_path, held=1)) as process:
        os.utime(given, ns=(0, 0))
        _, message = process.communicate("go on\n", timeout=60)
    assert process.returncode == 2
    assert "error[input-changed]" in message
    assert sorted(path.name for path in given.parent.iterdir()) == ["in.parquet", PARTS_FOLDER]
