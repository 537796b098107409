"""`ledger.json` beside a checkpoint's weights: the ledger's record, from which a lost ledger is rebuilt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from realm.errors import RealmError
from realm.rules.checkpoint import Checkpoint

LEDGER = "ledger.json"
MAX_BYTES = 1_000_000
_ID = re.compile(r"[\w.-]+-\d+/[\w.~-]+")
_HEX = re.compile(r"[0-9a-f]{64}")
_RECORD = TypeAdapter(Checkpoint)
_FIELDS = frozenset(each.name for each in fields(Checkpoint))


def write_sidecar(record: Mapping[str, Any]) -> str:
    """The text of a record's sidecar; `record` is JSON-ready."""
    return json.dumps(record, indent=1)


def read_sidecar(text: str | bytes) -> Checkpoint:
    """The record in a sidecar. Its `path` is where it was written, not where it was found.

    Raises:
        RealmError: it is not a checkpoint's record, with the reason.
    """
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            raise _wrong(f"it holds a {type(data).__name__}")
        record = cast(dict[str, Any], data)
        found = _RECORD.validate_python({name: value for name, value in record.items() if name in _FIELDS})
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise _wrong(str(error)) from None
    if not _ID.fullmatch(found.id) or not found.id.startswith(f"{found.campaign_id}/") or ".." in found.id:
        raise _wrong(f"id {found.id!r}")
    if not _HEX.fullmatch(found.sha256) or found.step < 0 or found.size_bytes < 0:
        raise _wrong("sha256, step or size_bytes is out of range")
    for moment in (found.saved_at, found.trashed_at, found.promoted_at):
        if isinstance(moment, datetime) and moment.tzinfo is None:
            raise _wrong(f"the time {moment.isoformat()} names no zone")
    return found


def _wrong(what: str) -> RealmError:
    return RealmError(f"{LEDGER} is no checkpoint's record: {what}.", "Remove the folder, or mend the file.")
