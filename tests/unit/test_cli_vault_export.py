"""`realm vault export` and `import`: what is asked of the vault, and how an interrupt ends an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import FakeSession, Turn, run, use_session

from realm.errors import ConflictError

PATH = "/home/exports/mote-1-checkpoint-7-20260131-1145"


def row(state: str, **more: Any) -> dict[str, Any]:
    return {"id": "mote-1-checkpoint-7", "state": state, "bytes_done": 5, "bytes_total": 9, "path": PATH, **more}


def exporting(monkeypatch: pytest.MonkeyPatch, *turns: Any) -> FakeSession:
    session = FakeSession(
        {
            ("vault_keeper", "export_start"): row("pending"),
            ("vault_keeper", "export_status"): [Turn(turn) for turn in turns],
            ("vault_keeper", "export_cancel"): row("running"),
        }
    )
    use_session(monkeypatch, session)
    return session


def test_an_export_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    session = exporting(monkeypatch, row("running"), row("completed"))
    done = run("vault", "export", "checkpoint-7", "--format", "tar.zst", "--force")
    assert (done.code, done.out) == (0, f"{PATH}\n")
    assert session.calls[0] == ("vault_keeper", "export_start", "checkpoint-7", "tar.zst", True, False)
    assert len(session.calls) == 3


def test_an_export_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    exporting(monkeypatch, row("completed"))
    assert run("vault", "export", "checkpoint-7", "--json").json() == row("completed")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (row("failed", error="It has sha256 1; the ledger has 2."), "was not exported: It has sha256 1"),
        (row("cancelled"), "was cancelled"),
    ],
)
def test_an_export_that_came_to_nothing_exits_1(monkeypatch: pytest.MonkeyPatch, end: Any, said: str) -> None:
    exporting(monkeypatch, end)
    done = run("vault", "export", "checkpoint-7")
    assert (done.code, done.out) == (1, "")
    assert said in done.err


class Interrupting(FakeSession):
    def follow(self, service: str, method: str, *args: Any) -> Any:
        raise KeyboardInterrupt


def test_an_interrupt_cancels_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Interrupting(exporting(monkeypatch).answers)
    use_session(monkeypatch, session)
    assert run("vault", "export", "checkpoint-7").code == 130
    assert session.calls[-1] == ("vault_keeper", "export_cancel", "mote-1-checkpoint-7")


def test_an_import_says_what_became_of_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = {"id": "imports/hero-12345678", "size_bytes": 1_700_000, "sha256": "ab" * 32}
    answer = {"checkpoint": None, "asset": kept, "path": "/models/imports/hero-12345678", "next": "Set it."}
    session = FakeSession({("vault_keeper", "import_folder"): answer})
    use_session(monkeypatch, session)
    done = run("vault", "import", str(tmp_path))
    assert done.code == 0
    for said in ("base model", kept["id"], answer["path"], "1.7 MB", "Set it."):
        assert said in done.out
    assert session.calls == [("vault_keeper", "import_folder", str(tmp_path), False)]
    assert run("vault", "import", str(tmp_path), "--json").json() == answer


def test_an_import_of_nothing_or_from_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session = FakeSession({("vault_keeper", "import_folder"): ConflictError("not asked")})
    use_session(monkeypatch, session)
    assert "is not a folder" in run("vault", "import", str(tmp_path / "none")).err
    session.here = False
    assert "Import it there" in run("vault", "import", str(tmp_path)).err
    assert session.calls == []
