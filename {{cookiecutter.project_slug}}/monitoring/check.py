"""The monitoring check, step by step: over which window, what is compared, in which order.

To compare something else as well, add a `Finding` of your own to the list, as
docs/how-to/add-an-alert.md does. `live` holds the counts of the window and a DuckDB connection with
the views `predictions` and `labels`.
"""

from datetime import datetime
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.monitoring import drift, performance, refused
from engine.monitoring.live import read_live, window_of
from engine.monitoring.result import Result, summarise


def check(
    bundle: Bundle, log: Path, since: datetime | None = None, now: datetime | None = None
) -> Result:
    """Compare the live predictions of a bundle with the bundle's reference.

    Args:
        log: the folder of the prediction log and the labels.
        since: start of the window, with an offset; None is `window_days` of the problem ago.
        now: end of the window, with an offset; None is the present.

    Raises:
        BadInput: `since` is not in the past, there is no log, or it holds what the contract of the
            bundle does not allow.
    """
    monitoring = bundle.problem.monitoring

    # Window: the last days, from the rows that this bundle answered.
    window = window_of(monitoring.window_days, since, now)
    with read_live(bundle, log, window) as live:
        findings = [
            # Drift of the score and of every feature, against the bins frozen in the bundle.
            *drift.evaluate(bundle.reference, live.counts, monitoring.minimum_rows),
            # The success metric on rows whose outcome is known by now.
            performance.evaluate(live.connection, bundle, window.begin, window.end),
            # Requests that the server refused, by reason and field: clients get no prediction.
            *refused.evaluate(live),
        ]

    # The worst finding comes first and is the verdict.
    return summarise(findings, live)
