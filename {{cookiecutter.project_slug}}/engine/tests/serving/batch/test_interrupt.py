"""Ctrl-C before the first part: while a process imports the libraries for all others."""

import os
import signal
from pathlib import Path

import pytest

from engine.tests.serving.batch.files import command, parquet, rows
from engine.tests.serving.batch.processes import children, running, wait


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes of Linux")
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_ctrl_c_while_the_libraries_are_imported_is_one_line_and_leaves_no_process(
    tmp_path: Path, bundle_path: Path, share: float
) -> None:
    """SIGINT arrives when the process that imports for all others has begun, or is half done."""
    given = parquet(tmp_path / "in.parquet", rows(10))
    with running(command(given, bundle_path)) as process:
        wait(process, lambda: any(map(is_forkserver, children(process.pid))))
        [server] = filter(is_forkserver, children(process.pid))
        wait(process, lambda: is_importing(server, share))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        # Standard error closes with the last process that has it: none is left behind.
        _, printed = process.communicate(timeout=60)
        assert process.returncode == 130, printed
        assert printed.splitlines()[1:] == ["stopped: nothing half-written was left behind"]


def is_forkserver(pid: int) -> bool:
    return b"multiprocessing.forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()


def is_importing(pid: int, share: float) -> bool:
    """Whether a process has loaded its share of the libraries; some 200 files in all."""
    loaded = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return len({line.split()[-1] for line in loaded if ".so" in line}) >= 20 + share * 160
