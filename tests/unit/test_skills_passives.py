"""The passives: what there is, and their keys against solvers that read the prompt alone."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import passive_solvers
import passive_word_solvers
import pytest
from passive_solvers import Solver, solve
from syllacrostic_reader import rows

from skills import get_engine
from skills.lexicon import Word, unseen
from skills.passives.language import DEGREES, PLURALS, SAID, VERBS, Meaning, wrong_options
from skills.question import Question

ENGINE = get_engine()
IDS = (
    "arithmetic binary_arithmetic code_trace combinatorics counting language_basics logic memory sequence string_craft "
    "word_puzzles"
)
SOLVERS: dict[str, tuple[dict[str, Solver], int]] = {
    "arithmetic": (passive_solvers.ARITHMETIC, 2_000),
    "binary_arithmetic": (passive_solvers.BINARY_ARITHMETIC, 2_000),
    "code_trace": (passive_solvers.CODE_TRACE, 1_500),
    "combinatorics": (passive_solvers.COMBINATORICS, 800),
    "counting": (passive_solvers.COUNTING, 2_000),
    "sequence": (passive_solvers.SEQUENCE, 2_000),
    "logic": (passive_word_solvers.LOGIC, 1_500),
    "memory": (passive_word_solvers.MEMORY, 1_500),
    "string_craft": (passive_word_solvers.STRING_CRAFT, 2_000),
    "word_puzzles": (passive_word_solvers.WORD_PUZZLES, 1_500),
}
"""Passive → solvers by wording, and how many questions they are asked."""


def drawn(name: str, count: int, seed: int = 1) -> Iterator[Question]:
    random, draw = Random(seed), ENGINE.passive(name).draw
    return (draw(random) for _ in range(count))


def test_there_are_11() -> None:
    assert " ".join(passive.id for passive in ENGINE.list_passives()) == IDS


def test_versions_of_the_questions() -> None:
    """Whoever changes what a passive asks, or how, raises its version in passives.yaml and this digest.

    Those that take their words from the lexicon change with it.
    """
    digests: dict[str, str] = {}
    for passive in ENGINE.list_passives():
        problems = passive.generate(30, 7, "train") + passive.generate(30, 7, "eval")
        text = "".join(f"{p.skill_id}|{p.prompt}|{p.answer}|{p.key}\n" for p in problems)
        digests[passive.source] = hashlib.sha256(text.encode()).hexdigest()[:12]
    assert digests == {
        "passive/arithmetic@2": "cb59f804f321",
        "passive/binary_arithmetic@2": "3c2c0c96e690",
        "passive/code_trace@1": "45f7c3ddac46",
        "passive/combinatorics@1": "afe501af144d",
        "passive/counting@2": "43c786663b71",
        "passive/language_basics@2": "b86f781b0116",
        "passive/logic@1": "f6e7cb6598d9",
        "passive/memory@1": "88358a0995b1",
        "passive/sequence@1": "f3d4fc5ec70d",
        "passive/string_craft@1": "cf4ff59b3aab",
        "passive/word_puzzles@2": "9a16ffa59992",
    }


@pytest.mark.parametrize("name", SOLVERS)
def test_answers_follow_from_the_prompt_alone(name: str) -> None:
    table, count = SOLVERS[name]
    for question in drawn(name, count):
        assert question.answer == solve(table, question.prompt), question.prompt


@pytest.mark.parametrize("name", SOLVERS)
def test_every_wording_is_asked(name: str) -> None:
    table, count = SOLVERS[name]
    prompts = [question.prompt for question in drawn(name, count, seed=2)]
    for pattern in table:
        assert any(re.fullmatch(pattern, prompt, re.S) for prompt in prompts), pattern


@pytest.mark.parametrize("name", ["language_basics", "word_puzzles"])
def test_options_are_no_clue(name: str) -> None:
    """Where the answer stands among the options says nothing about it."""
    places = Counter[int]()
    for question in drawn(name, 8_000):
        if match := re.search(r"words ([a-z, ]+ and \w+) ", question.prompt):
            places[re.split(", | and ", match[1]).index(question.answer)] += 1
    assert len(places) == 4
    assert max(places.values()) < 1.35 * min(places.values())


# Language, whose answers are facts about English


def test_forms_of_words_are_those_of_the_tables() -> None:
    plurals, verbs, degrees = ({word: forms for word, *forms in table} for table in (PLURALS, VERBS, DEGREES))
    tables = {
        "plural": (plurals, 0), "past": (verbs, 0), "third": (verbs, 1), "participle": (verbs, 2),
        "comparative": (degrees, 0), "superlative": (degrees, 1),
    }  # fmt: skip
    seen: set[str] = set()
    for question in drawn("language_basics", 3_000):
        kind, _, word = question.key.partition(" ")
        if kind in tables:
            table, column = tables[kind]
            assert question.answer == table[word][column]
            assert re.search(rf"\b{word}\b", question.prompt)
            seen.add(kind)
    assert seen == set(tables)


def test_regular_forms_are_spelled_by_rule() -> None:
    """Doubling, y to i, silent e, -es after hissing: an independent writing of the rules finds slips in the tables."""
    vowel = "aeiou"

    def third(verb: str) -> str:
        if re.search("(s|x|ch|sh|o)$", verb):
            return f"{verb}es"
        return f"{verb[:-1]}ies" if verb[-1] == "y" and verb[-2] not in vowel else f"{verb}s"

    def doubled(word: str) -> str:
        short = re.fullmatch("(be|for)?[^aeiou]*[aeiou][^aeiouwxy]", word)
        return word + word[-1] if short else word.removesuffix("e")

    for verb, _, third_person, participle in VERBS:
        assert third_person == ("has" if verb == "have" else third(verb))
        assert participle == (f"{verb}ing" if verb == "see" else f"{doubled(verb)}ing")
    for word, comparative, superlative in DEGREES:
        if word not in {"good", "bad"}:
            stem = f"{word[:-1]}i" if word[-1] == "y" else doubled(word)
            assert (comparative, superlative) == (f"{stem}er", f"{stem}est")
    irregular: list[str] = []
    for one, many in PLURALS:
        regular = {third(one), f"{one}s"} if one[-1] == "o" else {third(one), f"{re.sub('fe?$', 'v', one)}es"}
        irregular += [] if many in regular else [one]
    assert " ".join(irregular) == "child crisis deer foot goose man mouse ox sheep tooth woman"


def test_numbers_in_words() -> None:
    ones = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    words = [*ones.split(), "seventeen", "eighteen", "nineteen"]
    for tens in ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"):
        words += [tens, *(f"{tens}-{one}" for one in words[1:10])]
    assert len(words) == 100
    found = 0
    for question in drawn("language_basics", 3_000):
        if match := re.fullmatch(r"Write ([a-z-]+) in digits\.\nAnswer with a number\.", question.prompt):
            assert words[int(question.answer)] == match[1]
        elif match := re.match(r"(?:Write|Spell out) (\d+) in words", question.prompt):
            assert question.answer == words[int(match[1])]
            found += 1
    assert found > 100


def test_articles_go_with_the_sound() -> None:
    asked = {q.key.split()[1]: q.answer for q in drawn("language_basics", 6_000) if q.key.startswith("article ")}
    assert len(asked) > 80
    for word, answer in asked.items():
        assert word[0] not in "huy"
        assert answer == ("an" if word[0] in "aeio" else "a")


def test_agreement_goes_with_the_noun() -> None:
    singular = {"is", "was", "has", "does"}
    nouns = dict(PLURALS)
    seen = 0
    for question in drawn("language_basics", 3_000):
        if match := re.search(r"The (\w+)(?: near the \w+)? ___ .+\nAnswer (\w+) or (\w+)\.", question.prompt):
            seen += 1
            assert question.answer == match[2 if match[1] in nouns else 3]
            assert (question.answer in singular) == (match[1] in nouns)
    assert seen > 100


MEANINGS: list[tuple[str, Callable[[Word], str], Callable[[Word], str]]] = [
    (r'means "(.+)"', lambda word: word.definition, lambda word: word.word),
    (r"is closest in meaning to (\w+)", lambda word: word.word, lambda word: word.synonym),
    (r"is the opposite of (\w+)", lambda word: word.word, lambda word: word.antonym),
]
"""What is asked, what of the word stands there, and the answer."""


def options_of(prompt: str) -> tuple[list[str], str] | None:
    """The options of a question of the language or the word puzzles, and what is said of one."""
    for pattern in (
        r"Which of the words ([a-z, ]+ and [a-z]+) ((?:means|is|can|fits|rhymes|has|comes) .+)\?\n",
        r"([a-z, ]+ or [a-z]+): which ((?:means|is) .+)\?\n",
        r"Only one of these words (?P<what>.+): ([a-z, ]+)\. Which\?",
    ):
        if match := re.match(pattern, prompt):
            options, what = match.groups() if "what" not in match.groupdict() else match.groups()[::-1]
            return re.split(", | and | or ", options), what
    return None


def test_meanings_have_one_right_option_and_are_of_unseen_words() -> None:
    seen = Counter[str]()
    for question in drawn("language_basics", 4_000):
        found = options_of(question.prompt)
        if found is None:
            continue
        options, what = found
        assert len(set(options)) == 4
        [(match, shown, answer)] = [
            (match, shown, answer) for pattern, shown, answer in MEANINGS if (match := re.fullmatch(pattern, what))
        ]
        [word] = [word for word in unseen() if shown(word) == match[1]]
        assert question.answer == answer(word)
        # Each option is of an unseen word as the answer is, so that it is no more familiar than the others.
        assert set(options) <= {answer(each) for each in unseen()}
        seen[what.split()[1 if what.startswith("is") else 0]] += 1
    assert len(seen) == 3
    assert seen.total() > 800


@pytest.mark.parametrize("meaning", SAID)
def test_no_wrong_option_is_right(meaning: Meaning) -> None:
    """Of all that can be asked, by the lexicon's file: none is the word or the answer, and none is said of the word."""
    for word in unseen():
        answer = SAID[meaning](word)
        if not answer:
            continue
        groups = wrong_options(word, meaning)
        options = [option for group in groups for option in group]
        assert len(groups) >= 10
        assert len(set(options)) == len(options)
        assert not {word.word, answer} & set(options)
        column = "antonym" if meaning == "antonym" else "synonym"
        said_of_it = {rows()[word.word][column], *(name for name, row in rows().items() if row[column] == word.word)}
        assert not said_of_it & set(options), word
        # Nor is it said of what is like the answer.
        alike = {rows()[answer]["synonym"]} if answer in rows() else set[str]()
        assert not {*alike, *(name for name, row in rows().items() if row["synonym"] == answer)} & set(options), word


def test_where_the_answer_is_an_unseen_word_all_options_are() -> None:
    known = {word.word for word in unseen()}
    kinds = Counter[str]()
    for question in drawn("word_puzzles", 3_000):
        found = options_of(question.prompt)
        assert found is not None, question.prompt
        options, what = found
        if re.match("can be made|fits|rhymes|is hidden", what):
            assert set(options) <= known, question.prompt
            kinds[what.split()[0]] += 1
    assert len(kinds) == 4
    assert kinds.total() > 1_000
