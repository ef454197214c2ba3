"""What gives the target away: one detector for the gate, the look at the data and `adopt`."""

from engine.leakage.leak import Leak
from engine.leakage.one_sided import one_sided
from engine.leakage.search import find

__all__ = ["Leak", "find", "one_sided"]
