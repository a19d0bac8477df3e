"""Measurements. `python -m tests.bench` takes them all in one run; pytest does not collect them."""
