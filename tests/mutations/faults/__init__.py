"""The catalogue of what is planted, a module for each group of checks."""

from tests.mutations.faults import copies, honest, leaks, runs_the_same, safe_to_own, worth_it

__all__ = ["copies", "honest", "leaks", "runs_the_same", "safe_to_own", "worth_it"]
