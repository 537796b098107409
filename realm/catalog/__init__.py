"""Content of the game, validated: heroes. Knows nothing of models, training or Ray."""

from realm.catalog.heroes import HeroSpec, hero_spec, list_heroes

__all__ = ["HeroSpec", "hero_spec", "list_heroes"]
