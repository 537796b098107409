"""Long-lived Ray actors: thin. Each is a plain class over `realm.*`, made remote where it is spawned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.client import Realm, ask_vault_first, connect, get_ledger

__all__ = ["Realm", "ask_vault_first", "connect", "get_ledger"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from actors import client

        return getattr(client, name)
    raise AttributeError(name)
