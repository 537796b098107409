"""Handlers of analytics and report jobs: numbers from the books, told, or written to the data folder too."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actors.handlers.context import Context
from realm.errors import ConflictError
from realm.rules.report_text import as_markdown
from realm.store.campaigns import CampaignStore
from realm.store.database import Database
from realm.store.reports import ReportStore

REPORTS = "reports"


def run_analytics(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Compute the numbers of a report."""
    database = Database.open(context.home.database)
    try:
        current, report_type = CampaignStore(database).get_current(), job["payload"]["report_type"]
        if current is None and report_type == "campaign":
            raise ConflictError("There is no open campaign.", "Begin one: realm campaign new.")
        return ReportStore(database).read(report_type, current.id if current else "", datetime.now(UTC))
    finally:
        database.close()


def run_report(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Write a report as JSON and as Markdown. Run again, a job writes the same two files."""
    report = run_analytics(job, context)
    folder = context.home.data / REPORTS
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{report['report_type']}-{report['at'][:10]}-{job['id']}"
    written = {".json": json.dumps(report, ensure_ascii=False, indent=1), ".md": as_markdown(report)}
    for suffix, text in written.items():
        _replace(folder / f"{name}{suffix}", text)
    return {"report_type": report["report_type"], "files": [f"{REPORTS}/{name}{suffix}" for suffix in written]}


def _replace(path: Path, text: str) -> None:
    staging = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with staging.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staging.rename(path)
