"""Sends one message to one apprise URL. Knows no event, no pace and no database.

apprise is imported with the first message: a realm that notifies nobody does without it.
"""

from __future__ import annotations

import logging
from typing import Any

from realm.rules.notices import redacted, scrubbed

APP = "Realm of Training"


def send(url: str, title: str, body: str) -> str | None:
    """Send a message; None when it was taken, else why it was not, without the URL's secrets."""
    import apprise

    logger = logging.getLogger("apprise")
    logger.propagate = False  # its lines may hold parts of the URL
    asset = apprise.AppriseAsset(app_id=APP, app_desc=APP)
    lines: Any
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as lines:
        try:
            service: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
            if service is None:
                return f"{redacted(url)} is no URL that apprise knows."
            if service.notify(body=body, title=title):
                return None
        except Exception as error:  # noqa: BLE001 - a service of apprise may raise anything; it is told as the reason
            return scrubbed(f"{type(error).__name__}: {error}", url)
        said = [line.strip() for line in lines.getvalue().splitlines() if line.strip()]
    return scrubbed(said[-1], url) if said else "It was not taken; apprise gives no reason."
