"""The ledger: one live checkpoint a step, names, bests, the trash, and what may not go there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_helpers import CAMPAIGN, T0, at, kinds, make_checkpoint, new_attempt, new_campaign

from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.checkpoint import CreatedBy
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoint_reads import VaultSize
from realm.store.checkpoints import CheckpointStore


@pytest.fixture
def store(db):
    return CheckpointStore(db)


@pytest.fixture
def campaign(db):
    return CampaignStore(db).ensure_campaign("mote", "v1", T0)


def trashed(store):
    return [each.id for each in store.page(CAMPAIGN, trashed=True)]


def test_every_field_is_kept(store):
    given_ = make_checkpoint(
        7, train_loss=0.5, val_loss=0.6, perplexity=1.8, learning_rate=0.01, epoch=0.5, quest_id="q", skill_id="bin",
        skill_level=3, tokens_seen=10**12, examples_seen=224, parent_id="p", versions={"torch": "2.13.0"},
        mastered_levels={"bin": 2}, exam_accuracy=0.3, exam_version="v1", exam_skills={"bin": 0.3},
        created_by=CreatedBy.MASTERY, has_optimizer=False,
    )  # fmt: skip
    recorded = store.record(given_, T0)
    assert (recorded.checkpoint, recorded.surplus) == (given_, None)
    assert store.get(given_.id) == given_


def test_recording_the_same_folder_again_changes_nothing(store, db):
    first = store.record(make_checkpoint(7), T0)
    store.set_exam(first.checkpoint.id, 0.5, {"bin": 0.5}, "v1")
    again = store.record(make_checkpoint(7), at(1))
    assert (again.checkpoint.exam_accuracy, again.surplus) == (0.5, None)
    assert kinds(db, "checkpoint") == ["checkpoint.saved"]
    assert trashed(store) == []


def test_other_weights_of_a_step_replace_the_older(store):
    older = make_checkpoint(7)
    store.record(older, T0)
    newer = make_checkpoint(7, saved_at=at(120), sha="f" * 64)
    recorded = store.record(newer, at(120))
    assert recorded.checkpoint == newer
    assert (recorded.surplus.id, recorded.surplus.trashed_at, recorded.surplus.path) == (older.id, at(120), older.path)
    assert trashed(store) == [older.id]
    assert store.get("checkpoint-7", CAMPAIGN) == newer


def test_two_of_one_step_and_minute_have_ids_of_their_own(store):
    ids = [store.record(make_checkpoint(7, sha=str(n) * 64, folder=f"~{n}"), at(n)).checkpoint.id for n in range(1, 4)]
    name = "mote-1/checkpoint-7-20260101-1200"
    assert ids == [name, f"{name}~2", f"{name}~3"]
    assert store.get(name.split("/")[1], CAMPAIGN).id == ids[2]
    assert sorted(trashed(store)) == ids[:2]


def test_the_same_weights_saved_twice_are_one_record_with_its_exam(store):
    first = make_checkpoint(7, has_optimizer=False, created_by=CreatedBy.MASTERY, skill_id="bin", skill_level=2)
    store.record(first, T0)
    store.set_exam(first.id, 0.5, {"bin": 0.5}, "v1")
    second = make_checkpoint(7, sha=first.sha256, folder="-b", saved_at=at(60), size_bytes=300)
    recorded = store.record(second, at(60))
    live = recorded.checkpoint
    assert (live.id, live.path, live.has_optimizer, live.size_bytes) == (first.id, second.path, True, 300)
    assert (live.exam_accuracy, live.created_by, live.skill_level) == (0.5, CreatedBy.MASTERY, 2)
    assert (recorded.surplus.path, recorded.surplus.trashed_at) == (first.path, at(60))
    assert store.get(first.id) == live


def test_of_the_same_weights_the_folder_with_the_optimizer_stays(store):
    first = make_checkpoint(7)
    store.record(first, T0)
    second = make_checkpoint(7, sha=first.sha256, folder="-b", has_optimizer=False, created_by=CreatedBy.CHAMPION)
    recorded = store.record(second, at(60))
    assert (recorded.checkpoint.path, recorded.checkpoint.created_by) == (first.path, CreatedBy.CHAMPION)
    assert recorded.surplus.path == second.path
    assert store.record(second, at(61)) == recorded
    assert len(trashed(store)) == 1


def test_a_champion_is_not_replaced(store, db, campaign):
    champion = make_checkpoint(7)
    store.record(champion, T0)
    CampaignStore(db).move_champion(campaign.id, champion.id, 0.9, "v1", T0)
    newer = make_checkpoint(7, sha="f" * 64, folder="-b")
    recorded = store.record(newer, at(1))
    assert recorded.checkpoint == replace(champion, crowned_at=T0)
    assert (recorded.surplus.path, recorded.surplus.trashed_at) == (newer.path, at(1))
    assert store.record(newer, at(2)) == recorded


def test_an_attempt_that_has_ended_records_nothing(store, db):
    attempt = new_attempt(db)
    store.record(make_checkpoint(1), T0, attempt)
    BattleStore(db).end_attempt(attempt, "failed", T0)
    with pytest.raises(ConflictError, match="has ended"):
        store.record(make_checkpoint(2), T0, attempt)
    assert [each.step for each in store.page(CAMPAIGN)] == [1]


def test_names_resolve_in_the_active_campaign(store, campaign):
    there = store.record(make_checkpoint(7), T0).checkpoint
    other = make_checkpoint(7, campaign_id="dio-1", id="dio-1/checkpoint-7-20260101-1200", sha="a" * 64)
    store.record(other, T0)
    for name in (there.id, there.canonical_name, "checkpoint-7"):
        assert store.get(name) == there
        assert store.get(name, campaign.id) == there
    assert store.get("checkpoint-7", "dio-1") == other
    for name in ("checkpoint-8", "checkpoint-70", "checkpoint", "mote-1/checkpoint-7", "%"):
        with pytest.raises(NotFoundError, match=name):
            store.get(name)


def test_without_an_active_campaign_a_short_name_names_nothing(store):
    store.record(make_checkpoint(7), T0)
    with pytest.raises(NotFoundError):
        store.get("checkpoint-7")


def test_newest_and_pages(store):
    for step, has_optimizer in ((10, True), (30, False), (20, True)):
        store.record(make_checkpoint(step, saved_at=at(step), has_optimizer=has_optimizer), T0)
    assert store.newest(CAMPAIGN).step == 30
    assert store.newest(CAMPAIGN, with_optimizer=True).step == 20
    assert store.newest("mote-2") is None
    assert [each.step for each in store.page(CAMPAIGN)] == [30, 20, 10]
    assert [each.step for each in store.page(limit=1, offset=1)] == [20]
    assert store.page("mote-2") == ()


def test_best_by_each_metric(store, campaign):
    rows = {
        10: {"val_loss": 0.9, "perplexity": 2.0, "train_loss": 0.1},
        20: {"val_loss": 0.5, "perplexity": 3.0, "train_loss": 0.3},
        30: {"val_loss": 0.5},
        40: {},
    }
    for step, numbers in rows.items():
        store.record(make_checkpoint(step, **numbers), T0)

    def examine(step, accuracy, skills, version="v1"):
        store.set_exam(store.get(f"checkpoint-{step}").id, accuracy, skills, version)

    examine(10, 0.6, {"bin": 0.2, "sy": 1.0})
    examine(20, 0.6, {"bin": 0.9, "sy": 0.3})
    examine(30, 0.1, {"bin": 0.9})
    examine(40, 1.0, {"bin": 1.0}, version="v0")
    best = {
        metric: store.best(campaign.id, metric).step
        for metric in ("exam_accuracy", "skill:bin", "skill:sy", "val_loss", "perplexity", "train_loss")
    }
    assert best == {
        "exam_accuracy": 10, "skill:bin": 20, "skill:sy": 10, "val_loss": 20, "perplexity": 10, "train_loss": 10,
    }  # fmt: skip
    assert store.best(campaign.id, "skill:none") is None
    assert store.best("mote-2") is None
    for metric in ("loss", "skill:", "sha256"):
        with pytest.raises(RealmError, match="exam_accuracy, skill:ID"):
            store.best(campaign.id, metric)


def test_an_exam_is_written_to_the_record(store):
    checkpoint = store.record(make_checkpoint(7, val_loss=1.0), T0).checkpoint
    found = store.set_exam(checkpoint.id, 0.4, {"bin": 0.4}, "v1", val_loss=0.8)
    assert (found.exam_accuracy, found.exam_skills, found.exam_version, found.val_loss) == (
        0.4,
        {"bin": 0.4},
        "v1",
        0.8,
    )
    assert store.set_exam(checkpoint.id, 0.4, {"bin": 0.4}, "v1") == found
    with pytest.raises(NotFoundError, match="nope"):
        store.set_exam("nope", 0.4, {}, "v1")


def test_trash_restore_and_purge(store, db):
    ids = [store.record(make_checkpoint(step), T0).checkpoint.id for step in (10, 20)]
    assert store.trash(ids[0], at(1)).trashed_at == at(1)
    assert store.trash(ids[0], at(2)).trashed_at == at(1)
    assert store.sizes(CAMPAIGN) == VaultSize(1, 100, 1, 100)
    with pytest.raises(NotFoundError):
        store.get(ids[0])
    assert store.set_path(ids[0], "/trash/x").path == "/trash/x"
    assert store.restore(ids[0], at(3)).trashed_at is None
    assert store.get(ids[0]).path == "/trash/x"
    with pytest.raises(ConflictError, match="not in the trash"):
        store.purge(ids[0], at(4))
    store.trash(ids[0], at(5))
    store.purge(ids[0], at(6))
    store.purge(ids[0], at(7))
    assert store.sizes() == VaultSize(1, 100, 0, 0)
    assert kinds(db, "checkpoint")[2:] == [
        f"checkpoint.{verb}" for verb in ("trashed", "restored", "trashed", "purged")
    ]


def test_a_taken_step_cannot_be_restored(store):
    older = store.record(make_checkpoint(7), T0).checkpoint
    newer = store.record(make_checkpoint(7, sha="f" * 64, saved_at=at(60)), T0).checkpoint
    store.record(make_checkpoint(8), T0)
    with pytest.raises(ConflictError, match=newer.id):
        store.restore(older.id, T0)
    store.trash(newer.id, T0)
    assert store.restore(older.id, T0).id == older.id


def test_champion_and_newest_cannot_be_trashed(store, db, campaign):
    ids = {}
    for step, has_optimizer in ((10, True), (20, True), (30, True), (40, False)):
        ids[step] = store.record(make_checkpoint(step, has_optimizer=has_optimizer), T0).checkpoint.id
    CampaignStore(db).move_champion(campaign.id, ids[10], 0.9, "v1", T0)
    for step, why in ((10, "champion"), (30, "resume"), (40, "latest")):
        with pytest.raises(ConflictError, match=why):
            store.trash(ids[step], T0)
    store.trash(ids[20], T0)
    assert [each.step for each in store.page(CAMPAIGN)] == [40, 30, 10]


operations = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from("abc"), st.booleans(), st.sampled_from(["record", "trash", "restore"])
    ),
    max_size=15,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations, st.data())
def test_a_step_never_has_two_live_checkpoints_and_no_folder_is_forgotten(db, steps, data):
    store, campaign = CheckpointStore(db), new_campaign()
    folders = set()
    for i, (step, sha, has_optimizer, what) in enumerate(steps):
        if what == "record":
            given_ = make_checkpoint(
                step,
                sha=sha * 64,
                folder=f"-{i}",
                has_optimizer=has_optimizer,
                campaign_id=campaign,
                id=f"{campaign}/c-{step}",
            )
            store.record(given_, at(i))
            folders.add(given_.path)
            continue
        known = store.page(campaign) + store.page(campaign, trashed=True)
        if known:
            chosen = data.draw(st.sampled_from(known)).id
            try:
                getattr(store, what)(chosen, at(i))
            except ConflictError:
                assert what == "restore" or chosen in {each.id for each in store.page(campaign)}
    live, trash = store.page(campaign), store.page(campaign, trashed=True)
    assert len({each.step for each in live}) == len(live)
    assert sorted(each.path for each in live + trash) == sorted(folders)
    if folders:
        assert live
