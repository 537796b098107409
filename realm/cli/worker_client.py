"""The realm over HTTP, for a worker outside its cluster: requests that are tried again, and errors as the realm's own.

Knows the API's routes and no job in particular.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx

import realm
from realm import errors
from realm.errors import ClusterError, ConfigError, NotFoundError, RealmError

TRIES = 6
BACKOFF_S = 0.5
BACKOFF_MAX_S = 15.0
TIMEOUT_S = 60.0
AGAIN = (429, 502, 503, 504)
"""Statuses after which the same request may succeed."""
KIND = "urn:realm:"


class RealmClient:
    """A connection to the API of a realm at `server`. The token never appears in what it says."""

    def __init__(self, server: str, token: str | None, tries: int = TRIES) -> None:
        self.server = server.rstrip("/")
        self.tries = tries
        headers = {"User-Agent": f"realm-worker/{realm.__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self.http = httpx.Client(base_url=self.server, headers=headers, timeout=TIMEOUT_S, follow_redirects=False)
        except (httpx.InvalidURL, ValueError) as error:
            raise ConfigError(f"{server!r} is no URL: {error}.", "Give one such as http://10.0.0.2:8767.") from None
        if self.http.base_url.scheme not in ("http", "https") or not self.http.base_url.host:
            raise ConfigError(f"{server!r} is no URL of a server.", "Give one such as http://10.0.0.2:8767.")
        self.random = Random()

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return _json_of(self._answer("GET", path))

    def post(self, path: str, body: dict[str, Any], timeout_s: float = TIMEOUT_S) -> Any:
        """The JSON of a POST. It is sent again when no answer comes: only for what may happen twice."""
        return _json_of(self._answer("POST", path, json=body, timeout=timeout_s))

    def data(self, path: str) -> bytes:
        """The bytes of a GET."""
        return self._answer("GET", path).content

    @contextmanager
    def stream(self, path: str, offset: int) -> Iterator[httpx.Response]:
        """The answer to a GET of the bytes from `offset` on, not read yet: 206, or 200 with all of them.

        Raises:
            ClusterError: no connection, or it broke.
        """
        # Ranges are of the bytes as they are sent.
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={offset}-"} if offset else {})}
        try:
            with self.http.stream("GET", path, headers=headers) as answer:
                if answer.status_code not in (200, 206, 416):
                    answer.read()
                    raise self._refusal(answer)
                yield answer
        except httpx.TransportError as error:
            raise self._unreachable(error) from None

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        for attempt in range(1, self.tries + 1):
            try:
                answer = self.http.request(method, path, **more)
            except httpx.TransportError as error:
                if attempt == self.tries:
                    raise self._unreachable(error) from None
                self._pause(attempt, 0.0)
                continue
            if answer.is_success:
                return answer
            if answer.status_code not in AGAIN or attempt == self.tries:
                raise self._refusal(answer)
            self._pause(attempt, _seconds(answer.headers.get("retry-after")))
        raise AssertionError("unreachable")

    def _pause(self, attempt: int, asked_s: float) -> None:
        longest = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (attempt - 1))
        time.sleep(min(BACKOFF_MAX_S, max(asked_s, longest * (0.5 + 0.5 * self.random.random()))))

    def _unreachable(self, error: httpx.TransportError) -> ClusterError:
        reason = str(error) or type(error).__name__
        return ClusterError(
            f"The realm at {self.server} does not answer: {reason}.",
            "Check the URL, that the realm runs there (realm status) and that web.host lets this machine in.",
        )

    def _refusal(self, answer: httpx.Response) -> RealmError:
        """An answer that is an error as the error that it was in the realm."""
        try:
            problem = json.loads(answer.content)
        except ValueError:
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        detail = str(problem.get("detail") or answer.reason_phrase)
        remedy = str(problem.get("remedy") or "")
        where = f"The realm at {self.server}"
        if answer.status_code == 401:
            return ConfigError(
                f"{where} refuses the token.", "Give web.token of that realm: --token or REALM_WEB__TOKEN."
            )
        if answer.status_code in (403, 421):
            return ConfigError(f"{where} refuses this worker: {detail}", remedy)
        found = getattr(errors, str(problem.get("type", "")).removeprefix(KIND), None)
        if isinstance(found, type) and issubclass(found, RealmError):
            return found(detail, remedy)
        if answer.status_code == 404:
            return NotFoundError(f"{where} has no {answer.request.url.path}: {detail}", remedy)
        return ClusterError(f"{where} answered {answer.status_code} to {answer.request.url.path}: {detail}", remedy)


def _json_of(answer: httpx.Response) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError:
        raise ClusterError(
            f"{answer.request.url} did not answer with JSON.", "Is this the Vault API of a realm (port 8767)?"
        ) from None


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0
