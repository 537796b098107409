"""Open Tavern tabs without a browser: each polls as `live.js` and `lossfeed.js` do, on a connection kept alive.

python -m benchmarks.tabs http://127.0.0.1:8888 20, until stdin closes; then one line of JSON on what was answered.
A tab asks for /api/state every 0.7 s, and for /api/loss beyond its last known step whenever the step moved; after an
exam or a level it asks for the last 1000 steps again.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks.report import p95

PERIOD_S, SHORTEST_PAUSE_S, TIMEOUT_S = 0.7, 0.25, 5.0
LATE_STEPS = 1000


@dataclass
class Tab:
    """One tab: what it shows and what it was answered."""

    url: str
    closing: threading.Event
    last_step: int = -1
    shown: int | None = None
    judged: str | None = None
    states: list[float] = field(default_factory=list[float])
    losses: list[float] = field(default_factory=list[float])
    failures: int = 0

    def run(self, delay: float) -> None:
        """Poll until `closing`."""
        self.closing.wait(delay)
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=TIMEOUT_S)
        while not self.closing.is_set():
            began = time.monotonic()
            try:
                self._poll(connection)
            except (OSError, http.client.HTTPException, ValueError):
                self.failures += 1
                connection.close()
            self.closing.wait(max(SHORTEST_PAUSE_S, PERIOD_S - (time.monotonic() - began)))
        connection.close()

    def _poll(self, connection: http.client.HTTPConnection) -> None:
        state = self._get(connection, "/api/state", self.states)
        step: int = state["campaign"]["step"]
        levels = [skill["mastered_level"] for skill in state["skills"].values()]
        judgement = json.dumps([state["battle"].get("val_loss"), levels])
        if step == self.shown and judgement == self.judged:
            return
        back = 0 if judgement == self.judged else LATE_STEPS
        loss = self._get(connection, f"/api/loss?after={max(-1, self.last_step - back)}", self.losses)
        self.last_step = max([self.last_step, *(point[0] for point in loss["points"])])
        self.shown, self.judged = step, judgement

    def _get(self, connection: http.client.HTTPConnection, path: str, took: list[float]) -> dict[str, Any]:
        began = time.monotonic()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise ValueError(f"{path}: HTTP {answer.status}")
        took.append(time.monotonic() - began)
        return json.loads(body)


def main() -> None:
    """Open the tabs, evenly over one period; close them when stdin ends."""
    url, count = sys.argv[1], int(sys.argv[2])
    closing = threading.Event()
    tabs = [Tab(url, closing) for _ in range(count)]
    threads = [threading.Thread(target=tab.run, args=(PERIOD_S * number / count,)) for number, tab in enumerate(tabs)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    closing.set()
    for thread in threads:
        thread.join()
    took = {name: [each for tab in tabs for each in getattr(tab, name)] for name in ("states", "losses")}
    answers = {name: {"n": len(times), "p95_ms": 1000 * p95(times) if times else None} for name, times in took.items()}
    print(json.dumps({**answers, "failures": sum(tab.failures for tab in tabs)}))


if __name__ == "__main__":
    main()
