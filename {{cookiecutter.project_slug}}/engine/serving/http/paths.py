"""Paths of the server's own that are treated apart."""

# What needs a key, where keys are used. Probes, metrics and documentation hold no row.
GUARDED = ("/v1/", "/v2/models/", "/invocations")
# What may be had on a port of its own, where the public does not come.
OPERATE = frozenset({"/livez", "/readyz", "/health", "/metrics"})
