"""How hard the server is tried: a little in the ordinary tests, in earnest with `make soak`."""

import os


def scaled(few: int, whole: int) -> int:
    """`whole` under `make soak`, which sets SOAK=1; else `few`."""
    return whole if os.environ.get("SOAK") == "1" else few
