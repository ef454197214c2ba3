"""What nobody should give, by the kind of argument; a line more is a case more for every command.

`{folder}`, `{file}`, `{pipe}`, `{dangling}` and `{loop}` stand for what is there, see `place`.
"""

import os
from pathlib import Path

NOT_UTF8 = os.fsdecode(b"caf\xe9")
BLANKS = ("", "   ", NOT_UTF8, "a\x1b[31mb", "a\0b")
NO_NUMBERS = ("", "soon", "nan", "inf", "-inf", "-1", "1e400", "9" * 5000, "1,5", "0x10", NOT_UTF8)
NO_PATHS = (*BLANKS, "a" * 5000, "a/" * 2500 + "a", "{loop}", "{loop}/a")

VALUES: dict[str, tuple[str, ...]] = {
    "text": BLANKS,
    "path": NO_PATHS,
    "output_file": (
        *NO_PATHS,
        *("{folder}", "{file}/page.html", "{dangling}", "{dangling}/a", "{pipe}", "/dev/full"),
    ),
    "output_folder": (*NO_PATHS, "{file}", "{file}/logs", "{dangling}", "{pipe}", "/dev/full"),
    "source": (
        *NO_PATHS,
        *("sklearn:", "sklearn:nope", f"sklearn:{NOT_UTF8}", "nowhere.csv", "{folder}", "{pipe}"),
        *("{dangling}", "{file}/rows.csv", "/dev/null", "rows.xlsx", "parcels/"),
    ),
    "host": (*BLANKS, "a" * 64, "a..b", "." * 300),
    "root_path": (*filter(None, BLANKS), "/", "a", "/a/", "/v1", "//a", "/../a", "/a?b", "/é"),
    "timestamp": (
        *BLANKS,
        *("0001-01-01", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "9999-12-31"),
        *("yesterday", "2026-02-30", "nan", "1e400", "9" * 5000, "2026-01-01T00:00+99:00"),
    ),
    "whole": (*NO_NUMBERS, "1.5", "1000000000", "٣", "1_0"),
    "seconds": (*NO_NUMBERS, "1_000_000_000"),
}


def place(folder: Path) -> dict[str, str]:
    """Make the things that `VALUES` names, and say where they are."""
    (folder / "in-the-way.csv").mkdir()
    (folder / "file.csv").write_text("a,b\n")
    os.mkfifo(folder / "pipe.csv")
    (folder / "dangling.csv").symlink_to("nothing")
    (folder / "loop.csv").symlink_to("loop.csv")
    return {
        "folder": "in-the-way.csv",
        "file": "file.csv",
        "pipe": "pipe.csv",
        "dangling": "dangling.csv",
        "loop": "loop.csv",
    }
