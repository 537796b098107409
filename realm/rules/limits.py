"""Limits that commands name in their help: here, so that help loads nothing else."""

from __future__ import annotations

from typing import Final

MAX_PROBLEMS: Final = 1000
"""Problems of one level, or of each primitive, that one job may ask."""
