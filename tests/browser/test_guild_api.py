"""The Guild's HTTP API: what it refuses and why, and that reading changes nothing."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from guild_fixture import serving
from guild_page import Serve


def ask(url: str, body: Any = None) -> tuple[int, Any, str]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as answer:
            return answer.status, json.load(answer), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers["Content-Type"]


def test_the_api_refuses_what_makes_no_sense_and_says_why(serve: Serve) -> None:
    double, url = serve("busy")
    refused = {
        ("strategy", '{"strategy": "best"}'): (400, "strategy"),
        ("strategy", '{"strategy": "focus"}'): (400, "names a skill"),
        ("strategy", '{"strategy": "equal", "focus": "bin"}'): (400, "names a skill"),
        ("preset", '{"preset": "rush"}'): (404, "rush"),
        ("preset", "{}"): (400, "preset"),
        ("skills/bin", "{}"): (400, "enabled, priority"),
        ("skills/bin", '{"priority": 0}'): (400, "greater than or equal to 1"),
        ("skills/bin", '{"priority": 10}'): (400, "less than or equal to 9"),
        ("skills/bin", '{"priority": true}'): (400, "priority"),
        ("skills/bin", '{"enabled": 1}'): (400, "enabled"),
        ("skills/bin", '{"colour": "red"}'): (400, "colour"),
        ("skills/nope", '{"priority": 3}'): (404, "nope"),
        ("skills/nope/evaluate", "{}"): (404, "nope"),
        ("skills/bin/evaluate", '{"level": 0}'): (400, "level"),
        ("skills/bin/spar", '{"count": 0}'): (400, "count"),
        ("skills/bin/spar", '{"count": -1}'): (400, "count"),
        ("skills/bin/spar", '{"count": 1000000000}'): (400, "count"),
        ("skills/bin/spar", '{"count": "9"}'): (400, "count"),
        ("skills/bin/spar", "{}"): (400, "count"),
        ("passives/run", '{"mode": "all"}'): (400, "mode"),
    }
    for (path, body), (status, words) in refused.items():
        got, problem, kind = ask(f"{url}/api/guild/{path}", json.loads(body))
        assert (got, kind) == (status, "application/problem+json"), (path, body, problem)
        assert words in problem["detail"], (path, body, problem)
        assert problem["remedy"]
    for path in ("skills/bin?level=0", "skills/bin?level=31", "skills/nope", "jobs/nope"):
        got, problem, kind = ask(f"{url}/api/guild/{path}")
        assert got in (400, 404), path
        assert kind == "application/problem+json"
        assert problem["detail"]
    assert [call for call in double.calls if call[0] not in ("preset", "skill", "evaluate")] == []


def test_reading_changes_nothing(serve: Serve) -> None:
    double, url = serve("busy")
    double.holds_jobs = True
    assert ask(f"{url}/api/guild/skills/bin/evaluate", {})[0] == 200
    first, calls = ask(f"{url}/api/guild"), list(double.calls)
    for path in ("skills/bin", "skills/bin?level=3", "jobs/job-1"):
        assert ask(f"{url}/api/guild/{path}")[0] == 200, path
    for path in ("strategy", "preset", "skills/bin/evaluate", "skills/bin/spar", "passives/run", "jobs/job-1/cancel"):
        assert ask(f"{url}/api/guild/{path}")[0] in (404, 405), path
    with serving(double) as other:  # it has kept no answer
        assert ask(f"{other}/api/guild") == first
    assert double.calls == calls
