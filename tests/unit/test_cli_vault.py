"""`realm vault`: what is asked of the vault, what is printed, and what has to be typed."""

from __future__ import annotations

import pytest
from cli_helpers import FakeSession, Turn, run, use_session
from test_rules_checkpoint import checkpoint

from actors.rows import row_of
from realm.errors import NotFoundError

VAULT = "vault_keeper"


def row(step, **more):
    path = f"/realm/checkpoints/mote-1/checkpoint-{step}"
    return {
        **row_of(checkpoint(step, size_bytes=5_000_000)),
        "zones": ["hot"],
        "locations": [{"stronghold": "home", "zone": "hot", "node": None, "uri": path, "size_bytes": 5_000_000}],
        "protection": "expendable",
        "protected_because": [],
        "uri": path,
        **more,
    }


def answering(monkeypatch, **answers):
    session = FakeSession({(VAULT, method): answer for method, answer in answers.items()})
    use_session(monkeypatch, session)
    return session


def test_a_page_is_asked_for_and_says_how_much_there_is(monkeypatch):
    champion = row(20, protected_because=["champion", "latest"])
    session = answering(monkeypatch, list={"checkpoints": [champion, row(10)], "total": 40})
    done = run(
        "vault", "list", "--sort", "skill:bin", "--zone", "hot", "--search", "1", "--limit", "2", "--offset", "4"
    )
    assert session.calls == [(VAULT, "list", "skill:bin", True, None, "hot", None, None, False, "1", 2, 4)]
    assert "champion, latest" in done.out
    assert "5 to 6 of 40." in done.out
    assert run("vault", "list", "--json").json()["total"] == 40


def test_show_tells_copies_protection_and_uses(monkeypatch):
    found = row(10, protection="protected", protected_because=["in use"], lineage=[], children=[])
    found["uses"] = [{"holder": "oracle", "expires_at": "2026-01-01T12:00:00+00:00"}]
    answering(monkeypatch, show=found)
    out = run("vault", "show", "checkpoint-10").out
    assert "home (hot): /realm/checkpoints/mote-1/checkpoint-10" in out
    assert "protected: in use" in out
    assert "oracle until" in out


def test_ask_prints_the_folder_alone(monkeypatch):
    session = answering(monkeypatch, ask="/cache/x")
    assert run("vault", "ask", "checkpoint-10", "--fallback", "/y").out == "/cache/x\n"
    assert session.calls == [(VAULT, "ask", "checkpoint-10", "/y", "this-node")]


def test_promote_shows_before_and_after(monkeypatch):
    before, after = row(10, champion_accuracy=0.5), row(20, champion_accuracy=None)
    answering(monkeypatch, promote={"before": before, "after": after})
    assert run("vault", "promote", "checkpoint-20").out.splitlines() == [
        f"before: {before['canonical_name']} at step 10, exam accuracy 0.5",
        f"after:  {after['canonical_name']} at step 20, exam accuracy –",
    ]
    answering(monkeypatch, promote={"before": None, "after": after})
    assert run("vault", "promote", "checkpoint-20").out.startswith("before: none")


@pytest.mark.parametrize("ok", [True, False])
def test_verify_exits_1_when_a_copy_is_not_whole(monkeypatch, ok):
    copies = [{"stronghold": "home", "ok": ok, "detail": "whole" if ok else "model.safetensors has another sha256"}]
    answering(monkeypatch, verify={"checkpoint_id": "x", "ok": ok, "locations": copies})
    done = run("vault", "verify", "x")
    assert done.code == (0 if ok else 1)
    assert copies[0]["detail"] in done.out


def deletion(confirmation, **more):
    plan = {"checkpoints": [row(1), row(2)], "bytes_freed": 10_000_000, "refused": [], "confirmation": confirmation}
    plan["restorable_days"] = 2.5
    done = {"trashed": ["a", "b"], "bytes_freed": 10_000_000, "refused": []}
    return {"delete_plan": {**plan, **more}, "delete": {**done, **more}}


def test_a_deletion_shows_its_plan_and_wants_it_typed(monkeypatch):
    session = answering(monkeypatch, **deletion("delete 2 checkpoints"))
    monkeypatch.setattr("builtins.input", lambda: "delete 2 checkpoints")
    done = run("vault", "delete", "a", "b")
    assert done.code == 0
    assert "10.0 MB in all." in done.out
    assert "2 in the trash for 2.5 days" in done.out
    assert 'Type "delete 2 checkpoints"' in done.err
    assert session.calls[-1] == (VAULT, "delete", ["a", "b"], "delete 2 checkpoints")

    monkeypatch.setattr("builtins.input", lambda: "yes")
    done = run("vault", "delete", "a", "b")
    assert done.code == 1
    assert "Nothing was deleted" in done.err
    assert session.calls[-1][1] == "delete_plan"


def test_yes_and_a_single_expendable_one_ask_nothing(monkeypatch):
    for confirmation, extra in (("delete 2 checkpoints", ["--yes"]), ("", [])):
        session = answering(monkeypatch, **deletion(confirmation))
        assert run("vault", "delete", "a", "b", *extra).code == 0
        assert session.calls[-1] == (VAULT, "delete", ["a", "b"], confirmation)


def test_what_is_protected_is_named_and_exits_1(monkeypatch):
    refused = [{"id": "c", "reason": "It is protected: champion."}]
    answering(monkeypatch, **deletion("", refused=refused))
    done = run("vault", "delete", "a", "b", "c")
    assert done.code == 1
    assert "refused: c: It is protected: champion." in done.out
    session = answering(monkeypatch, delete_plan={**deletion("")["delete_plan"], "checkpoints": [], "refused": refused})
    done = run("vault", "delete", "c")
    assert done.code == 1
    assert [call[1] for call in session.calls] == ["delete_plan"]


def test_retention_is_planned_and_applied(monkeypatch):
    zone = {
        "zone": "hot", "bytes_freed": 5_000_000, "kept": 3, "notes": ["What is protected takes 2.00 GB."],
        "drop": [{"checkpoint_id": "mote-1/x", "step": 5, "size_bytes": 5_000_000, "reason": "one a day"}],
    }  # fmt: skip
    answers = {
        "retention_plan": {"plan_id": "abc", "zones": [zone]},
        "retention_apply": {"dropped": 1, "bytes_freed": 5_000_000},
    }
    session = answering(monkeypatch, **answers)
    out = run("vault", "retention", "plan", "hot").out
    assert "one a day" in out
    assert "hot: 1 go, 5.0 MB; 3 stay." in out
    assert "What is protected takes 2.00 GB." in out
    assert run("vault", "retention", "apply", "hot").out == "1 dropped, 5.0 MB.\n"
    assert session.calls[-1] == (VAULT, "retention_apply", "abc", "hot")
    run("vault", "retention", "apply", "--plan", "old")
    assert session.calls[-1] == (VAULT, "retention_apply", "old", None)


def moving(state, done=0, error=None):
    return {
        "id": "7", "asset_id": "mote-1/x", "source": "home", "target": "cellar", "state": state, "bytes_done": done,
        "bytes_total": 100, "error": error,
    }  # fmt: skip


def test_a_transfer_is_followed_to_its_end(monkeypatch):
    monkeypatch.setattr("realm.cli.vault_places.ASK_INTERVAL_S", 0)
    turns = [Turn(moving("running", 50)), Turn(moving("completed", 100))]
    session = answering(monkeypatch, transfer=moving("pending"), transfer_status=turns)
    done = run("vault", "transfer", "x", "cellar", "--json")
    assert (done.code, done.json()["state"]) == (0, "completed")
    assert session.calls[0] == (VAULT, "transfer", "x", "cellar", None)
    answering(monkeypatch, transfer=moving("pending"), transfer_status=moving("failed", 5, "cellar: full"))
    done = run("vault", "transfer", "x", "cellar")
    assert done.code == 1
    assert "cellar: full" in done.out
    assert run("vault", "transfer", "x").code == 1


def test_zones_and_scan(monkeypatch):
    place = {"id": "nas", "uri": "/nas", "node": None, "reachable": False, "free_bytes": None, "detail": "no mount"}
    zone = {
        "id": "warm", "policy": {"max_gb": 500, "max_age_days": 90, "keep_newest": 100}, "strongholds": [place],
        "count": 3, "bytes": 9_000_000, "protected_count": 1, "protected_bytes": 3_000_000, "over_count": 0,
    }  # fmt: skip
    lost = {"found": 2, "adopted": 1, "unreadable": [{"path": "home: a/b", "reason": "ledger.json is missing"}]}
    answering(monkeypatch, zones=[zone], scan=lost)
    out = run("vault", "zones").out
    assert "500 GB, 90 days, newest 100, then one a day" in out
    assert "not reachable" in out
    assert run("vault", "scan").out.splitlines() == [
        "2 folders found, 1 entered.",
        "not readable: home: a/b: ledger.json is missing",
    ]


def test_restore_says_where_it_is(monkeypatch):
    answering(monkeypatch, restore=row(10))
    assert run("vault", "restore", "x").out.endswith("is back at /realm/checkpoints/mote-1/checkpoint-10.\n")
    answering(monkeypatch, restore=NotFoundError("Nothing is left.", "It cannot be restored."))
    assert run("vault", "restore", "x").code == 1
