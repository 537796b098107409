"""Benchmarks: measured from the outside, on a real clock, printed as they came out. Not part of the realm."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
"""Where `python -m benchmarks...` is to be run."""
