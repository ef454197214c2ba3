"""Plants faults, which the gate must refuse, and makes clean work, which it must pass.

`faults/` holds the faults, one function each; `clean.py` holds the clean work. A `Workshop` renders
a project for each data set, trains and builds it once, and hands out copies. A fault changes its
copy, a `Work`, as a person would. `trial` compares the gate's exit code and verdict with what is
expected. `python -m tests.mutations` tries all and writes docs/mutations.md.
"""
