"""What one request may cost: the size of its body, and the work that runs beside the event loop.

It does not know what the routes behind it do.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realm.errors import RequestError
from serve.problems import BusyError, problem

T = TypeVar("T")
DIGITS = 18
"""A length of more is too long, whatever it says."""


class BodyLimit:
    """Refuses a request whose body is over `limit` bytes (413), at once where its length is declared.

    FastAPI's own `max_body_size` answers in plain text.
    """

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and (len(declared) > DIGITS or int(declared) > self.limit):
            refusal = problem(413, "Too large", self._said(), remedy="Send less at a time.")
            await refusal(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise HTTPException(413, self._said())
            return message

        await self.app(scope, counted, send)

    def _said(self) -> str:
        return f"The body is over {self.limit:,} bytes."


class Workbench:
    """Runs work one after another in a thread, for all apps of a process; what would wait behind too much is refused.

    Problems are made by code that Python's lock lets run one at a time anyway, and by libraries that seed generators
    which the process has only one of.
    """

    def __init__(self, places: int = 32) -> None:
        self._thread = ThreadPoolExecutor(1, "workbench")
        self._places = threading.BoundedSemaphore(places)

    async def do(self, work: Callable[[], T]) -> T:
        """What `work()` returns.

        Raises:
            BusyError: every place is taken.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many requests wait for their turn.", "Ask again in a moment.")
        future = self._thread.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)


def deadline(seconds: float) -> Callable[[], None]:
    """A function that raises once `seconds` have gone by from now.

    Raises:
        RequestError: they have.
    """
    end = time.monotonic() + seconds

    def watch() -> None:
        if time.monotonic() > end:
            raise RequestError(f"That takes longer than {seconds:g} s.", "Ask for fewer at a time.")

    return watch
