"""The gate is fed planted faults, which it must refuse, and clean work, which it must let pass.

`faults/` is the catalogue of what is planted, a function a fault; `clean.py` that of clean work.
A `Workshop` renders a project a data set, trains and builds it once, and hands out copies; a fault
does to its `Work` what a person would have done; `trial` judges by the gate's own exit code and
verdict. `python -m tests.mutations` tries all and writes docs/mutations.md.
"""
