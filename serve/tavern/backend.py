"""What the Tavern asks of the realm. The Tavern knows this protocol and neither actors, Ray nor the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]


class TavernBackend(Protocol):
    """The realm as its pages see it. Everything here answers JSON-ready values and raises only RealmError."""

    upload_limit_bytes: int

    async def state(self) -> Json:
        """The cached snapshot, also `realm status --json`.

        seq, at, version, home, hero, campaign, battle, skills, quests, next_quest, champion, latest_checkpoint, events,
        services, nodes, disk; title {id, name, priority}, achievements {earned, of}, warnings [{kind, text}]. Of the
        campaign momentum, reason, blockers [{code, severity, subject, what, tried, why, fix, command}], suggested
        {words, command}. What is not known yet is None; pages show a dash.
        """
        ...

    async def loss(self, after: int) -> Json:
        """`{battle_id, points: [[step, train_loss]], val: [[step, val_loss]], marks: [[step, label]]}`.

        Campaign steps > `after`, ascending, at most about 2000 points.
        """
        ...

    async def battle(self, action: str) -> Json:
        """`pause`, `resume` or `stop`; answers `{state, desired_state}` once the wish is recorded."""
        ...

    async def quests(self, statuses: list[str], limit: int, offset: int) -> Json:
        """`{quests: [...], total}`; queued quests in the order they will be fought, finished ones newest first."""
        ...

    async def inspect(self, path: Path, name: str) -> Json:
        """Reads a file without queueing it; QuestError names the line.

        name, format, compression, shape, examples_checked, size_bytes, and preview: `[{messages}|{text}]`.
        """
        ...

    async def post(self, path: Path, name: str, priority: str, intake_id: str) -> Json:
        """Reads, stores and queues a file: `{quest, duplicate}`. The caller deletes `path` afterwards."""
        ...

    async def intake(self, intake_id: str) -> Json:
        """How far a file that is being read for `post` is: `{name, bytes_done, bytes_total}`."""
        ...

    async def cancel_intake(self, intake_id: str) -> None:
        """Ends such a `post` with a ConflictError."""
        ...

    async def cancel(self, quest_id: str) -> Json:
        """The quest, cancelled."""
        ...

    async def retry(self, quest_id: str) -> Json:
        """The quest, queued again."""
        ...

    async def set_priority(self, quest_id: str, priority: str) -> Json:
        """The quest, at the end of another priority."""
        ...

    async def move(self, quest_id: str, before_id: str | None) -> Json:
        """The quest, placed before another of its priority, or last of it."""
        ...

    async def events(self, before: int | None, limit: int) -> list[Json]:
        """Events with `seq` < `before`, newest first."""
        ...

    async def notices(self, after: int, limit: int) -> Json:
        """`{notices: [{seq, at, kind, title, detail}], next_after}`: of the events with `seq` > `after`, oldest first.

        kind: level_up, champion, blocker, verdict, battle_failed, title or achievement. `next_after` goes on from here.
        """
        ...

    async def honours(self, campaign_id: str | None = None) -> list[Json]:
        """Every title, then every achievement, of one campaign; by default of the one whose state is shown.

        `[{id, name, kind, category, icon, priority, description, earned_at, step, progress: [{text, value, target,
        met}]}]`: kind is title or achievement; titles have a priority, achievements a category and an icon; earned_at
        and step are None until it is earned, value while it is not measured; progress has a row for each measure of
        the condition, as of now: what was earned stays earned, also where one is no longer met.
        """
        ...

    async def visit(self) -> Json:
        """Notes that somebody looks: `{id, first_at, last_at, dismissed}`. Looks of any browser that are at most five
        minutes apart are one visit."""
        ...

    async def away(self, since: str | None) -> Json:
        """`{visit, away}`: the visit under way and what happened in the last absence, or since `since`; each or None.

        away: campaign_id, since, until, seconds; failures `[{kind, count, last, reason, at, words}]`; trained_s,
        paused_s, idle_s, which add up to seconds; xp_before, xp_after, xp_gained, hero_level_before, hero_level_after;
        quests_completed, gold; train_loss and val_loss `{before, after, change}`; skill_ups `[{skill_id, levels}]`;
        champion `{before, after}`, each `{checkpoint_id, step, exam_accuracy}` or None; next_action `{words, command}`
        or None.
        """
        ...

    async def dismiss_away(self, visit: int) -> Json:
        """The visit, its card put away in every browser."""
        ...

    async def campaigns(self) -> Json:
        """`{campaigns, waits, hero, heroes: [{id, name, parameters}]}`: every campaign, newest first.

        A campaign: id, hero_id, number, life (active, paused, archived, trashed), life_since, momentum,
        momentum_reason, exam_version, created_at, champion_id, champion_accuracy, champion_exam_version,
        starting_checkpoint_id, note, step, mastered {skill id: level}, parameters. waits: None, or `{leaves_to,
        activates, requested_at}`, the change of the active campaign that waits until its battle is saved. hero: that
        of the current campaign, which a new one is of unless another is named.
        """
        ...

    async def campaign(self, campaign_id: str) -> Json:
        """The campaign's row with waits, and its record.

        transitions, oldest first: `[{skill_id, level, step, at, total, cost}]`, total and cost `{step, tokens,
        examples, seconds}` or None; reached, the same up to now; climbs, interventions and verdicts (newest first);
        skills `[{id, name, colour, max_level}]` of the whole catalog; bests: levels and accuracy
        `{evaluation_id, skill_id, level, step, n, correct, accuracy, low, high, at}`, streaks `[{skill_id, length,
        first_step, last_step, going_on}]`, train_loss and val_loss `{loss, step, at}`, exam `{accuracy, n, step, at}`;
        strain: formula, width, needed (windows), windows `[[first, last, points, loss]]`, floor `{loss, low, high,
        windows}`, now, zone, zones `[{id, from (strain), factor (of perplexity, its end), windows}]`; milestones
        `[{key, at, step, title, note, own}]`; overrides `{attempt, began_at, ended_at, settings}`, settings None where
        they were not kept; warnings `[{kind, text, since}]`. What is not known is None.
        """
        ...

    async def compare_campaigns(self, campaign_ids: list[str]) -> list[Json]:
        """1 to 20 campaigns' rows with transitions, reached and caps `[{campaign_id, hero_id, parameters, skill_id,
        mastered_level, cap_level, kind, step, tokens, seconds}]`."""
        ...

    async def begin_campaign(self, hero_id: str | None, starting_checkpoint: str | None, note: str) -> Json:
        """A new campaign's row, paused; `starting_checkpoint` is an id, a name or an alias."""
        ...

    async def change_campaign(self, campaign_id: str, action: str) -> Json:
        """`activate`, `pause`, `archive`, `restore` or `delete`; the row with `waits`."""
        ...

    async def reopen_campaign(self, campaign_id: str, skill_id: str | None) -> Json:
        """Withdraws the verdict of a skill, of every skill without one; answers as `campaign` but for the record."""
        ...

    async def note_milestone(self, campaign_id: str, key: str | None, title: str, note: str | None) -> Json:
        """The milestone, noted; without a key a new one at the present step; note None takes back what was written."""
        ...

    async def guild(self) -> Json:
        """Skills, primitives and passives of the active campaign, and how its training is planned.

        step; strategy `{name, focus, choices: [{id, title, about}]}`; preset `{name, choices}`, name None = put
        together by hand; mix `{replay_share, next_share, kind}`; limits `{priorities: [1, …], sparring_problems (at
        most), window (evaluations that a level is judged by), pooled_runs, pooled_problems (what a passive is judged
        by: LITE runs, and their problems)}`; skills, all of the catalog: id, name, description, category, icon, colour,
        enabled, available, unavailable_reason, priority (1 to 9), share (of the planned training), max_level,
        mastered_level, training_level, level_title, level_titles (of every level), memorizable, threshold, xp, window
        and recent (in the order they were recorded) of `{step, level, n, correct, accuracy, low, high, at}`, recent
        with mastered_level too, window_mean, primitives (weakest first), sparring (the last session or None);
        primitives `{id, track, title, attempts, correct, window_n, window_correct, window_accuracy, low, high, history:
        [{step, n, correct}]}`; passives `{id, title, version, runs: [{step, n, correct, accuracy, low, high, mode, at}]
        (by step), pooled, peak, warning}`; open_jobs `[{type, skill_id, status, job_id, error}]`, error that of the
        last failed attempt.
        """
        ...

    async def guild_skill(self, skill_id: str, level: int | None) -> Json:
        """The skill's row of `guild`, and what one page about it shows.

        sessions of sparring, newest first: `[{skill_id, level, step, n, first_correct, second_correct, mistakes,
        quest_id, reason (why there is no quest), at}]`; levels `[{level, title, memorizable, mastered_at_step, n,
        correct, accuracy, weight}]`; samples `[{level, step, at, answers: [{prompt, answer, expected,
        correct, reason}]}]`, newest first; examples `[{level, prompt, response}]` of `level`, by default the training
        level. NotFoundError for a skill that is not available.
        """
        ...

    async def set_strategy(self, strategy: str, focus: str | None) -> Json:
        """How the training is shared between the enabled skills."""
        ...

    async def set_preset(self, preset: str) -> Json:
        """Strategy and mix of a preset."""
        ...

    async def set_skill(self, skill_id: str, enabled: bool | None, priority: int | None) -> Json:
        """Whether a skill is trained, evaluated and examined in this campaign, and its priority."""
        ...

    async def evaluate(self, skill_id: str, level: int | None) -> Json:
        """Queues an evaluation of a level, by default the training level: `{job_id, status}`."""
        ...

    async def spar(self, skill_id: str, count: int) -> Json:
        """Queues a sparring session of `count` problems: `{job_id, status}`."""
        ...

    async def run_passives(self, mode: str) -> Json:
        """Queues a run of every passive, `lite` or `full`: `{job_id, status}`."""
        ...

    async def job(self, job_id: str) -> Json:
        """`{job_id, type, skill_id, status, result, error, cancel_reason}`; result is None until it is completed."""
        ...

    async def cancel_job(self, job_id: str) -> Json:
        """The job, cancelled."""
        ...
