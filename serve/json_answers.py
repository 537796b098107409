"""Values as JSON answers that no cache keeps. Knows no route."""

from __future__ import annotations

import json
import math
from typing import Any

from fastapi import Response


def to_json(value: Any) -> bytes:
    """Compact JSON. NaN and infinities, which JSON cannot carry and a diverged loss can be, become null."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False).encode()


def answer(value: object, status: int = 200) -> Response:
    return json_answer(to_json(value), status)


def json_answer(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json", headers={"Cache-Control": "no-store"})


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
