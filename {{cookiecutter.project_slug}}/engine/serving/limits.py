"""The limits of a server: those of serving/app.py, unless the environment has another value."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace

from engine.problem.errors import BadInput
from engine.serving.http.schema import Limits

# The variable of each field of `Limits`, and the largest value that is no typing error.
VARIABLES = {
    "body_bytes": ("SERVING_BODY_BYTES", 1_000_000_000),
    "rows": ("SERVING_ROWS", 1_000_000),
    "waiting_rows": ("SERVING_WAITING_ROWS", 10_000_000),
    "wait_seconds": ("SERVING_WAIT_SECONDS", 600),
}


def limits_of(limits: Limits, environment: Mapping[str, str] = os.environ) -> Limits:
    """`limits` with the values of the environment; BadInput where one is no limit."""
    given = {
        field: _value(variable, environment[variable], most, whole=field != "wait_seconds")
        for field, (variable, most) in VARIABLES.items()
        if variable in environment
    }
    result = replace(limits, **given)  # type: ignore[arg-type]
    # Otherwise an idle server refuses a full request as busy.
    if given and result.waiting_rows < result.rows:
        message = f"expected as many waiting rows as one request may have ({result.rows:,}), got "
        message += f"{result.waiting_rows:,}; raise SERVING_WAITING_ROWS or lower SERVING_ROWS"
        raise BadInput(message, code="not-a-limit")
    return result


def _value(variable: str, text: str, most: int, *, whole: bool) -> float:
    pattern = r"\d{1,12}" if whole else r"\d{1,12}(\.\d{1,6})?"
    value = float(text) if re.fullmatch(pattern, text, re.ASCII) else 0.0
    if not 0 < value <= most:
        kind = "a whole number" if whole else "seconds"
        message = f"expected {kind} above 0 and at most {most:,} in {variable}, got {text!r:.60}; "
        raise BadInput(f"{message}correct it, or unset it", code="not-a-limit")
    return int(value) if whole else value
