"""Imported once, by the process whose copies answer parts: what is loaded here they share.

`freeze` keeps it shared: else each copy's collector, looking for what is no longer needed, writes
into every object that it looks at, and has then made it its own.
"""

import gc

import engine.serving.batch.work  # noqa: F401  # for whom it is loaded

gc.freeze()
