"""Heroes: built, loaded from a folder, and missing; generation and evaluation on a real tiny model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from realm.catalog import HeroSpec, hero_spec, list_heroes
from realm.config import RealmConfig
from realm.errors import ConfigError, HeroError
from realm.inference.evaluation import ask, evaluate, take_exam, validation_loss, validation_set
from realm.inference.generation import generate, load_weights
from realm.models.chat import chat_ids, spells
from realm.models.hero import Hero, build_hero, empty_hero
from realm.training.settings import open_hero, starting_weights
from skills import exam_panel, get_engine


@pytest.fixture(scope="module")
def hero(mote: HeroSpec, mote_folder: Path) -> Hero:
    torch.set_num_threads(1)
    return open_hero(mote, mote_folder)


def test_the_heroes_of_the_catalog() -> None:
    assert [spec.id for spec in list_heroes()] == ["dio", "flo", "mote", "mote-100k", "mote-20k"]
    with pytest.raises(ConfigError, match="'mote'"):
        hero_spec("mot")


def test_mote_is_a_small_qwen3(hero: Hero, mote: HeroSpec) -> None:
    assert hero.model.config.model_type == "qwen3"
    assert 0.35e6 < hero.parameters < 0.5e6
    assert abs(hero.parameters - mote.parameters) < 0.05 * mote.parameters
    for skill in map(get_engine().get, ("bin", "sy")):
        assert spells(hero.tokenizer, skill.symbol_alphabet)
        for char in skill.alphabet + skill.symbol_alphabet:
            assert len(hero.tokenizer(char)["input_ids"]) == 1, char


@pytest.mark.parametrize("name", ["mote-20k", "mote-100k"])
def test_a_small_mote_has_the_parameters_that_its_name_says(name: str, hero: Hero, tmp_path: Path) -> None:
    spec = hero_spec(name)
    small = open_hero(spec, build_hero(spec, tmp_path / name, 1, spec.max_length))
    assert small.parameters == spec.parameters
    assert round(small.parameters, -len(str(spec.parameters)) + 1) == int(name[5:-1]) * 1000
    assert small.tokenizer.get_vocab() == hero.tokenizer.get_vocab()


def test_building_is_reproducible_and_keeps_what_is_there(mote: HeroSpec, mote_folder: Path, tmp_path: Path) -> None:
    again = build_hero(mote, tmp_path / "again", RealmConfig().training.seed, mote.max_length)
    assert (again / "model.safetensors").read_bytes() == (mote_folder / "model.safetensors").read_bytes()
    other = build_hero(mote, tmp_path / "other", 3, mote.max_length)
    assert (other / "model.safetensors").read_bytes() != (mote_folder / "model.safetensors").read_bytes()
    stamp = (again / "model.safetensors").stat().st_mtime_ns
    build_hero(mote, again, 3, mote.max_length)
    assert (again / "model.safetensors").stat().st_mtime_ns == stamp


def test_dio_loads_from_a_folder_of_the_same_format(mote_folder: Path, tmp_path: Path) -> None:
    dio = hero_spec("dio")
    model = AutoModelForCausalLM.from_pretrained(mote_folder, dtype=torch.bfloat16)
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(mote_folder).save_pretrained(tmp_path)
    config = RealmConfig(**{"hero": {"name": "dio", "base_model": str(tmp_path)}})
    assert starting_weights(dio, config, tmp_path / "unused") == str(tmp_path)
    loaded = open_hero(dio, tmp_path)
    wanted = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {wanted}


@pytest.mark.parametrize("source", ["/nowhere/at/all", "nobody/no-such-model"])
def test_a_missing_model_says_what_was_tried(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HeroError) as error:
        open_hero(hero_spec("dio"), source)
    assert source in str(error.value)
    assert "hero.base_model" in error.value.remedy


def test_a_pretrained_hero_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(HeroError, match="pretrained"):
        build_hero(hero_spec("dio"), tmp_path / "dio", 1, 128)


def test_an_empty_hero_takes_weights(hero: Hero, mote_folder: Path) -> None:
    shell = empty_hero(mote_folder, torch.float32, torch.device("cpu"))
    arrays = {name: p.detach().cpu().numpy() for name, p in hero.model.named_parameters()}
    load_weights(shell, arrays)
    for (_, ours), (_, theirs) in zip(shell.model.named_parameters(), hero.model.named_parameters(), strict=True):
        assert torch.equal(ours, theirs.cpu())
    with pytest.raises(KeyError):
        load_weights(shell, {"nothing": np.zeros(1)})


def test_batched_generation_says_what_one_by_one_says(hero: Hero) -> None:
    """Left padding and rows that leave the batch must not change an answer."""
    prompts = [
        problem.prompt for level in (1, 5, 12) for problem in get_engine().get("bin").generate(level, 4, 1, "eval")
    ]
    expected = []
    for prompt in prompts:
        ids = torch.tensor([chat_ids(hero.tokenizer, [{"role": "user", "content": prompt}])])
        out = hero.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False)
        expected.append(hero.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))
    assert generate(hero, prompts, 24) == expected
    assert generate(hero, [], 24) == []


def test_an_evaluation_grades_the_problems_it_asked(hero: Hero) -> None:
    skill = get_engine().get("bin")
    result = evaluate(hero, skill, 10, 20, seed=4, fold=1)
    asked = skill.generate(10, 20, 4, "eval", fold=1)
    assert [answer.problem for answer in result.answers] == asked
    assert result.n == 20
    assert [answer.grade for answer in result.answers] == [skill.grade(a.problem, a.text) for a in result.answers]
    assert set(result.primitives) == {p for problem in asked for p in problem.primitives}
    assert ask(hero, skill, asked).correct == result.correct


def test_the_exam_weighs_levels_alike(hero: Hero) -> None:
    skills = [get_engine().get("bin")]
    panel = exam_panel(skills)
    result = take_exam(hero, skills, panel)
    assert result.n == len(panel) == sum(4 * skill.max_level for skill in skills)
    assert set(result.by_level["bin"]) == set(range(1, 31))
    assert {n for n, _ in result.by_level["bin"].values()} == {4}
    accuracies = [correct / n for n, correct in result.by_level["bin"].values()]
    assert result.by_skill["bin"] == pytest.approx(np.mean(accuracies))
    assert result.exam_accuracy == pytest.approx(np.mean(list(result.by_skill.values())))


def test_an_untrained_hero_has_the_loss_of_a_guess(hero: Hero) -> None:
    problems = validation_set([get_engine().get("bin")])
    assert {problem.level for problem in problems} == set(range(1, 31))
    assert validation_loss(hero, problems) == pytest.approx(np.log(len(hero.tokenizer)), rel=0.15)
