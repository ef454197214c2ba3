"""Columns that give the target away: one search for the gate, the EDA page and `adopt`."""

from engine.leakage.categorical import single_class_values
from engine.leakage.outcome import Leak
from engine.leakage.search import find

__all__ = ["Leak", "find", "single_class_values"]
