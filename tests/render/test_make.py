"""`make` is the list of commands, and says nothing that is not so."""

import re

from tests.conftest import ROOT, run

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def test_make_alone_lists_every_target() -> None:
    """A newcomer's first question, and it changes nothing."""
    listed = run("make", cwd=ROOT).stdout
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.M)
    assert phony is not None
    assert re.findall(r"^make (\S+)", listed, re.M) == phony[1].split()


def test_contributing_names_no_target_that_is_not_there() -> None:
    """Commands work as pasted."""
    listed = re.findall(r"^make (\S+)", run("make", cwd=ROOT).stdout, re.M)
    named = re.findall(r"`make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert set(named) <= set(listed)
