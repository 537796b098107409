"""The model card of an exported checkpoint: front matter for the hub, and what the books say, for people.

Knows no store and no files: it writes what it is given, and says what was not measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from huggingface_hub.repocard_data import EvalResult, ModelCardData

from realm.catalog import HeroSpec
from realm.rules.checkpoint import CreatedBy
from realm.rules.model_card import CardFacts
from realm.rules.progression import Evaluation, Exam, wilson_interval
from realm.rules.quest import Quest

QUESTS_LISTED: Final = 100
"""Quests that the card lists; `quests.json` beside it has all."""
TASK: Final = "text-generation"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a campaign's first weights come from. `hub_name` is set when that is certain to be a model of the hub."""

    words: str
    hub_name: str | None = None


def origin_of(hero: HeroSpec, override: str | None) -> Origin:
    """The starting weights by the hero's catalog entry and the setting `hero.base_model`."""
    if override is not None:
        return Origin(f"`hero.base_model`, at the export {_code(override)}")
    if hero.build is not None:
        return Origin("built from scratch, with random weights")
    return Origin(f"the pretrained {_code(hero.base_model or '')}", hero.base_model)


def write_card(facts: CardFacts, hero: HeroSpec, origin: Origin, exported_at: datetime, realm_version: str) -> str:
    """The text of README.md."""
    checkpoint = facts.checkpoint
    data = ModelCardData(
        model_name=checkpoint.id,
        library_name="transformers",
        pipeline_tag=TASK,
        base_model=origin.hub_name if facts.start is None else None,
        tags=["realm-of-training", f"hero:{hero.id}"],
        eval_results=_results(facts) or None,
    )
    sections = (
        _summary(facts, hero, exported_at),
        USE,
        _levels(facts),
        _evaluations(facts),
        _exam(facts),
        _passives(facts),
        _data(facts.quests),
        _lineage(facts, origin),
        _versions(facts, realm_version),
        _limits(facts),
    )
    return f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n"


def quest_list(facts: CardFacts) -> str:
    """`quests.json`: every quest that was trained on, in order."""
    fields = ("name", "sha256", "examples", "origin", "skill_id", "level", "first_step", "last_step")
    rows = [{name: getattr(quest, name) for name in fields} for quest in facts.quests]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


USE: Final = """\
## Use

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
ids = tokenizer.apply_chat_template(
    [{"role": "user", "content": "…"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
)
answer = model.generate(**ids, max_new_tokens=64, do_sample=False)
print(tokenizer.decode(answer[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))
```"""


def _results(facts: CardFacts) -> list[EvalResult]:
    """What was measured of these very weights."""
    results = [
        _result(f"{each.skill_id} level {each.level}", each.accuracy, each.correct, each.n)
        for each in facts.evaluations
        if facts.is_own(each)
    ]
    exam = facts.exam
    if exam is not None:
        for skill, (n, correct) in _exam_counts(exam).items():
            results.append(_result(f"exam, {skill}", exam.skill_accuracies[skill], correct, n, exam.exam_version))
        results.append(
            EvalResult(
                task_type=TASK,
                dataset_type="realm-exam",
                dataset_name="exam",
                dataset_config="exam",
                dataset_revision=exam.exam_version,
                metric_type="accuracy",
                metric_name="mean accuracy over skills",
                metric_value=exam.exam_accuracy,
                metric_args={"n": exam.n},
            )
        )
    results += [
        _result(f"passive {each.passive}", each.correct / each.n, each.correct, each.n) for each in facts.passives
    ]
    return results


def _result(name: str, value: float, correct: int, n: int, version: str | None = None) -> EvalResult:
    low, high = wilson_interval(correct, n)
    return EvalResult(
        task_type=TASK,
        dataset_type="realm-evaluation" if version is None else "realm-exam",
        dataset_name=name,
        # Results of one type, config and revision are taken for one data set.
        dataset_config=name,
        dataset_revision=version,
        metric_type="accuracy",
        metric_value=value,
        metric_args={"n": n, "correct": correct, "wilson_95": [round(low, 4), round(high, 4)]},
    )


def _exam_counts(exam: Exam) -> dict[str, tuple[int, int]]:
    """(n, correct) by skill, where every level of the skill was asked as many problems.

    Only then is the skill's accuracy, a mean over levels, the share of right answers that an interval is given for.
    """
    counts: dict[str, tuple[int, int]] = {}
    for skill, levels in exam.level_results.items():
        if skill in exam.skill_accuracies and len({n for n, _ in levels.values()}) == 1:
            counts[skill] = (sum(n for n, _ in levels.values()), sum(correct for _, correct in levels.values()))
    return counts


def _summary(facts: CardFacts, hero: HeroSpec, exported_at: datetime) -> str:
    checkpoint = facts.checkpoint
    champion = ", the campaign's champion at the export" if facts.campaign.champion_id == checkpoint.id else ""
    rows = [
        ("checkpoint", _code(checkpoint.id)),
        ("hero", f"{hero.name}: {_text(hero.description)}"),
        ("campaign", f"{checkpoint.campaign_id}, begun {_day(facts.campaign.created_at)}"),
        ("step", f"{checkpoint.step:,}"),
        ("saved", f"{_day(checkpoint.saved_at)}, because of {checkpoint.created_by}{champion}"),
        ("train loss, nats a token", _number(checkpoint.train_loss)),
        ("perplexity of the training data", _number(checkpoint.perplexity)),
        ("validation loss, nats a token", _number(checkpoint.val_loss)),
        ("learning rate", _number(checkpoint.learning_rate, "not recorded")),
        ("examples, tokens seen", f"{checkpoint.examples_seen:,}, {checkpoint.tokens_seen:,}"),
        ("sha256 of model.safetensors", _code(checkpoint.sha256)),
        ("exported", _day(exported_at)),
    ]
    title = f"# {hero.name} at step {checkpoint.step:,} of {checkpoint.campaign_id}"
    return f"{title}\n\nA checkpoint from a Realm of Training. The numbers are those of its books.\n\n" + _table(
        ("", ""), rows
    )


def _levels(facts: CardFacts) -> str:
    if not facts.checkpoint.mastered_levels:
        return "## Mastered levels\n\nNone when it was saved."
    highest = facts.max_levels or {}
    rows = [
        (skill, str(level), str(highest.get(skill, "–")))
        for skill, level in sorted(facts.checkpoint.mastered_levels.items())
    ]
    return "## Mastered levels\n\nOf the campaign, when it was saved.\n\n" + _table(("skill", "mastered", "of"), rows)


def _evaluations(facts: CardFacts) -> str:
    if not facts.evaluations:
        return "## Evaluations\n\nThe campaign had none up to this step."
    rows = [
        (
            each.skill_id,
            str(each.level),
            _share(each.correct, each.n),
            "these" if facts.is_own(each) else f"step {each.step:,}",
        )
        for each in facts.evaluations
    ]
    lead = (
        "Problems of the `eval` split, answered greedily; on levels with few distinct problems training has the same "
        "ones. Accuracy with its 95 % Wilson interval.\n\n"
    )
    return f"## Evaluations\n\n{lead}" + _table(("skill", "level", "accuracy", "weights"), rows)


def _exam(facts: CardFacts) -> str:
    exam = facts.exam
    if exam is None:
        return "## Exam\n\nThe books have none of these weights."
    counts = _exam_counts(exam)
    rows = [
        (skill, _share(*reversed(counts[skill])) if skill in counts else f"{accuracy:.3f}")
        for skill, accuracy in sorted(exam.skill_accuracies.items())
    ]
    lead = (
        f"Version `{exam.exam_version}`: a fixed panel of {exam.n} problems, a few of every level of every skill. "
        f"Exam accuracy {exam.exam_accuracy:.4f}, the mean over skills of the mean over levels.\n\n"
    )
    return f"## Exam\n\n{lead}" + _table(("skill", "accuracy"), rows)


def _passives(facts: CardFacts) -> str:
    if not facts.passives:
        return "## Passives\n\nNone was asked of these weights."
    rows = [(each.passive, str(each.version), _share(each.correct, each.n)) for each in facts.passives]
    lead = "Short tests of what is not trained, asked once of these weights.\n\n"
    return f"## Passives\n\n{lead}" + _table(("passive", "version", "accuracy"), rows)


def _data(quests: Sequence[Quest]) -> str:
    if not quests:
        return "## Training data\n\nThe books have no quest before this step."
    total = sum(quest.examples for quest in quests)
    generated = sum(quest.origin == "auto" for quest in quests)
    shown = sorted(quests, key=lambda quest: quest.origin == "auto")[:QUESTS_LISTED]
    rows = [
        (
            _text(quest.name),
            _code(quest.sha256),
            f"{quest.examples:,}",
            quest.origin,
            f"{quest.first_step} to {'–' if quest.last_step is None else quest.last_step}",
        )
        for quest in shown
    ]
    of_them = "" if len(shown) == len(quests) else f" {len(shown)} of them are listed, the generated ones last."
    lead = (
        f"Quests (training data files): {len(quests)}, of which {generated} were generated from the skills; examples: "
        f"{total:,}. `quests.json` has them all, in the order of training.{of_them} The last may be trained on in "
        "part.\n\n"
    )
    return f"## Training data\n\n{lead}" + _table(("quest", "sha256", "examples", "from", "campaign steps"), rows)


def _lineage(facts: CardFacts, origin: Origin) -> str:
    start = facts.start
    if start is None:
        lines = [f"- first weights: {origin.words}"]
    else:
        how = "imported from a folder" if start.created_by == CreatedBy.IMPORT else "the start of the campaign"
        lines = [f"- first weights: {_code(start.id)}, {how}, sha256 {_code(start.sha256)}"]
    parent = facts.checkpoint.parent_id
    if parent is None:
        lines.append("- parent: none, the first checkpoint of its campaign")
    elif not facts.ancestors:
        lines.append(f"- parent: {_code(parent)}, which the ledger no longer has")
    lines += [
        f"- {'parent' if at == 0 else 'before it'}: {_code(each.id)}, step {each.step:,}, {each.created_by}"
        for at, each in enumerate(facts.ancestors)
    ]
    if facts.ancestors and facts.ancestors[-1].parent_id is not None:
        lines.append(f"- before that: {_code(facts.ancestors[-1].parent_id)} and others")
    return "## Lineage\n\n" + "\n".join(lines)


def _versions(facts: CardFacts, realm_version: str) -> str:
    saved = ", ".join(f"{name} {version}" for name, version in facts.checkpoint.versions.items()) or "not recorded"
    return f"## Versions\n\nSaved with {saved}; exported by realm-of-training {realm_version}."


def _limits(facts: CardFacts) -> str:
    checkpoint = facts.checkpoint
    measured: Iterable[Evaluation] = [each for each in facts.evaluations if facts.is_own(each)]
    missing: list[str] = []
    if not measured:
        earlier = " Those above asked earlier ones of the campaign." if facts.evaluations else ""
        missing.append(f"No evaluation asked these very weights.{earlier}")
    if facts.exam is None:
        missing.append("The books have no exam of these weights.")
    if checkpoint.val_loss is None:
        missing.append("Validation loss.")
    if checkpoint.train_loss is None:
        missing.append("Train loss and perplexity at this step: it was saved from a snapshot.")
    if not facts.passives:
        missing.append("Passives.")
    missing.append(
        "Everything that is not named above: other tasks and languages, safety, bias, longer contexts, sampling other "
        "than greedy."
    )
    return "## What was not measured\n\n" + "\n".join(f"- {line}" for line in missing)


def _share(correct: int, n: int) -> str:
    low, high = wilson_interval(correct, n)
    return f"{correct / n:.3f} ({correct} of {n}; {low:.3f} to {high:.3f})"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows])


def _number(value: float | None, otherwise: str = "not measured") -> str:
    return otherwise if value is None else f"{value:.6g}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"


def _text(words: str) -> str:
    """Words from outside as plain text in a table."""
    flat = " ".join(words.split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#~!" else char for char in flat)


def _code(words: str) -> str:
    """Words from outside as code in a table."""
    return f"`{' '.join(words.split()).replace('`', chr(39)).replace('|', '/')}`"
