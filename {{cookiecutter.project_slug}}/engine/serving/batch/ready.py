"""Imported once, by the process whose copies predict parts: they share what is loaded here.

`freeze` keeps it shared: else each copy's garbage collector writes into every object it inspects.
"""

import gc

import engine.serving.batch.predict  # noqa: F401  # workers share its modules

gc.freeze()
