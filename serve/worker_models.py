"""What workers outside the cluster are told. Knows no route."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serve.api_models import Bytes, Row


class HeroFile(Row):
    path: Annotated[str, Field(examples=["config.json"])]
    size_bytes: Bytes


class WorkerSettings(Row):
    hero_id: Annotated[str, Field(examples=["mote"])]
    base_model: Annotated[
        str | None, Field(description="Hub name to load the base model from; null where its files are here.")
    ] = None
    files: Annotated[list[HeroFile], Field(description="Small files of the base model: under /api/worker/hero/{path}.")]
    versions: Annotated[dict[str, str], Field(examples=[{"realm": "0.1.0", "torch": "2.13.0"}])]
