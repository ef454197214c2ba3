"""Compares refused requests with all requests: by reason, and by the field that does not fit."""

from scipy.stats import binom

from engine.monitoring.live import LivePredictions
from engine.monitoring.result import REFUSED, Finding

# Clients make mistakes: up to one request in a hundred is usual.
USUAL_SHARE = 0.01
# The probability that so many are refused by chance, for each reason and field.
RISK = 0.001
MINIMUM_REQUESTS = 100

ADVICE = "find who sends it and what changed: a client, or an input of the new bundle; roll back"
WAIT = "wait for more requests, or check a longer window with --since"
UNCOUNTED = "serve with the server of this engine, and ship logs/refused with the other folders"

# All rows of a request have its time.
ANSWERED = "SELECT count(DISTINCT answered_at) FROM predictions WHERE answered_at >= ?"
REQUESTS = """
    SELECT count(*), coalesce(sum(requests) FILTER (counted_until >= ?), 0)::BIGINT FROM refused
"""
BY_FIELD = """
    SELECT one.reason, one.field, sum(one.requests)::BIGINT AS requests
    FROM (SELECT unnest(counts) AS one FROM refused WHERE counted_until >= ?)
    GROUP BY ALL ORDER BY requests DESC, one.reason, one.field
"""


def evaluate(live: LivePredictions) -> tuple[Finding, ...]:
    """A finding for each reason and field of refused requests; one where none was refused.

    More than the threshold are refused if a share of `USUAL_SHARE` would explain so many with a
    probability of at most `RISK` (exact, binomial). Fewer than `MINIMUM_REQUESTS` are never 'ok'.
    """
    connection, begin = live.connection, [live.window.begin]
    [(answered,)] = connection.execute(ANSWERED, begin).fetchall()
    [(records, refused)] = connection.execute(REQUESTS, begin).fetchall()
    total = answered + refused
    if not records:
        return (_unknown("the log has no counts of refused requests for this bundle", UNCOUNTED),)
    if total < MINIMUM_REQUESTS:
        few = f"{total:,} of at least {MINIMUM_REQUESTS:,} requests, {refused:,} refused"
        return (_unknown(few, WAIT),)
    threshold = (binom.isf(RISK, total, USUAL_SHARE) + 1) / total
    rows = connection.execute(BY_FIELD, begin).fetchall() or [("", "", 0)]
    limit = float(threshold)
    return tuple(_finding(reason, field, many, total, limit) for reason, field, many in rows)


def _finding(reason: str, field: str, requests: int, total: int, threshold: float) -> Finding:
    share, subject = requests / total, ", ".join(filter(None, (reason, field)))
    detail = f"{requests:,} of {total:,} requests"
    if share < threshold:
        return Finding(REFUSED, subject, share, threshold, "ok", detail)
    return Finding(REFUSED, subject, share, threshold, "refused", detail, ADVICE)


def _unknown(detail: str, advice: str) -> Finding:
    return Finding(REFUSED, "", None, None, "insufficient data", detail, advice)
