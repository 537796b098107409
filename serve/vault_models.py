"""What the API of the vault takes and answers: checkpoints, deletion, exports, imports. Knows no route."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from realm.rules.job_payloads import MAX_PATH_CHARS
from serve.api_models import AT, CHECKPOINT, EXPORT, SHA256, Bytes, CheckpointName, Page, Request, Row, Time, Zone

MAX_NAMES = 1000

Names = Annotated[list[CheckpointName], Field(min_length=1, max_length=MAX_NAMES, examples=[[CHECKPOINT]])]
Protection = Annotated[
    Literal["sacred", "protected", "guarded", "expendable"],
    Field(description="How hard it is to delete, hardest first.", examples=["protected"]),
]


class LocationRow(Row):
    """A copy."""

    stronghold: Annotated[str, Field(description="`home` is the realm's own folder.", examples=["home"])]
    zone: Annotated[
        str | None, Field(description="null when its stronghold is no longer in the settings.", examples=["hot"])
    ]
    node: Annotated[str | None, Field(description="Host whose disk it is; null for a bucket.")] = None
    uri: Annotated[str, Field(examples=[f"file:///var/lib/realm/checkpoints/{CHECKPOINT}"])]
    size_bytes: Bytes
    verified_at: Annotated[str | None, Field(description="When its hashes were last compared.", examples=[AT])] = None


class CheckpointRow(Row):
    """A checkpoint's ledger record and its copies."""

    id: Annotated[str, Field(examples=[CHECKPOINT])]
    campaign_id: Annotated[str, Field(examples=["mote-1"])]
    hero_id: Annotated[str, Field(examples=["mote"])]
    step: Annotated[int, Field(ge=0, description="Campaign step.", examples=[1200])]
    saved_at: Time
    canonical_name: Annotated[str, Field(examples=["checkpoint-1200-20260401-1810"])]
    path: Annotated[str, Field(description='Folder of the home copy; "" when only copies elsewhere are left.')]
    sha256: Annotated[str, Field(description="Of model.safetensors.", examples=[SHA256])]
    size_bytes: Bytes
    has_optimizer: Annotated[bool, Field(description="Training can resume from it.")]
    created_by: Annotated[str, Field(description="Why it was saved.", examples=["interval"])]
    train_loss: Annotated[float | None, Field(examples=[0.214])] = None
    val_loss: Annotated[float | None, Field(examples=[0.231])] = None
    perplexity: Annotated[float | None, Field(examples=[1.239])] = None
    learning_rate: Annotated[float | None, Field(examples=[0.02])] = None
    epoch: Annotated[float | None, Field(description="Of its quest.", examples=[0.5])] = None
    quest_id: str | None = None
    skill_id: Annotated[str | None, Field(description="Whose mastery it was saved for.")] = None
    skill_level: int | None = None
    tokens_seen: Annotated[int, Field(ge=0, examples=[1_310_720])]
    examples_seen: Annotated[int, Field(ge=0, examples=[38_400])]
    parent_id: Annotated[str | None, Field(description="Checkpoint that its training came from.")] = None
    versions: Annotated[dict[str, str], Field(examples=[{"torch": "2.13.0"}])]
    mastered_levels: Annotated[dict[str, int], Field(description="By skill, when it was saved.", examples=[{"bin": 4}])]
    exam_accuracy: Annotated[float | None, Field(ge=0, le=1, examples=[0.31])] = None
    exam_version: str | None = None
    exam_skills: Annotated[dict[str, float], Field(description="Exam accuracy by skill.", examples=[{"bin": 0.31}])]
    promoted_at: Annotated[str | None, Field(description="When a person made it the champion.")] = None
    crowned_at: Annotated[str | None, Field(description="When its exam made it the champion.")] = None
    trashed_at: str | None = None
    trashed_by: Annotated[str | None, Field(description="person, retention or replaced.")] = None
    zones: Annotated[list[Zone], Field(description="Those that hold a copy.", examples=[["hot"]])] = []
    locations: list[LocationRow] = []
    protection: Protection = "expendable"
    protected_because: Annotated[list[str], Field(examples=[["champion", "latest"]])] = []
    uri: Annotated[str | None, Field(description="Of the nearest copy.")] = None


class Ancestor(Row):
    id: Annotated[str, Field(examples=["mote-1/checkpoint-600-20260401-1801"])]
    step: Annotated[int, Field(ge=0, examples=[600])]
    saved_at: Time
    created_by: Annotated[str, Field(examples=["interval"])]


class UseRow(Row):
    holder: Annotated[str, Field(description="Who has it loaded.", examples=["worker-eval-1"])]
    expires_at: Time


class CheckpointDetail(CheckpointRow):
    lineage: Annotated[list[Ancestor], Field(description="Ancestors, nearest first.")] = []
    children: list[Ancestor] = []
    uses: list[UseRow] = []


class Checkpoints(Page):
    checkpoints: list[CheckpointRow]


class FileRow(Row):
    path: Annotated[str, Field(description="Within the checkpoint's folder.", examples=["model.safetensors"])]
    size_bytes: Bytes


class Files(Row):
    checkpoint_id: Annotated[str, Field(examples=[CHECKPOINT])]
    files: list[FileRow]


class Promoted(Row):
    before: Annotated[CheckpointRow | None, Field(description="The champion until now.")] = None
    after: CheckpointRow


class VerifiedCopy(Row):
    stronghold: Annotated[str, Field(examples=["home"])]
    ok: bool
    detail: Annotated[str, Field(examples=["5 files, each with its hash"])] = ""


class Verified(Row):
    checkpoint_id: Annotated[str, Field(examples=[CHECKPOINT])]
    ok: Annotated[bool, Field(description="Every copy that was reached has its hashes.")]
    locations: list[VerifiedCopy]


class DeletePlanRequest(Request):
    ids: Names


class DeleteRequest(Request):
    ids: Names
    confirmation: Annotated[
        str | None,
        Field(max_length=200, description="What /delete-plan asks to be repeated.", examples=["delete 1 checkpoint"]),
    ] = None


class RefusedDeletion(Row):
    id: Annotated[str, Field(examples=[CHECKPOINT])]
    reason: Annotated[str, Field(examples=["it is the champion"])]


class DeletePlan(Row):
    checkpoints: list[CheckpointRow]
    bytes_freed: Bytes
    refused: list[RefusedDeletion]
    confirmation: Annotated[
        str, Field(description="To be repeated with the deletion.", examples=["delete 1 checkpoint"])
    ]
    restorable_days: Annotated[float, Field(description="Days that they lie in the trash.", examples=[7.0])]


class Deleted(Row):
    trashed: Annotated[list[str], Field(examples=[[CHECKPOINT]])]
    bytes_freed: Bytes
    refused: list[RefusedDeletion]


class ExportRequest(Request):
    format: Annotated[
        Literal["folder", "tar.zst"],
        Field(description="A Hugging Face folder, or one file of it.", examples=["folder"]),
    ] = "folder"
    force: Annotated[bool, Field(description="Replace an earlier export of the same format.")] = False
    include_optimizer: Annotated[bool, Field(description="With what a training resumes from.")] = False


class ExportRow(Row):
    id: Annotated[str, Field(description="Name of its folder or file.", examples=[EXPORT])]
    checkpoint_id: Annotated[str, Field(examples=[CHECKPOINT])]
    format: Annotated[str, Field(examples=["folder"])]
    state: Annotated[str, Field(description="pending, running, completed, failed or cancelled.", examples=["running"])]
    bytes_done: Bytes
    bytes_total: Bytes
    path: Annotated[str | None, Field(description="Where it lies, on the head.")] = None
    error: str | None = None
    created_at: Time
    finished_at: str | None = None


class Exports(Page):
    exports: list[ExportRow]


class ImportRequest(Request):
    path: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_PATH_CHARS,
            description="A Hugging Face folder on the head, in a place from which the realm may import.",
            examples=["/var/lib/realm/data/my-model"],
        ),
    ]


class Imported(Row):
    """What an imported folder became: a checkpoint of step 0, or an asset that `hero.base_model` can name."""

    checkpoint: CheckpointRow | None = None
    asset: Annotated[dict[str, Any] | None, Field(description="As /api/assets/{id} tells it.")] = None
    path: Annotated[str, Field(description="Of the copy.", examples=["/var/lib/realm/models/imports/my-model"])]
    next: Annotated[str, Field(description="How a campaign starts from it.", examples=["realm start"])] = ""


class LedgerSummary(Row):
    """Numbers of the active campaign's ledger."""


class VaultStats(Row):
    """Numbers of the vault and of the job queue."""
