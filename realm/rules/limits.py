"""Limits that commands and routes name: here, so that these load nothing else."""

from __future__ import annotations

from typing import Final

MAX_PROBLEMS: Final = 1000
"""Problems of one level, or of each primitive, that one job may ask."""
LOGPROBS_MAX: Final = 20
"""Likeliest tokens that may be told at each place of an answer."""
SPARE_TOKENS: Final = 4
"""Room for end tokens beyond the longest right response."""
