"""What the API of strongholds takes and answers: assets, zones, transfers, retention. Knows no route."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from realm.rules.job_payloads import MAX_PATH_CHARS
from serve.api_models import CHECKPOINT, SHA256, Bytes, Id, Page, Request, Row, StrongholdId, Time, Zone
from serve.vault_models import LocationRow

AssetKind = Literal["checkpoint", "base_model", "dataset", "export"]
PLAN = "3f2a9c01b7d4"


class AssetRow(Row):
    """What the vault keeps: a checkpoint, or what was registered."""

    id: Annotated[str, Field(examples=[CHECKPOINT])]
    kind: Annotated[str, Field(examples=["checkpoint"])]
    name: Annotated[str, Field(examples=["checkpoint-1200-20260401-1810"])]
    sha256: Annotated[str, Field(description="Of its largest file.", examples=[SHA256])] = ""
    size_bytes: Bytes
    created_at: Time | None = None
    protection: Annotated[str, Field(examples=["expendable"])] = "expendable"
    data: dict[str, Any] = {}


class Assets(Page):
    assets: list[AssetRow]


class ZoneAssetRow(Row):
    """A copy in a zone."""

    asset_id: Annotated[str, Field(examples=[CHECKPOINT])]
    kind: Annotated[str, Field(examples=["checkpoint"])]
    name: Annotated[str, Field(examples=["checkpoint-1200-20260401-1810"])]
    stronghold: Annotated[str, Field(examples=["home"])]
    size_bytes: Bytes
    stored_at: Time


class ZoneAssets(Page):
    assets: Annotated[list[ZoneAssetRow], Field(description="Last stored first.")]


class Located(Row):
    id: Annotated[str, Field(examples=[CHECKPOINT])]
    locations: list[LocationRow]


class RegisterRequest(Request):
    kind: Annotated[AssetKind, Field(examples=["dataset"])]
    name: Annotated[Id, Field(examples=["gsm8k-500"])]
    stronghold: Annotated[StrongholdId, Field(examples=["nas"])]
    path: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_PATH_CHARS,
            description="Of its file or folder, relative to the stronghold.",
            examples=["data/gsm8k-500.jsonl"],
        ),
    ]


class ScanRequest(Request):
    stronghold: Annotated[StrongholdId | None, Field(description="All unless given.", examples=["home"])] = None


class Unreadable(Row):
    path: Annotated[str, Field(examples=["mote-1/checkpoint-600-20260401-1801"])]
    reason: Annotated[str, Field(examples=["ledger.json is missing"])]


class Scanned(Row):
    found: Annotated[Any, Field(description="What lies there.", examples=[12])]
    adopted: Annotated[Any, Field(description="What the ledger did not know and has now.", examples=[0])]
    unreadable: list[Unreadable]


class PolicyRow(Row):
    max_gb: Annotated[float | None, Field(examples=[150])] = None
    max_age_days: Annotated[float | None, Field(examples=[7])] = None
    keep_newest: Annotated[int | None, Field(examples=[50])] = None


class StrongholdRow(Row):
    id: Annotated[str, Field(examples=["home"])]
    uri: Annotated[str, Field(examples=["file:///var/lib/realm/checkpoints"])]
    node: str | None = None
    reachable: bool
    free_bytes: int | None = None
    total_bytes: int | None = None
    detail: str = ""


class ZoneRow(Row):
    id: Zone
    policy: PolicyRow
    strongholds: list[StrongholdRow]
    count: Annotated[int, Field(ge=0, description="Copies in it.")]
    bytes: Bytes
    protected_count: Annotated[int, Field(ge=0)]
    protected_bytes: Bytes
    over_count: Annotated[int, Field(ge=0, description="Copies that retention would drop.")] = 0


class Zones(Row):
    zones: list[ZoneRow]


class TransferRequest(Request):
    asset_id: Annotated[Id, Field(description="A checkpoint or an asset.", examples=[CHECKPOINT])]
    target: Annotated[StrongholdId, Field(examples=["nas"])]
    source: Annotated[StrongholdId | None, Field(description="The nearest copy unless given.", examples=["home"])] = (
        None
    )


class TransferRow(Row):
    id: Annotated[str, Field(examples=["12"])]
    asset_id: Annotated[str, Field(examples=[CHECKPOINT])]
    source: Annotated[str, Field(examples=["home"])]
    target: Annotated[str, Field(examples=["nas"])]
    state: Annotated[str, Field(description="pending, running, completed, failed or cancelled.", examples=["running"])]
    bytes_done: Annotated[Bytes, Field(description="Survives a break.")]
    bytes_total: Bytes
    created_at: Time
    updated_at: Time
    finished_at: str | None = None
    error: str | None = None


class Transfers(Page):
    transfers: list[TransferRow]


class Dropped(Row):
    checkpoint_id: Annotated[str, Field(examples=[CHECKPOINT])]
    step: Annotated[int | None, Field(examples=[1200])] = None
    size_bytes: Bytes
    reason: Annotated[str, Field(examples=["older than 7 days"])]


class ZonePlan(Row):
    zone: Annotated[str, Field(examples=["hot"])]
    drop: list[Dropped]
    bytes_freed: Bytes
    kept: Annotated[int, Field(ge=0)]
    protected_bytes: Bytes
    max_bytes: int | None = None
    over_by_protection: Annotated[Any, Field(description="By how much what is protected alone exceeds the cap.")] = None
    notes: Any = None


class RetentionPlan(Row):
    plan_id: Annotated[str, Field(description="To be sent back to apply it.", examples=[PLAN])]
    zones: list[ZonePlan]


class RetentionRequest(Request):
    plan_id: Annotated[Id, Field(examples=[PLAN])]
    zone: Annotated[Zone | None, Field(description="As the plan was asked for.", examples=["hot"])] = None


class RetentionApplied(Row):
    dropped: Annotated[Any, Field(description="What went to the trash.", examples=[3])]
    bytes_freed: Bytes
