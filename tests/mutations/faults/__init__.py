"""The catalogue of what is planted, a module for each group of checks."""

from tests.mutations.faults import honest, leaks, runs_the_same, safe_to_own, worth_it

__all__ = ["honest", "leaks", "runs_the_same", "safe_to_own", "worth_it"]
