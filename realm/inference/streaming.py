"""An answer under way, for whoever waits for it: in a thread or in asyncio. Knows no model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from realm.errors import DeadlineError, RealmError
from realm.inference.requests import Completion, GenerationRequest, Piece


class Generation:
    """What `Engine.submit` gives. Iterate for pieces, with `for` or `async for`, from the first one on; or wait for the
    completion. Who leaves the iteration before its end cancels the request.

    Nothing here holds up the engine: pieces wait until they are taken, no more of them than max_tokens.
    """

    def __init__(self, request: GenerationRequest, ending: Callable[[], None]) -> None:
        """`ending` is called once, before anybody learns that it has ended."""
        self.request = request
        self._ending = ending
        self.cancelled = False
        self._changed = threading.Condition()
        self._pieces: list[Piece] = []
        self._completion: Completion | None = None
        self._error: RealmError | None = None
        self._wakers: list[Callable[[], object]] = []

    # For the consumer

    @property
    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._completion is not None or self._error is not None

    def cancel(self) -> None:
        """Stop before the next token. Without effect on one that has ended."""
        self.cancelled = self.cancelled or not self.done

    def result(self, timeout_s: float | None = None) -> Completion:
        """Wait for the end.

        Raises:
            DeadlineError: not ended within `timeout_s`, and it goes on; or the request's own time was up.
            CancelledError: it was cancelled.
            GenerationError: a step failed, or the engine was closed.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.done, timeout_s):
                raise DeadlineError(f"The generation has not ended within {timeout_s} s.", "Wait longer.")
        return self._outcome()

    async def completion(self) -> Completion:
        """Wait for the end in asyncio. Raises as `result`; a task that is cancelled here cancels the request."""
        async for _ in self:
            pass
        return self._outcome()

    def __iter__(self) -> Iterator[Piece]:
        at = 0
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: len(self._pieces) > at or self.done)
                yield from self._pieces[at : (at := len(self._pieces))]
                if self.done and at == len(self._pieces):
                    self._outcome()
                    return
        finally:
            self.cancel()

    async def __aiter__(self) -> AsyncIterator[Piece]:
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            # One that is set and not yet cleared is read after this.
            if not event.is_set():
                loop.call_soon_threadsafe(event.set)

        with self._changed:
            self._wakers.append(wake)
        at = 0
        try:
            while True:
                event.clear()
                done, fresh = self.done, self._pieces[at:]
                at += len(fresh)
                for piece in fresh:
                    yield piece
                if done:
                    self._outcome()
                    return
                await event.wait()
        finally:
            self.cancel()
            with self._changed:
                self._wakers.remove(wake)

    def _outcome(self) -> Completion:
        if self._error is not None:
            raise self._error
        assert self._completion is not None, "asked before the end"
        return self._completion

    # For the engine

    def piece(self, piece: Piece) -> None:
        with self._changed:
            self._pieces.append(piece)
            self._tell()

    def end(self, completion: Completion) -> None:
        self._ending()
        with self._changed:
            if not self.request.stream:
                self._pieces.append(Piece(completion.text, completion.tokens))
            self._completion = completion
            self._tell()

    def fail(self, error: RealmError) -> None:
        self._ending()
        with self._changed:
            self._error = error
            self._tell()

    def _tell(self) -> None:
        self._changed.notify_all()
        for wake in self._wakers:
            try:
                wake()
            except RuntimeError:
                # The event loop is closed, and with it whoever waited there is gone.
                self.cancel()
