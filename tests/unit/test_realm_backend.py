"""The API's protocols against the actors that answer them: every method is there and takes what it is given."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from actors.herald import Herald
from actors.skill_engine import SkillEngine
from actors.task_master import TaskMaster
from actors.vault_keeper import VaultKeeper
from serve.asking import ask
from serve.realm_backend import RealmBooks, RealmJobs, RealmWorkers
from serve.vault_backend import BooksBackend, JobsBackend, VaultBackend, WorkerBackend

BY_NAME = ("submit", "register", "list")
"""Called with the names of their parameters, all others in their order."""


def methods(protocol: type) -> list[str]:
    return [name for name, each in vars(protocol).items() if inspect.isfunction(each) and not name.startswith("_")]


def parameters(method: Any) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(method).parameters)
    found.pop("self", None)
    return found


@pytest.mark.parametrize(
    ("protocol", "answering", "name"),
    [
        (protocol, answering, name)
        for protocol, answering in (
            (VaultBackend, VaultKeeper),
            (JobsBackend, TaskMaster),
            (BooksBackend, RealmBooks),
            (WorkerBackend, RealmWorkers),
        )
        for name in methods(protocol)
    ],
)
def test_what_is_asked_is_answered(protocol: type, answering: type, name: str) -> None:
    method = getattr(answering, name, None)
    assert method is not None, f"{answering.__name__} has no {name}"
    asked = parameters(getattr(protocol, name))
    must = [each for each, about in asked.items() if about.default is inspect.Parameter.empty]
    taken = inspect.signature(method)
    taken.bind(answering, *must)
    if name in BY_NAME:
        taken.bind(answering, **dict.fromkeys(asked))
    else:
        taken.bind(answering, *asked)


def test_no_name_of_an_actors_parameter_is_the_callers_own() -> None:
    named = {
        name
        for protocol in (VaultBackend, JobsBackend)
        for method in methods(protocol)
        for name in parameters(getattr(protocol, method))
    }
    own = [each for each in parameters(ask).values() if each.kind is inspect.Parameter.KEYWORD_ONLY]
    assert [each.name for each in own] == ["answer_s"]
    assert "answer_s" not in named


def test_the_claim_that_waits_is_the_actors_own() -> None:
    assert list(parameters(RealmJobs.claim_many)) == list(parameters(TaskMaster.claim_many))


def test_what_the_books_ask_is_there() -> None:
    assert list(parameters(SkillEngine.evaluations)) == ["campaign_id", "skill_id", "checkpoint_id", "limit", "offset"]
    assert list(parameters(Herald.events_after)) == ["seq", "limit"]
