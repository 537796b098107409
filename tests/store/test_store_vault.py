"""Pages of the ledger in every order, promotion, uses, copies, transfers, assets."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_helpers import CAMPAIGN, T0, at, kinds, make_checkpoint, new_campaign

from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.checkpoint import CreatedBy, TrashedBy
from realm.rules.protection import guard_of
from realm.rules.stronghold import Asset, AssetKind, Location, TransferState
from realm.store.assets import AssetStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoint_pages import Wanted
from realm.store.checkpoint_uses import UseStore
from realm.store.checkpoints import CheckpointStore
from realm.store.locations import LocationStore
from realm.store.transfers import TransferStore


@pytest.fixture
def store(db):
    return CheckpointStore(db)


@pytest.fixture
def campaign(db):
    return CampaignStore(db).ensure_campaign("mote", "v1", T0)


losses = st.none() | st.sampled_from([0.1, 0.2, 0.3])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "val_loss": losses,
            "size_bytes": st.sampled_from([10, 20]),
            "created_by": st.sampled_from([CreatedBy.INTERVAL, CreatedBy.MASTERY]),
            "skill_id": st.sampled_from([None, "bin"]),
            "exam": st.none() | st.tuples(st.sampled_from([0.2, 0.5]), st.sampled_from(["v1", "v0"])),
            "copy": st.booleans(),
            "home": st.booleans(),
            "trash": st.booleans(),
        }
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows,
    st.sampled_from(["saved_at", "step", "size_bytes", "val_loss", "exam_accuracy", "skill:bin"]),
    st.booleans(),
    st.sampled_from([None, ("home",), ("nas",), ("home", "nas")]),
    st.sampled_from([None, CreatedBy.MASTERY]),
    st.sampled_from([None, "bin"]),
    st.sampled_from([None, "-1"]),
    st.booleans(),
    st.integers(1, 5),
)
def test_pages_are_those_of_a_sorted_list(db, given_, sort, down, strongholds, why, skill, search, trashed, limit):
    store, places, campaign = CheckpointStore(db), LocationStore(db), new_campaign()
    CampaignStore(db).ensure_known(campaign, "mote", "v1", T0)
    expected = []
    for step, row in enumerate(given_):
        row = dict(row)
        exam, copy, home, trash = (row.pop(name) for name in ("exam", "copy", "home", "trash"))
        name = f"{campaign}/checkpoint-{step}"
        made = make_checkpoint(step, id=name, campaign_id=campaign, saved_at=at(step), **row)
        store.record(made, T0)
        value = row.get(sort, {"saved_at": at(step), "step": step}.get(sort))
        if exam is not None:
            store.set_exam(name, exam[0], {"bin": exam[0]}, exam[1])
            value = exam[0] if sort in ("exam_accuracy", "skill:bin") and exam[1] == "v1" else value
        if copy:
            places.add(Location(name, "nas", name, 5, T0, T0))
        if not home:
            store.set_path(name, "")
        # The newest is never trashed: only what the store lets go is.
        if trash and step < len(given_) - 1:
            try:
                store.trash(name, at(100 + step))
            except ConflictError:
                trash = False
        else:
            trash = False
        lies = {each for each, there in (("home", home), ("nas", copy)) if there}
        asked_for = (strongholds is None or lies & set(strongholds)) and trash == trashed
        asked_for = asked_for and why in (None, row["created_by"]) and skill in (None, row["skill_id"])
        if asked_for and (search is None or search in name):
            # In the trash there is no accuracy by skill to sort by.
            expected.append((None if sort == "skill:bin" and trashed else value, step, name))
    valued = sorted((each for each in expected if each[0] is not None), reverse=down)
    rest = sorted((each for each in expected if each[0] is None), key=lambda each: -each[1])
    names = [name for *_, name in valued + rest]
    asked = Wanted(campaign, trashed, strongholds, skill, why, search)
    for offset in range(0, len(names) + 2, limit):
        page = store.ledger(asked, sort, down, limit, offset)
        assert [each.id for each in page.checkpoints] == names[offset : offset + limit]
        assert page.total == len(names)


def test_an_unknown_order_is_refused(store, campaign):
    for sort in ("sha256", "skill:", ""):
        with pytest.raises(RequestError, match="skill:ID"):
            store.ledger(Wanted(campaign.id), sort)


def test_accuracies_of_another_exam_version_are_not_mixed_in(store, db, campaign):
    ids = [store.record(make_checkpoint(step), T0).checkpoint.id for step in (1, 2, 3)]
    store.set_exam(ids[0], 0.9, {"bin": 0.9}, "v0")
    store.set_exam(ids[1], 0.4, {"bin": 0.4, "sy": 0.1}, "v1")
    assert store.best(campaign.id, "skill:bin").id == ids[1]
    CampaignStore(db).set_exam_version(campaign.id, "v2", T0)
    assert store.best(campaign.id, "skill:bin") is None
    store.set_exam(ids[1], 0.3, {"bin": 0.3}, "v2")
    assert store.best(campaign.id, "skill:bin").id == ids[1]
    assert store.best(campaign.id, "skill:sy") is None
    store.record(make_checkpoint(4), T0)
    store.trash(ids[1], T0)
    assert store.best(campaign.id, "skill:bin") is None
    store.restore(ids[1], T0)
    assert store.best(campaign.id, "skill:bin").id == ids[1]


def test_a_champion_by_hand_is_beaten_by_its_own_accuracy(store, db, campaign):
    campaigns = CampaignStore(db)
    ids = [store.record(make_checkpoint(step), T0).checkpoint.id for step in (1, 2, 3)]
    for name, accuracy in zip(ids, (0.9, 0.4, 0.5), strict=True):
        store.set_exam(name, accuracy, {"bin": accuracy}, "v1")
    campaigns.move_champion(campaign.id, ids[0], 0.9, "v1", T0)
    before, after = campaigns.promote(ids[1], at(1))
    assert (before.champion_id, after.champion_id, after.champion_accuracy) == (ids[0], ids[1], 0.4)
    assert store.get(ids[1]).promoted_at == at(1)
    assert campaigns.promote(ids[1], at(2)) == (after, after)
    assert kinds(db, "champion") == ["champion.moved", "champion.promoted"]
    assert not campaigns.move_champion(campaign.id, ids[2], 0.3, "v1", at(3))[1]
    assert campaigns.move_champion(campaign.id, ids[2], 0.5, "v1", at(3))[1]
    with pytest.raises(ConflictError, match="promoted"):
        store.trash(ids[1], at(4), TrashedBy.PERSON)
    guard = guard_of(store.get(ids[0]), store.anchors(at(4), campaign_id=campaign.id))
    assert (guard.protection, guard.because) == ("guarded", ("former champion",))


def test_a_champion_by_hand_without_an_exam_stays_until_it_has_one(store, db, campaign):
    campaigns = CampaignStore(db)
    ids = [store.record(make_checkpoint(step), T0).checkpoint.id for step in (1, 2)]
    after = campaigns.promote(ids[0], T0)[1]
    assert (after.champion_accuracy, after.champion_exam_version) == (None, None)
    assert not campaigns.would_move_champion(campaign.id, 1.0, "v1", 2)
    assert not campaigns.move_champion(campaign.id, ids[1], 1.0, "v1", T0)[1]
    assert campaigns.move_champion(campaign.id, ids[0], 0.2, "v1", T0)[0].champion_accuracy == 0.2
    assert campaigns.move_champion(campaign.id, ids[1], 1.0, "v1", T0)[0].champion_id == ids[1]
    with pytest.raises(NotFoundError):
        campaigns.promote("mote-1/nothing", T0)


@pytest.mark.usefixtures("campaign")
def test_what_is_in_use_is_neither_trashed_nor_replaced(store, db):
    uses = UseStore(db)
    ids = [store.record(make_checkpoint(step), T0).checkpoint.id for step in (1, 2)]
    uses.use("checkpoint-1", "oracle", at(60))
    uses.use(ids[0], "oracle", at(90))
    assert [(use.holder, use.expires_at) for use in uses.of(ids[0], T0)] == [("oracle", at(90))]
    with pytest.raises(ConflictError, match="in use"):
        store.trash(ids[0], at(89))
    newer = make_checkpoint(1, sha="f" * 64, folder="-b")
    assert store.record(newer, at(89)).checkpoint.id == ids[0]
    assert uses.of(ids[0], at(90)) == ()
    assert uses.forget_expired(at(91)) == 1
    assert store.trash(ids[0], at(91)).trashed_by == TrashedBy.RETENTION
    with pytest.raises(NotFoundError):
        uses.use(ids[0], "oracle", at(99))
    uses.unuse(ids[1], "nobody")


def test_ancestors_and_children(store):
    parent = None
    for step in (1, 2, 3):
        parent = store.record(make_checkpoint(step, parent_id=parent), T0).checkpoint.id
    ids = [each.id for each in store.page(CAMPAIGN)]
    assert [each.step for each in store.lineage(parent)] == [2, 1]
    assert [each.step for each in store.children(store.get("checkpoint-2", CAMPAIGN).id)] == [3]
    store.record(make_checkpoint(9, parent_id=f"{CAMPAIGN}/gone"), T0)
    assert store.lineage(store.get("checkpoint-9", CAMPAIGN).id) == ()
    assert len(ids) == 3


def test_what_has_left_home_has_another_copy(store, db, campaign):
    ids = [store.record(make_checkpoint(step), T0).checkpoint.id for step in (1, 2)]
    with pytest.raises(ConflictError, match="only copy"):
        store.leave_home(ids[0], T0)
    LocationStore(db).add(Location(ids[0], "nas", ids[0], 50, T0, T0))
    assert store.leave_home(ids[0], T0).path == ""
    with pytest.raises(ConflictError, match="latest"):
        store.leave_home(ids[1], T0)
    assert LocationStore(db).count_at_home(campaign.id) == 1
    held = LocationStore(db).held(("home", "nas"))
    assert sorted((each.step, each.size_bytes) for each in held) == [(1, 50), (2, 100)]
    back = store.record(make_checkpoint(1, folder="-b"), T0)
    assert (back.checkpoint.id, back.surplus) == (ids[0], None)
    assert back.checkpoint.path.endswith("-b")


def test_copies_are_entered_once_a_stronghold(db):
    places = LocationStore(db)
    for size in (5, 6):
        places.add(Location("a", "nas", "a", size, T0, T0, {"f": "0" * 64}))
    places.add(Location("a", "attic", "a", 1, T0, T0))
    assert [(copy.stronghold, copy.size_bytes) for copy in places.of("a")] == [("attic", 1), ("nas", 6)]
    places.verified("a", "nas", at(5))
    assert places.of("a")[1].verified_at == at(5)
    places.remove("a", "nas")
    places.remove("a", "nas")
    assert len(places.of("a")) == 1


def test_a_transfer_goes_its_way_once(db):
    transfers = TransferStore(db)
    first = transfers.open("a", "home", "nas", 100, T0)
    assert transfers.open("a", "attic", "nas", 100, T0) == first
    assert transfers.open("b", "home", "nas", 100, T0).id != first.id
    assert not transfers.advance(first.id, 10, T0)
    transfers.set_state(first.id, TransferState.RUNNING, at(1))
    assert transfers.advance(first.id, 10, at(2))
    assert [each.bytes_done for each in transfers.unfinished()] == [10, 0]
    done = transfers.set_state(first.id, TransferState.COMPLETED, at(3))
    assert (done.bytes_done, done.finished_at) == (100, at(3))
    with pytest.raises(ConflictError, match="is completed"):
        transfers.set_state(first.id, TransferState.CANCELLED, at(4))
    assert not transfers.advance(first.id, 20, at(4))
    assert transfers.page()[1] == 2
    assert kinds(db, "transfer") == ["transfer.completed"]
    for name in ("x", "99", "", "9" * 30, "-1"):
        with pytest.raises(NotFoundError):
            transfers.get(name)


def test_assets_are_paged_by_kind(db):
    books = AssetStore(db)
    for number, kind in enumerate((AssetKind.DATASET, AssetKind.DATASET, AssetKind.EXPORT)):
        books.register(Asset(f"{kind}/{number}", kind, str(number), "0" * 64, number, at(number)))
    found, total = books.page(AssetKind.DATASET, limit=1)
    assert ([each.name for each in found], total) == (["1"], 2)
    assert books.page()[1] == 3
    with pytest.raises(NotFoundError):
        books.get("dataset/9")
