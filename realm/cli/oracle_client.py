"""The Oracle over HTTP, for commands: its own routes, and answers as they are written. Knows no terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from realm.errors import ClusterError, RealmError, RequestError

CONNECT_S = 5.0
ANSWER_S = 900.0
"""A process with torch and a large checkpoint, from another host, has to come up first."""


class OracleClient:
    """`url` as `get_service_url("inference")` gives it."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
        self._client = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False)

    def get(self, path: str) -> Any:
        return self._answer(lambda: self._client.get(path))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._answer(lambda: self._client.post(path, json=body))

    def chat(self, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The chunks of a streamed chat completion. Leaving the iteration ends the answer.

        Raises:
            RequestError: it was refused, or ended with an error; in the server's words.
            ClusterError: nobody answers.
        """
        try:
            with self._client.stream("POST", "/v1/chat/completions", json={**asked, "stream": True}) as answer:
                if answer.status_code >= 300:
                    answer.read()
                    raise _refusal(answer)
                for line in answer.iter_lines():
                    data = line.removeprefix("data: ")
                    if not line or data == "[DONE]":
                        continue
                    chunk = json.loads(data)
                    if "error" in chunk:
                        raise RequestError(chunk["error"]["message"])
                    yield chunk
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    def _answer(self, ask: Any) -> Any:
        try:
            answer: httpx.Response = ask()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        if answer.status_code >= 300:
            raise _refusal(answer)
        return answer.json()

    def _unreachable(self, error: httpx.HTTPError) -> ClusterError:
        reason = str(error) or type(error).__name__
        return ClusterError(
            f"The Oracle at {self.url} does not answer: {reason}.", "Is the realm started? realm status"
        )


def _refusal(answer: httpx.Response) -> RealmError:
    """What the server says, in either shape of its errors."""
    try:
        told = answer.json()
    except ValueError:
        return RequestError(f"The Oracle answers {answer.status_code}.")
    if "error" in told:
        return RequestError(told["error"]["message"])
    return RequestError(str(told.get("detail", answer.status_code)), str(told.get("remedy", "")))
