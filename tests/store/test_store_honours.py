"""What was earned and which warnings stand, on a real database: awarded once, told once, kept, read by the pages."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import event
from store_helpers import CAMPAIGN, T0, at, kinds, make_checkpoint

from actors.campaign_director import CampaignDirector
from actors.honour_books import HonourBooks
from actors.honours import READ_INTERVAL_S, Awarding
from actors.snapshot import StateReader
from realm.catalog.honours import shipped_honours
from realm.errors import ConflictError
from realm.home import RealmHome
from realm.rules.campaign_warnings import CampaignWarning, WarningKind, warnings_of
from realm.rules.progression import Evaluation, LevelRule
from realm.rules.record import CampaignRecord, LevelRecord, Score, SkillRecord
from realm.rules.titles import HeldHonour, HonourKind
from realm.store.campaign_warnings import WarningStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.events import KEPT, EventStore
from realm.store.honours import HonourStore
from realm.store.primitives import PrimitiveRun, PrimitiveStore
from realm.store.skills import SkillStore
from skills import exam_version, get_engine

HONOURS = shipped_honours()
PAGE = next(each for each in HONOURS.titles if each.id == "bit_page")
RUNE = next(each for each in HONOURS.achievements if each.id == "bin_1")


@pytest.fixture(autouse=True)
def _campaign(db):
    CampaignStore(db).ensure_campaign("mote", exam_version([get_engine().get("bin")]), T0)


def evaluate(db, number, correct, level=1, n=100):
    one = Evaluation(CAMPAIGN, "bin", level, number, n, correct, number, number, f"bin-{number}", at(number))
    SkillStore(db).record_evaluation(one, LevelRule(max_level=30))


def master(db):
    for number in range(1, 4):
        evaluate(db, number, 90)
    CheckpointStore(db).record(make_checkpoint(1500), T0)


def told(db, prefix):
    return [each for each in EventStore(db).after(0, 10_000) if each.kind.startswith(prefix)]


def held(db):
    return {each.honour_id for each in HonourStore(db).held(CAMPAIGN)}


def awarding(db, seconds=5000):
    return Awarding(db, lambda: at(seconds))


def test_an_honour_is_awarded_once_with_one_event_in_words(db):
    store = HonourStore(db)
    assert store.award(CAMPAIGN, [PAGE, PAGE], [RUNE], 40, at(1)) == (
        HeldHonour(HonourKind.TITLE, "bit_page", at(1), 40),
        HeldHonour(HonourKind.ACHIEVEMENT, "bin_1", at(1), 40),
    )
    assert store.award(CAMPAIGN, [PAGE], [RUNE], 90, at(2)) == ()
    assert [(each.honour_id, each.at, each.step) for each in store.held(CAMPAIGN)] == [
        ("bin_1", at(1), 40), ("bit_page", at(1), 40),
    ]  # fmt: skip
    title, achievement = told(db, "title.earned") + told(db, "achievement.earned")
    assert (title.title, title.detail) == ("Title: Bit Page", "BIN level 1 mastered")
    assert (achievement.title, achievement.detail) == ("Achievement: First Rune", "BIN level 1 mastered")
    assert title.data == {"campaign_id": CAMPAIGN, "id": "bit_page", "step": 40}


def test_each_campaign_earns_for_itself(db):
    store = HonourStore(db)
    store.award(CAMPAIGN, [PAGE], [], 1, at(1))
    assert store.held("mote-2") == ()
    assert len(store.award("mote-2", [PAGE], [], 1, at(2))) == 1


def test_what_fails_half_way_awards_nothing_and_tells_nothing(db):
    def fail(_connection, _cursor, statement, parameters, *_):
        if "INSERT INTO events" in statement and "achievement.earned" in str(parameters):
            raise KeyError(statement)

    event.listen(db._reader, "before_cursor_execute", fail)
    with pytest.raises(KeyError):
        HonourStore(db).award(CAMPAIGN, [PAGE], [RUNE], 1, at(1))
    event.remove(db._reader, "before_cursor_execute", fail)
    assert held(db) == set()
    assert told(db, "title") == []


def test_the_record_earns_and_what_falls_later_is_kept(db):
    master(db)
    room, campaign = awarding(db), CampaignStore(db).get(CAMPAIGN)
    room.tick(campaign)
    earned = held(db)
    assert {"bit_page", "bin_1", "checkpoint_1", "wayfarer"} <= earned
    assert {each.step for each in HonourStore(db).held(CAMPAIGN)} == {1500}
    with db.write() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoints")  # as retention does
    assert room.reader.record(CAMPAIGN).hero_level == 0  # what the Wayfarer needs is gone
    again = awarding(db, 7000)
    again.tick(campaign)
    assert held(db) == earned
    assert len(told(db, "title.earned")) + len(told(db, "achievement.earned")) == len(earned)


def test_the_record_is_read_every_ten_seconds_and_when_it_is_hurried(db, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("actors.honours.time.monotonic", lambda: clock[0])
    room, campaign, seen = awarding(db), CampaignStore(db).get(CAMPAIGN), []
    record = room.reader.record
    monkeypatch.setattr(room.reader, "record", lambda campaign_id: seen.append(campaign_id) or record(campaign_id))
    for seconds in (0, 1, READ_INTERVAL_S - 1):
        clock[0] = 1000.0 + seconds
        room.tick(campaign)
    assert seen == [CAMPAIGN]
    room.hurry()
    room.tick(campaign)
    room.tick(campaign)
    assert len(seen) == 2
    clock[0] += READ_INTERVAL_S
    room.tick(campaign)
    assert len(seen) == 3
    other = CampaignStore(db).ensure_campaign("dio", "v1", T0)
    room.tick(other)
    assert seen[3:] == ["dio-1"]


def test_the_director_awards_in_its_tick_and_at_once_after_a_level(db, database_path, monkeypatch):
    def nobody(_name):
        raise ConflictError("nobody answers")

    monkeypatch.setattr("actors.campaign_director.Ticker.__init__", lambda *_: None)
    monkeypatch.setattr("actors.campaign_director.Ticker.nudge", lambda _: None)
    director = CampaignDirector(str(database_path.parent))
    monkeypatch.setattr(director, "peer", nobody)
    director._tick()
    assert held(db) == set()
    master(db)
    director._tick()
    assert held(db) == set()  # it has just read
    director.level_mastered("bin", 1)
    director._tick()
    assert {"bit_page", "bin_1"} <= held(db)
    director.database.close()


def fall(latest, best=95):
    """The warnings of a level of BIN at so many of 100."""
    levels = {1: LevelRecord(Score(best, 100), Score(latest, 100))}
    return warnings_of(CampaignRecord(skills={"bin": SkillRecord(levels=levels)}), {"bin": "BIN"})


def test_a_warning_is_told_when_it_is_more_than_chance_once_and_when_it_is_over(db):
    def settle(number, latest):
        WarningStore(db).settle(CAMPAIGN, fall(latest), at(number))  # each time as after a restart

    settle(1, 85)  # 10 points, the intervals overlap
    (standing,) = WarningStore(db).standing(CAMPAIGN)
    assert (standing.name, standing.points, standing.told, standing.since) == (
        "BIN level 1", pytest.approx(10.0), False, at(1),
    )  # fmt: skip
    settle(2, 60)
    settle(3, 61)
    settle(4, 85)  # by chance, then
    for number, latest in ((5, 60), (6, 61), (7, 61), (8, 61)):  # the same again is the same result
        settle(number, latest)
        assert kinds(db, "warning") == []
    for number, latest in ((9, 60), (10, 62), (11, 85), (12, 60), (13, 61), (14, 62), (15, 61)):
        settle(number, latest)
    assert kinds(db, "warning") == ["warning.regression"]
    settle(16, 90)
    settle(17, 85)
    settle(18, 90)
    assert kinds(db, "warning") == ["warning.regression", "warning.ended"]
    begun, ended = told(db, "warning")
    assert begun.title == "Below its best: BIN level 1"
    assert (begun.detail, begun.at) == (fall(60)[0].text, at(9))
    assert begun.data["warnings"] == [{"kind": "regression", "subject": "bin", "level": 1}]
    assert ended.title == "No longer a warning: BIN level 1"
    assert ended.detail == f"Since 2026-01-01 12:00 UTC: {fall(61)[0].text}"
    assert WarningStore(db).standing(CAMPAIGN) == ()


def test_a_warning_that_outlasts_its_event_is_not_told_again(db):
    for latest in (58, 59, 60):
        WarningStore(db).settle(CAMPAIGN, fall(latest), T0)
    assert kinds(db, "warning") == ["warning.regression"]
    later = T0 + KEPT + timedelta(days=1)
    EventStore(db).prune(later)
    WarningStore(db).settle(CAMPAIGN, fall(60), later)
    WarningStore(db).settle(CAMPAIGN, fall(59), later)
    assert kinds(db, "warning") == []


def test_the_same_warnings_again_write_nothing(db):
    statements = []
    WarningStore(db).settle(CAMPAIGN, fall(60), T0)
    event.listen(db._reader, "before_cursor_execute", lambda *args: statements.append(args[2]))
    WarningStore(db).settle(CAMPAIGN, fall(60), at(9))
    assert [each.split()[0] for each in statements] == ["BEGIN", "SELECT"]


def test_what_becomes_weak_at_once_is_one_event(db):
    def weak(round_, *names):
        score = Score(10, 100)
        return [CampaignWarning(WarningKind.WEAK_PRIMITIVE, each.lower(), 0, each, score, None, False,
                                f"{each} {round_}.") for each in names]  # fmt: skip

    for number in range(3):
        WarningStore(db).settle(CAMPAIGN, weak(number, "A", "B", "C", "D", "E"), at(number))
    for number in range(3, 6):
        WarningStore(db).settle(CAMPAIGN, [*weak(number, "A", "F"), *fall(50 - number)], at(number))
    assert [(each.kind, each.title) for each in told(db, "warning")] == [
        ("warning.weak_primitive", "Weak primitive: A, B, C and 2 more"),
        ("warning.ended", "No longer a warning: B, C, D and 1 more"),
        ("warning.regression", "Below its best: BIN level 1"),
        ("warning.weak_primitive", "Weak primitive: F"),
    ]
    assert told(db, "warning")[0].detail == "A 2. B 2. C 2. D 2. E 2."
    WarningStore(db).settle("mote-2", weak(9, "A"), at(9))
    assert len(WarningStore(db).standing(CAMPAIGN)) == 3


def test_the_record_warns_of_what_fell_and_of_what_is_weak(db):
    master(db)
    for number in range(4, 8):
        evaluate(db, number, 95 if number == 4 else 20, level=2)
    PrimitiveStore(db).record(PrimitiveRun(CAMPAIGN, 8, 60, 12, "p-1", T0), {"carry": "0" * 48 + "1" * 12})
    awarding(db).tick(CampaignStore(db).get(CAMPAIGN))
    assert [(each.kind, each.subject, each.level) for each in WarningStore(db).standing(CAMPAIGN)] == [
        ("regression", "bin", 2), ("weak_primitive", "carry", 0),
    ]  # fmt: skip
    assert kinds(db, "warning") == []


def test_the_state_tells_the_primary_title_what_was_earned_and_what_is_weak(db, tmp_path):
    reader = StateReader(RealmHome(tmp_path), db)
    shown = ("title", "achievements", "warnings")
    found = reader.read(None, T0)
    assert [found[name] for name in shown] == [None, {"earned": 0, "of": len(HONOURS.achievements)}, []]
    titles = [each for each in HONOURS.titles if each.id in ("wayfarer", "bit_knight", "bit_page")]
    HonourStore(db).award(CAMPAIGN, titles, [RUNE], 1, T0)
    HonourStore(db).award("mote-2", HONOURS.titles, HONOURS.achievements, 1, T0)
    WarningStore(db).settle(CAMPAIGN, fall(60), T0)
    found = reader.read(None, T0)
    assert found["title"] == {"id": "bit_knight", "name": "Bit Knight", "priority": 30}
    assert found["achievements"] == {"earned": 1, "of": len(HONOURS.achievements)}
    assert found["warnings"] == [{"kind": "regression", "text": fall(60)[0].text}]


def test_the_state_of_no_campaign_has_them_too(db, tmp_path):
    with db.write() as connection:
        connection.exec_driver_sql("DELETE FROM campaigns")
    found = StateReader(RealmHome(tmp_path), db).read(None, T0)
    assert (found["title"], found["achievements"]["earned"], found["warnings"]) == (None, 0, [])


def test_an_honour_that_is_no_longer_declared_is_not_counted(db):
    gone = type(RUNE)("gone", "Gone", "bin", "key", RUNE.condition, "")
    HonourStore(db).award(CAMPAIGN, [], [gone], 1, T0)
    assert HonourBooks(db).state(CAMPAIGN)["achievements"]["earned"] == 0


def test_the_state_reads_no_record(db, monkeypatch):
    books = HonourBooks(db)
    monkeypatch.setattr(books.reader, "record", lambda _: pytest.fail("a record was read"))
    begun = time.process_time()
    for _ in range(20):
        books.state(CAMPAIGN)
    assert (time.process_time() - begun) / 20 < 0.05


def test_every_honour_has_a_row_with_its_progress(db):
    master(db)
    awarding(db).tick(CampaignStore(db).get(CAMPAIGN))
    rows = HonourBooks(db).rows(CAMPAIGN)
    assert [each["id"] for each in rows] == [each.id for each in (*HONOURS.titles, *HONOURS.achievements)]
    found = {each["id"]: each for each in rows}
    assert found["bit_page"] == {
        "id": "bit_page", "name": "Bit Page", "kind": "title", "category": None, "icon": None, "priority": 10,
        "description": "BIN level 1 mastered", "earned_at": at(5000).isoformat(), "step": 1500,
        "progress": [{"text": "BIN level 1 mastered", "value": 1, "target": 1, "met": True}],
    }  # fmt: skip
    assert found["bit_squire"] | {"name": ""} == {
        "id": "bit_squire", "name": "", "kind": "title", "category": None, "icon": None, "priority": 20,
        "description": "BIN level 5 mastered", "earned_at": None, "step": None,
        "progress": [{"text": "BIN level 5 mastered", "value": 1, "target": 5, "met": False}],
    }  # fmt: skip
    rune = found["bin_1"]
    assert (rune["kind"], rune["category"], rune["icon"], rune["priority"]) == (
        "achievement", "bin", "rune-bin", None,
    )  # fmt: skip
    assert any(len(each["progress"]) > 1 for each in rows)
    assert {each["earned_at"] for each in HonourBooks(db).rows(None)} == {None}
