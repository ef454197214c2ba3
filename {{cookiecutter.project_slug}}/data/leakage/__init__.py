"""What gives the target away: one detector for the gate, the look at the data and `adopt`."""

from data.leakage.leak import Leak
from data.leakage.one_sided import one_sided
from data.leakage.search import find

__all__ = ["Leak", "find", "one_sided"]
