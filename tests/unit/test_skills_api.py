"""The skills' APIs over their real skills: what they give, what they grade, and what they refuse."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings

from realm.errors import RequestError
from serve import skills_api
from serve.limits import Workbench, deadline
from serve.problems import BusyError
from serve.skills_models import MAX_SEED, ProblemModel
from skills import Problem, get_engine
from skills.batch_id import BatchId

ENGINE = get_engine()
HOPELESS = "I do not know"


def app_of(skill_id: str, **more: Any) -> Any:
    return skills_api.create_app(
        ENGINE, ENGINE.get(skill_id), {"bin": 8090, "sy": 8080}, version="1.2.3", allowed_hosts={"testserver"}, **more
    )


@pytest.fixture(scope="module")
def bin_api() -> Iterator[TestClient]:
    with TestClient(app_of("bin"), raise_server_exceptions=False) as client:
        yield client


def got(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def posted(client: TestClient, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def right_answers(skill_id: str, batch_id: str) -> list[str]:
    batch = BatchId.parse(batch_id)
    made = ENGINE.get(skill_id).generate(batch.level, batch.count, batch.seed, "eval")
    return [problem.response for problem in made]


def test_the_facts_are_those_of_the_yaml(bin_api: TestClient) -> None:
    skill = ENGINE.get("bin")
    assert got(bin_api, "/health") == {"service": "skill-api-bin", "healthy": True, "version": "1.2.3"}
    info = got(bin_api, "/info")
    for name in ("id", "name", "version", "description", "category", "max_level", "passive", "fingerprint"):
        assert info[name] == getattr(skill, name)
    assert info["evaluation"] == {"count": skill.evaluation.count, "threshold": skill.evaluation.threshold}
    assert info["primitives"] == list(skill.primitives)
    ladder = got(bin_api, "/levels")["levels"]
    assert [each["level"] for each in ladder] == list(range(1, skill.max_level + 1))
    for each in ladder:
        level = skill.level(each["level"])
        assert (each["title"], each["memorizable"]) == (level.title, level.memorizable)
        assert (each["max_response_chars"], each["primitives"]) == (level.max_response_chars, list(level.primitives))


def test_every_skill_is_listed_and_served_under_its_id(bin_api: TestClient) -> None:
    listed = got(bin_api, "/skills")["skills"]
    assert [each["id"] for each in listed] == [skill.id for skill in ENGINE.list_skills()]
    assert {each["id"]: each["port"] for each in listed if each["port"]} == {"bin": 8090, "sy": 8080}
    for each in listed:
        info = got(bin_api, f"{each['path']}/info")
        assert info["id"] == each["id"]
        assert got(bin_api, info["links"]["levels"])["skill_id"] == each["id"]
    for skill_id in ("bin", "sy"):
        assert got(bin_api, f"/skills/{skill_id}/eval", level=1, count=1)["skill_id"] == skill_id
    assert got(bin_api, "/skills/bin/eval", level=3, seed=5) == got(bin_api, "/eval", level=3, seed=5)


@pytest.mark.parametrize("skill_id", ["bin", "sy"])
def test_perfect_answers_are_all_right_and_hopeless_ones_all_wrong(bin_api: TestClient, skill_id: str) -> None:
    at = f"/skills/{skill_id}"
    for level in (1, ENGINE.get(skill_id).max_level // 2, ENGINE.get(skill_id).max_level):
        batch = got(bin_api, f"{at}/eval", level=level, count=20, seed=3)
        perfect = {"batch_id": batch["batch_id"], "answers": right_answers(skill_id, batch["batch_id"])}
        graded = posted(bin_api, f"{at}/grade", perfect)
        assert (graded["n"], graded["correct"], graded["accuracy"]) == (20, 20, 1.0)
        assert graded["batch_id"] == batch["batch_id"]
        hopeless = posted(bin_api, f"{at}/grade", {**perfect, "answers": [HOPELESS] * 20})
        assert (hopeless["correct"], hopeless["accuracy"]) == (0, 0.0)
        made = posted(bin_api, f"{at}/generate", {"level": level, "count": 20, "seed": 3})["problems"]
        answers = [f"<think>{each['working']}</think>{each['answer']}" for each in made]
        assert posted(bin_api, f"{at}/grade", {"problems": made, "answers": answers})["correct"] == 20
        assert posted(bin_api, f"{at}/grade", {"problems": made, "answers": [""] * 20})["correct"] == 0


def test_a_grade_says_what_was_found_and_counts_by_primitive(bin_api: TestClient) -> None:
    batch = got(bin_api, "/eval", level=8, count=30)
    answers = right_answers("bin", batch["batch_id"])
    expected = [answer.rpartition("</think>")[2] for answer in answers]
    answers[4] = f"<think>no</think> {HOPELESS} "
    graded = posted(bin_api, "/grade", {"batch_id": batch["batch_id"], "answers": answers})
    assert [each["expected"] for each in graded["results"]] == expected
    assert [each["correct"] for each in graded["results"]] == [index != 4 for index in range(30)]
    assert (graded["results"][4]["extracted"], graded["results"][4]["reason"]) == (HOPELESS, "Not the expected answer.")
    asked = [name for each in batch["problems"] for name in each["primitives"]]
    assert {name: each["attempts"] for name, each in graded["primitives"].items()} == {
        name: asked.count(name) for name in set(asked)
    }
    missed = batch["problems"][4]["primitives"]
    for name, each in graded["primitives"].items():
        assert each["attempts"] - each["correct"] == missed.count(name)


def test_a_batch_says_no_answers(bin_api: TestClient) -> None:
    batch = got(bin_api, "/skills/sy/eval", level=10)
    assert len(batch["problems"]) == ENGINE.get("sy").evaluation.count
    assert {name for each in batch["problems"] for name in each} == {"index", "prompt", "primitives"}


def test_the_same_seed_gives_the_same_problems_and_a_larger_count_adds_to_them(bin_api: TestClient) -> None:
    few = posted(bin_api, "/generate", {"level": 12, "count": 5, "seed": MAX_SEED})
    many = posted(bin_api, "/generate", {"level": 12, "count": 9, "seed": MAX_SEED})
    assert many["problems"][:5] == few["problems"]
    assert posted(bin_api, "/generate", {"level": 12, "count": 5, "seed": 1})["problems"] != few["problems"]
    batch = got(bin_api, "/eval", level=12, count=5, seed=9)
    assert got(bin_api, "/eval", level=12, count=5, seed=9) == batch
    assert got(bin_api, "/eval", level=12, count=6, seed=9)["problems"][:5] == batch["problems"]


def test_what_is_generated_is_never_asked(bin_api: TestClient) -> None:
    generated = posted(bin_api, "/generate", {"level": 14, "count": 1000})["problems"]
    asked = got(bin_api, "/eval", level=14, count=300)["problems"]
    assert not {each["prompt"] for each in generated} & {each["prompt"] for each in asked}


def test_a_batch_of_the_engine_is_graded_too(bin_api: TestClient) -> None:
    batch = ENGINE.generate_eval_batch("bin", 19, 12, seed=4, fold=2, symbols=True)
    answers = [problem.response for problem in batch.problems]
    assert posted(bin_api, "/grade", {"batch_id": batch.id, "answers": answers})["correct"] == 12
    assert BatchId.parse(batch.id).fold == 2


def test_a_batch_of_a_skill_that_has_changed_is_refused(bin_api: TestClient) -> None:
    batch = ENGINE.generate_eval_batch("bin", 2, 3)
    said = BatchId.parse(batch.id)
    other_yaml = str(BatchId(**{**vars_of(said), "fingerprint": "0" * 8}))
    other_code = str(BatchId(**{**vars_of(said), "problems": "0" * 16}))
    for batch_id, words in ((other_yaml, "fingerprint"), (other_code, "no longer the ones")):
        refused = bin_api.post("/grade", json={"batch_id": batch_id, "answers": ["①"] * 3})
        assert refused.status_code == 409
        assert words in refused.json()["detail"]
        assert refused.json()["remedy"] == "Ask for a new batch."


def vars_of(batch: BatchId) -> dict[str, Any]:
    return {field.name: getattr(batch, field.name) for field in fields(batch)}


BATCH = ENGINE.generate_eval_batch("bin", 2, 3).id
PROBLEM = {
    **{"skill_id": "bin", "level": 1, "seed": 0, "index": 0, "prompt": "p", "answer": "①", "working": ""},
    **{"primitives": [], "key": "k", "extra": ""},
}
TAMPERED = [
    BATCH.replace("-2-3-0-", "-2-2-0-"),
    BATCH.replace("-2-3-0-", "-3-3-0-"),
    BATCH.replace("-2-3-0-", "-02-3-0-"),
    BATCH[:-1],
    "",
    "no id at all",
]


@pytest.mark.parametrize(
    ("status", "path", "said"),
    [
        (404, "/eval?level=0", "1 to 30"),
        (404, "/eval?level=31", "1 to 30"),
        (404, "/eval?level=-1", "1 to 30"),
        (404, "/skills/sy/eval?level=51", "1 to 50"),
        (404, "/skills/none/info", "The skills are: bin, "),
        (404, "/skills/none/eval?level=1", "'none'"),
        (404, "/nowhere", "Not Found"),
        (400, "/eval", "level"),
        (400, "/eval?level=one", "level"),
        (400, "/eval?level=1&count=0", "count"),
        (400, "/eval?level=1&count=1001", "count"),
        (400, "/eval?level=1&count=1000000000", "count"),
        (400, "/eval?level=1&seed=-1", "seed"),
        (400, f"/eval?level=1&seed={MAX_SEED + 1}", "seed"),
        (409, "/eval?level=11&count=1000", "Ask for fewer"),
        (405, "/generate", "Method Not Allowed"),
    ],
)
def test_a_wrong_get_is_a_problem_that_says_so(bin_api: TestClient, status: int, path: str, said: str) -> None:
    assert_problem(bin_api.get(path), status, said)


@pytest.mark.parametrize(
    ("status", "path", "body", "said"),
    [
        (404, "/generate", {"level": 31}, "1 to 30"),
        (400, "/generate", {"level": True}, "level"),
        (400, "/generate", {"level": "1"}, "level"),
        (400, "/generate", {"level": 1, "count": 0}, "count"),
        (400, "/generate", {"level": 1, "count": 10**9}, "count"),
        (400, "/generate", {"level": 1, "seed": -1}, "seed"),
        (400, "/generate", {"level": 1, "split": "eval"}, "split"),
        (400, "/generate", {}, "level"),
        (400, "/generate", None, "body"),
        *((400, "/grade", {"batch_id": each, "answers": ["①"] * 3}, "not the id of a batch") for each in TAMPERED),
        (400, "/grade", {"batch_id": BATCH, "answers": ["①"] * 2}, "3 problems, 2 answers"),
        (400, "/grade", {"batch_id": BATCH, "answers": []}, "answers"),
        (400, "/grade", {"batch_id": BATCH, "answers": ["x" * 20_001]}, "answers.0"),
        (400, "/grade", {"batch_id": BATCH, "answers": ["x"] * 1001}, "answers"),
        (400, "/grade", {"batch_id": BATCH, "problems": [PROBLEM], "answers": ["①"]}, "batch_id"),
        (400, "/grade", {"answers": ["①"]}, "batch_id"),
        (400, "/skills/sy/grade", {"batch_id": BATCH, "answers": ["①"] * 3}, "of skill 'bin'"),
        (400, "/skills/sy/grade", {"problems": [PROBLEM], "answers": ["①"]}, "of skill 'bin'"),
        (400, "/grade", {"problems": [PROBLEM], "answers": ["①", "①"]}, "1 problems, 2 answers"),
        (404, "/grade", {"problems": [{**PROBLEM, "level": 31}], "answers": ["①"]}, "1 to 30"),
        (400, "/grade", {"problems": [{**PROBLEM, "hint": ""}], "answers": ["①"]}, "hint"),
        (400, "/grade", {"problems": [{**PROBLEM, "\ud800": ""}], "answers": ["①"]}, "valid string"),
        (400, "/grade", {"batch_id": BATCH, "answers": ["\ud800"] * 3}, "answers.0"),
    ],
)  # fmt: skip
def test_a_wrong_post_is_a_problem_that_says_so(
    bin_api: TestClient, status: int, path: str, body: Any, said: str
) -> None:
    answer = bin_api.post(path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    assert_problem(answer, status, said)


def assert_problem(answer: Any, status: int, said: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = json.loads(answer.content)
    assert problem["status"] == status
    assert said in f"{problem['detail']} {problem['remedy']}"


def test_a_forged_count_is_refused_before_anything_is_made(bin_api: TestClient) -> None:
    forged = str(BatchId(**{**vars_of(BatchId.parse(BATCH)), "count": 10**8}))
    assert_problem(bin_api.post("/grade", json={"batch_id": forged, "answers": ["①"]}), 400, "100000000 problems")


@pytest.mark.parametrize("body", [b"", b"{", b"[[" * 100_000, b"\xff", b'{"level": 1e999}', b"9" * 10_000])
def test_a_body_that_is_no_json_is_refused(bin_api: TestClient, body: bytes) -> None:
    answer = bin_api.post("/generate", content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_over_the_limit_is_refused(bin_api: TestClient, streamed: bool) -> None:
    chunk = b" " * 1_000_000
    content: Any = (chunk for _ in range(5)) if streamed else chunk * 5
    answer = bin_api.post("/grade", content=content, headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "4,000,000 bytes")


def test_nested_and_endless_answers_are_wrong_and_nothing_else(bin_api: TestClient) -> None:
    made = posted(bin_api, "/skills/sy/generate", {"level": 30, "count": 40})["problems"]
    for text in ("[" * 20_000, '{"answers": ' * 1_000, "9" * 20_000, "<think>" * 2_000, "\x00", "\n" * 20_000):
        graded = posted(bin_api, "/skills/sy/grade", {"problems": made, "answers": [text] * 40})
        assert graded["correct"] == 0


def test_only_the_realms_own_pages_and_holders_of_the_token_may_ask() -> None:
    client = TestClient(app_of("sy", token="correct-horse-battery"))
    assert_problem(client.get("/health"), 401, "token")
    bearer = {"Authorization": "Bearer correct-horse-battery"}
    assert client.get("/health", headers=bearer).status_code == 200
    assert_problem(client.get("/health", headers={**bearer, "Host": "evil.example"}), 421, "evil.example")
    foreign = {**bearer, "Origin": "http://evil.example"}
    assert_problem(client.post("/generate", json={"level": 1}, headers=foreign), 403, "evil.example")


def test_problems_that_take_too_long_are_given_up(monkeypatch: pytest.MonkeyPatch, bin_api: TestClient) -> None:
    monkeypatch.setattr(skills_api, "MAKING_S", -1.0)
    assert_problem(bin_api.get("/eval?level=1"), 400, "Ask for fewer")


def test_a_deadline_is_from_now_on() -> None:
    deadline(60)()
    with pytest.raises(RequestError, match="longer than -1 s"):
        deadline(-1)()


def test_what_would_wait_too_long_is_refused() -> None:
    async def crowd() -> list[int]:
        bench, gate = Workbench(places=2), threading.Event()
        waiting = [asyncio.ensure_future(bench.do(lambda: int(gate.wait(30)))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await bench.do(lambda: 0)
        gate.set()
        return [*await asyncio.gather(*waiting), await bench.do(lambda: 2)]

    # In a thread of its own: the browser's tests leave an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, crowd()).result() == [1, 1, 2]


def test_a_problem_travels_with_all_its_fields() -> None:
    assert [field.name for field in fields(Problem)] == list(ProblemModel.model_fields)


def test_the_openapi_document_is_complete(bin_api: TestClient) -> None:
    document = got(bin_api, "/openapi.json")
    for path in ("/health", "/info", "/levels", "/generate", "/eval", "/grade"):
        assert {path, f"/skills/{{skill_id}}{path}"} <= document["paths"].keys()
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert operation["tags"]
        for status, answer in operation["responses"].items():
            assert list(answer["content"]) == ["application/json" if status == "200" else "application/problem+json"]
    schemas = document["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert used == set(schemas)


def test_the_documented_example_of_a_grade_is_graded(bin_api: TestClient) -> None:
    schemas = got(bin_api, "/openapi.json")["components"]["schemas"]
    body = {name: field["examples"][0] for name, field in schemas["BatchAnswers"]["properties"].items()}
    batch = BatchId.parse(body["batch_id"])
    same = got(bin_api, "/eval", level=batch.level, count=batch.count, seed=batch.seed)
    assert body["batch_id"] == same["batch_id"] == schemas["EvalBatchModel"]["properties"]["batch_id"]["examples"][0]
    for path in ("/grade", f"/skills/{batch.skill_id}/grade"):
        assert posted(bin_api, path, body)["n"] == batch.count == len(body["answers"])


SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", app_of("bin"))
# What the schema cannot say: a body has a limit as a whole.
SCHEMA.config.checks.negative_data_rejection.expected_statuses.append("413")


@SCHEMA.parametrize()
@settings(max_examples=20, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_the_api_keeps_to_its_openapi_document(case: Any) -> None:
    # A level, a skill's id, as many answers as problems: these rules are not in the schema.
    case.call_and_validate(excluded_checks=[schemathesis.checks.positive_data_acceptance])
