"""What the routes under /api share: bodies without unknown fields, JSON that no cache keeps. Knows no route."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from serve.tavern.answers import to_json


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def answer(value: object) -> Response:
    return json_answer(to_json(value))


def json_answer(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
