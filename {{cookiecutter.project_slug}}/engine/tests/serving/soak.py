"""The size of load tests: small by default, large with `make soak`."""

import os


def scaled(few: int, whole: int) -> int:
    """`whole` under `make soak`, which sets SOAK=1; else `few`."""
    return whole if os.environ.get("SOAK") == "1" else few
