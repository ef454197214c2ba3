"""What tests of several folders share."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import chdir

import pytest

from engine.tests.project import PYTHONPATH, STAGES

# A shell starts a command behind `&` with Ctrl-C ignored, and so do all processes that it starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Here and in every process that a test starts: the stages as generated come first.
sys.path.insert(0, str(STAGES))
os.environ["PYTHONPATH"] = PYTHONPATH


@pytest.fixture(scope="session", autouse=True)
def stages_as_generated() -> Iterator[None]:
    """Run where commands find them: `python -m` takes its folder first, whatever the path says."""
    with chdir(STAGES):
        yield


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One tracking store for the session (making its tables takes longer than a training)."""
    with pytest.MonkeyPatch.context() as patch:
        uri = f"sqlite:///{tmp_path_factory.mktemp('store').as_posix()}/mlflow.db"
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        yield uri


@pytest.fixture(scope="session")
def plain_git() -> Iterator[None]:
    """Git without anybody's own name, hooks or signing, and of no repository around."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield
