"""Tests of the column specification and of its readers."""
