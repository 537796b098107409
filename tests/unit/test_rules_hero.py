"""The hero's derived numbers."""

from __future__ import annotations

import pytest

from realm.rules.hero import FORMULAS, HeroState


def test_numbers_follow_their_formulas():
    hero = HeroState(
        "mote", xp=2999, train_loss=0.5, val_loss=0.25, accuracies={"bin": 0.9, "sy": 0.7}, quests_completed=7
    )
    assert hero.hero_level == 2
    assert hero.atk == 2.0
    assert hero.def_ == 4.0
    assert hero.acc == pytest.approx(0.8)
    assert hero.gold == 700


def test_what_was_not_measured_is_none():
    hero = HeroState("mote")
    assert (hero.hero_level, hero.atk, hero.def_, hero.acc, hero.gold) == (0, None, None, None, 0)


def test_a_loss_of_zero_gives_no_infinite_attack():
    assert HeroState("mote", train_loss=0.0).atk is None


def test_every_shown_number_has_a_formula_with_its_constant():
    assert set(FORMULAS) == {"xp", "hero_level", "atk", "def", "acc", "gold"}
    assert "1000" in FORMULAS["hero_level"]
    assert "100" in FORMULAS["gold"]
