"""How often something is sent while there is much to send. Knows no messages."""

from __future__ import annotations

import asyncio
import math
import time


class Pace:
    """One message at once when the last was long ago; else not before what is open has had its time, so that many
    share a message. Each costs about as much, however much it holds."""

    def __init__(self, each_s: float, longest_s: float) -> None:
        """`each_s` seconds apart per open question, `longest_s` at most."""
        self._each_s = each_s
        self._longest_s = longest_s
        self._last = -math.inf

    async def turn(self, questions: int) -> None:
        """Wait until the next message may go, while so many questions are open."""
        wait_s = self._last + min(self._longest_s, self._each_s * questions) - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self._last = time.monotonic()
